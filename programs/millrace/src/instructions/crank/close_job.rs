use crate::error::MillraceError;
use crate::events::JobClosed;
use crate::instructions::tokens::{Transfer, belongs_to, from_escrow};
use crate::math::money;
use crate::state::{Client, Job, Shard};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};

/// Accounts of `close_job`; after them, pairs of a shard and of who paid its rent.
#[event_cpi]
#[derive(Accounts)]
pub struct CloseJob<'info> {
    /// The client.
    #[account(
        mut,
        has_one = owner @ MillraceError::WrongAccount,
        has_one = escrow @ MillraceError::WrongAccount,
    )]
    pub client: Account<'info, Client>,
    /// Its wallet, which the job's rent goes back to.
    /// CHECK: compared with the client's owner and the job's client.
    #[account(mut)]
    pub owner: UncheckedAccount<'info>,
    /// The job.
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The client's escrow vault.
    #[account(mut)]
    pub escrow: InterfaceAccount<'info, TokenAccount>,
    /// Mint of payments; the vault's.
    #[account(address = escrow.mint @ MillraceError::WrongAccount)]
    pub payment_mint: InterfaceAccount<'info, Mint>,
    /// A token account of the wallet.
    #[account(mut)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    /// Token program.
    pub token_program: Interface<'info, TokenInterface>,
}

impl CloseJob<'_> {
    fn validate(&self) -> Result<()> {
        // job: CANNOT close while a shard is without an end
        let job = self.job.load()?;
        require_keys_eq!(job.client, self.owner.key(), MillraceError::WrongAccount);
        require!(job.is_finished(), MillraceError::JobState);

        // destination: anyone may crank, and the tokens go to the wallet that posted
        let mint = self.payment_mint.key();
        let owned = belongs_to(&self.destination, &mint, &self.owner.key());
        require!(owned, MillraceError::WrongAccount);
        Ok(())
    }

    /// Closes one shard account; its rent goes back to who paid it.
    fn close_shard<'info>(
        &self,
        shard: &'info AccountInfo<'info>,
        payer: &'info AccountInfo<'info>,
    ) -> Result<()> {
        let loader = AccountLoader::<Shard>::try_from(shard)?;
        {
            let shard = loader.load()?;
            require_keys_eq!(shard.job, self.job.key(), MillraceError::WrongAccount);
            require_keys_eq!(shard.payer, payer.key(), MillraceError::WrongAccount);
            require!(!shard.is_live(), MillraceError::ShardState);
        }
        let mut job = self.job.load_mut()?;
        job.live = job
            .live
            .checked_sub(1)
            .ok_or(MillraceError::InvariantBroken)?;
        loader.close(payer.to_account_info())
    }
}

/// Closes the shards given and, after the last one, the job.
pub fn close_job<'info>(ctx: Context<'info, CloseJob<'info>>) -> Result<()> {
    ctx.accounts.validate()?;
    let pairs = ctx.remaining_accounts;
    require!(pairs.len().is_multiple_of(2), MillraceError::ListLength);
    for pair in pairs.chunks_exact(2) {
        ctx.accounts.close_shard(&pair[0], &pair[1])?;
    }
    let (refund, event) = {
        let mut job = ctx.accounts.job.load_mut()?;
        if job.live > 0 {
            // An empty call must not look like progress.
            require!(!pairs.is_empty(), MillraceError::ListLength);
            return job.invariant();
        }
        let refund = job.held;
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
    let client = &mut ctx.accounts.client;
    client.held = money::sub(client.held, refund)?;
    client.open_jobs = client
        .open_jobs
        .checked_sub(1)
        .ok_or(MillraceError::InvariantBroken)?;

    let accounts = &ctx.accounts;
    let transfer = Transfer {
        program: &accounts.token_program,
        mint: &accounts.payment_mint,
        from: accounts.escrow.to_account_info(),
        to: accounts.destination.to_account_info(),
        authority: accounts.client.to_account_info(),
    };
    from_escrow(
        transfer,
        &accounts.owner.key(),
        accounts.client.bump,
        refund,
    )?;
    accounts.job.close(accounts.owner.to_account_info())?;
    emit_cpi!(event);
    Ok(())
}
