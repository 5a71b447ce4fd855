//! - Caller: the wallet that posted the job.
//! - Window: while the job is open and has shards without seats.
//! - Moves: the cost of those shards, from the escrow vault to the wallet's token account.

use crate::error::MillraceError;
use crate::events::{JobCancelled, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::{Client, Job, JobState};

#[event_cpi]
#[derive(Accounts)]
pub struct CancelJob<'info> {
    /// The wallet that posted the job.
    pub owner: Signer<'info>,
    /// The wallet's client account.
    #[account(
        mut,
        dup,
        has_one = owner @ MillraceError::NotAuthorized,
        has_one = escrow @ MillraceError::WrongAccount,
    )]
    pub client: AccountLoader<'info, Client>,
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The client's escrow vault.
    #[account(mut)]
    pub escrow: InterfaceAccount<'info, TokenAccount>,
    /// Mint of payments, which must be the vault's.
    #[account(address = escrow.load()?.mint @ MillraceError::WrongAccount)]
    pub payment_mint: InterfaceAccount<'info, Mint>,
    /// A token account of the wallet.
    #[account(mut)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    pub token_program: Interface<'info, TokenInterface>,
}

impl CancelJob<'_> {
    fn validate(&self) -> Result<()> {
        // job: CANNOT be cancelled by others, nor shards with seats
        let job = self.job.load()?;
        require_keys_eq!(job.client, self.owner.key(), MillraceError::NotAuthorized);
        require!(
            job.state() == Some(JobState::Open),
            MillraceError::WrongJobState
        );
        require!(job.unassigned() > 0, MillraceError::NothingToCancel);

        // destination
        let destination = TokenView::of(self.destination.as_ref(), key(&self.token_program))?;
        destination.require(&self.payment_mint.key(), &self.owner.key())
    }
}

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
    let accounts = &ctx.accounts;
    let bump = {
        let mut client = accounts.client.load_mut()?;
        client.held = money::sub(client.held, refund)?;
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
    emit(
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
