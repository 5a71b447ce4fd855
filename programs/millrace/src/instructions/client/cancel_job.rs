use crate::error::MillraceError;
use crate::events::{JobCancelled, record};
use crate::instructions::tokens::{Money, TokenView};
use crate::math::money;
use crate::state::{Client, Job, JobState};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};

/// Accounts of `cancel_job`.
#[event_cpi]
#[derive(Accounts)]
pub struct CancelJob<'info> {
    /// The wallet that posted the job.
    pub owner: Signer<'info>,
    /// Its client account.
    #[account(
        mut,
        dup,
        has_one = owner @ MillraceError::NotAuthorized,
        has_one = escrow @ MillraceError::WrongAccount,
    )]
    pub client: Account<'info, Client>,
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

impl CancelJob<'_> {
    fn validate(&self) -> Result<()> {
        // job: CAN be cancelled by its client alone, and only what no seat has taken
        let job = self.job.load()?;
        require_keys_eq!(job.client, self.owner.key(), MillraceError::NotAuthorized);
        require!(job.state() == Some(JobState::Open), MillraceError::JobState);
        require!(job.unassigned() > 0, MillraceError::NothingToCancel);

        // destination
        let destination = TokenView::of(self.destination.as_ref(), &self.token_program)?;
        destination.require(&self.payment_mint.key(), &self.owner.key())
    }
}

/// Cancels and refunds the shards that no seat has taken.
pub fn cancel_job(ctx: Context<CancelJob>) -> Result<()> {
    ctx.accounts.validate()?;
    let (shards, refund, held_after) = {
        let mut job = ctx.accounts.job.load_mut()?;
        let shards = job.unassigned();
        let refund = money::mul(job.shard_cost()?, u64::from(shards))?;
        job.refund(refund)?;
        job.cancelled = shards;
        job.state = JobState::Cancelled as u8;
        job.invariant()?;
        (shards, refund, job.held()?)
    };
    let client = &mut ctx.accounts.client;
    client.held = money::sub(client.held, refund)?;

    let accounts = &ctx.accounts;
    let money = Money {
        program: &accounts.token_program,
        mint: accounts.payment_mint.as_ref(),
    };
    money.pay_from_escrow(
        (accounts.escrow.as_ref(), accounts.destination.as_ref()),
        accounts.client.as_ref(),
        (&accounts.owner.key(), accounts.client.bump),
        refund,
    )?;
    record(
        &ctx.accounts.event_authority,
        &JobCancelled {
            job: accounts.job.key(),
            shards,
            refunded: refund,
            held_after,
        },
    )?;
    Ok(())
}
