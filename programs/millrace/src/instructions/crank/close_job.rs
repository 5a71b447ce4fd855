//! - Caller: any.
//! - Window: once every shard is settled, failed or cancelled.
//! - Moves: what the job still holds, from the escrow vault to a token account of the client's wallet;
//!   the rent of job and shards, to those who paid it.

use crate::account::close;
use crate::error::MillraceError;
use crate::events::{JobClosed, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::{Client, Job, ShardStore};

/// The remaining accounts are pairs: a shard to close, and the signer who paid its rent.
#[event_cpi]
#[derive(Accounts)]
pub struct CloseJob<'info> {
    #[account(
        mut,
        dup,
        has_one = owner @ MillraceError::WrongAccount,
        has_one = escrow @ MillraceError::WrongAccount,
    )]
    pub client: AccountLoader<'info, Client>,
    /// The client's wallet, which receives the job's rent.
    /// CHECK: compared with the client's owner and the job's client.
    #[account(mut)]
    pub owner: UncheckedAccount<'info>,
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The client's escrow vault.
    /// CHECK: compared by the client's `has_one`.
    #[account(mut)]
    pub escrow: UncheckedAccount<'info>,
    /// Mint of payments.
    /// CHECK: the token program compares it with the vault's.
    pub payment_mint: UncheckedAccount<'info>,
    /// A token account of the wallet.
    /// CHECK: read in `validate`.
    #[account(mut)]
    pub destination: UncheckedAccount<'info>,
    pub token_program: Interface<'info, TokenInterface>,
}

impl<'info> CloseJob<'info> {
    fn validate(&self) -> Result<()> {
        // job: CANNOT close before every shard has ended
        let job = self.job.load()?;
        require_keys_eq!(job.client, self.owner.key(), MillraceError::WrongAccount);
        require!(job.is_finished(), MillraceError::WrongJobState);

        // destination: CANNOT be an account of anyone but the wallet that posted
        let destination = TokenView::of(&self.destination, key(&self.token_program))?;
        destination.require(&self.payment_mint.key(), &self.owner.key())
    }

    /// Closes one shard account. Its rent goes to `payer`, the signer who paid it.
    fn close_shard(
        &self,
        shard: &'info AccountInfo<'info>,
        payer: &'info AccountInfo<'info>,
    ) -> Result<()> {
        let own = Some(UncheckedAccount::try_from(shard));
        let found = ShardStore::new(&self.job, &own)?.load()?;
        require_keys_eq!(found.payer, payer.key(), MillraceError::WrongAccount);
        require!(!found.is_live(), MillraceError::WrongShardState);
        let mut job = self.job.load_mut()?;
        let live = job.live.checked_sub(1);
        job.live = live.ok_or_else(|| MillraceError::InvariantBroken.into_program_error())?;
        drop(job);
        close(shard, payer)
    }
}

/// Closes the given shards. If no shard account is left, closes the job too.
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
            // CANNOT succeed without closing anything
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
        accounts.escrow.as_ref(),
        accounts.destination.as_ref(),
        accounts.client.as_ref(),
        key(&accounts.owner),
        bump,
        refund,
    )?;
    accounts.job.close_to(accounts.owner.as_ref())?;
    emit(&ctx.accounts.event_authority, &event)?;
    Ok(())
}
