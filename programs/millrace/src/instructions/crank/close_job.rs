use crate::account::close;
use crate::error::MillraceError;
use crate::events::{JobClosed, record};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::{Client, Job, ShardStore};

/// Accounts of `close_job`; after them, pairs of a shard and of who paid its rent.
#[event_cpi]
#[derive(Accounts)]
pub struct CloseJob<'info> {
    /// The client.
    #[account(
        mut,
        dup,
        has_one = owner @ MillraceError::WrongAccount,
        has_one = escrow @ MillraceError::WrongAccount,
    )]
    pub client: AccountLoader<'info, Client>,
    /// Its wallet, which the job's rent goes back to.
    /// CHECK: compared with the client's owner and the job's client.
    #[account(mut)]
    pub owner: UncheckedAccount<'info>,
    /// The job.
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The client's escrow vault.
    /// CHECK: the client's account names it, see `has_one` above.
    #[account(mut)]
    pub escrow: UncheckedAccount<'info>,
    /// Mint of payments; the token program compares it with the vault's.
    /// CHECK: as said.
    pub payment_mint: UncheckedAccount<'info>,
    /// A token account of the wallet.
    /// CHECK: read in `validate`.
    #[account(mut)]
    pub destination: UncheckedAccount<'info>,
    /// Token program.
    pub token_program: Interface<'info, TokenInterface>,
}

impl<'info> CloseJob<'info> {
    fn validate(&self) -> Result<()> {
        // job: CANNOT close while a shard is without an end
        let job = self.job.load()?;
        require_keys_eq!(job.client, self.owner.key(), MillraceError::WrongAccount);
        require!(job.is_finished(), MillraceError::WrongJobState);

        // destination: anyone may crank, and the tokens go to the wallet that posted
        let destination = TokenView::of(&self.destination, key(&self.token_program))?;
        destination.require(&self.payment_mint.key(), &self.owner.key())
    }

    /// Closes one shard account; its rent goes back to who paid it.
    fn close_shard(
        &self,
        shard: &'info AccountInfo<'info>,
        payer: &'info AccountInfo<'info>,
    ) -> Result<()> {
        let own = Some(UncheckedAccount::try_from(shard));
        let found = ShardStore::of(&self.job, &own)?.load()?;
        require_keys_eq!(found.payer, payer.key(), MillraceError::WrongAccount);
        require!(!found.is_live(), MillraceError::WrongShardState);
        let mut job = self.job.load_mut()?;
        let live = job.live.checked_sub(1);
        job.live = live.ok_or_else(|| MillraceError::InvariantBroken.into_program_error())?;
        drop(job);
        close(shard, payer)
    }
}

/// Closes the shards given and, after the last one, the job.
pub fn close_job<'info>(ctx: Context<'info, CloseJob<'info>>) -> Result<()> {
    ctx.accounts.validate()?;
    let pairs = ctx.remaining_accounts;
    require!(
        pairs.len().is_multiple_of(2),
        MillraceError::WrongListLength
    );
    for pair in pairs.chunks_exact(2) {
        ctx.accounts.close_shard(&pair[0], &pair[1])?;
    }
    let (refund, event) = {
        let mut job = ctx.accounts.job.load_mut()?;
        if job.live > 0 {
            // An empty call must not look like progress.
            require!(!pairs.is_empty(), MillraceError::WrongListLength);
            return job.invariant();
        }
        let refund = job.held()?;
        require!(job.bonded == 0, MillraceError::InvariantBroken);
        job.refund(refund)?;
        job.invariant()?;
        let event = JobClosed {
            job: ctx.accounts.job.key(),
            client: job.client,
            paid: job.paid,
            fee: job.fee,
            refunded: job.refunded,
        };
        (refund, event)
    };
    let accounts = &ctx.accounts;
    let bump = {
        let mut client = accounts.client.load_mut()?;
        client.held = money::sub(client.held, refund)?;
        let open = client.open_jobs.checked_sub(1);
        client.open_jobs =
            open.ok_or_else(|| MillraceError::InvariantBroken.into_program_error())?;
        client.bump
    };
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.payment_mint.as_ref(),
    };
    tokens.pay_from_escrow(
        (accounts.escrow.as_ref(), accounts.destination.as_ref()),
        accounts.client.as_ref(),
        (key(&accounts.owner), bump),
        refund,
    )?;
    accounts.job.close(accounts.owner.as_ref())?;
    record(&ctx.accounts.event_authority, &event)?;
    Ok(())
}
