//! - Caller: any.
//! - Window: from `unbonding_secs` after the retirement.
//! - Moves: all tokens of the bond vault, to a token account of the orchestrator's key; the rent of
//!   orchestrator and vault, to the signer who paid it.

use crate::constants::seeds;
use crate::error::MillraceError;
use crate::events::{BondWithdrawn, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::prelude::*;
use crate::state::{Network, Orchestrator};

#[event_cpi]
#[derive(Accounts)]
pub struct WithdrawBond<'info> {
    pub network: AccountLoader<'info, Network>,
    /// Closed.
    #[account(
        mut,
        has_one = bond_vault @ MillraceError::WrongAccount,
        has_one = payer @ MillraceError::WrongAccount,
    )]
    pub orchestrator: AccountLoader<'info, Orchestrator>,
    /// The signer who paid the rent, which is returned.
    /// CHECK: compared by `has_one`.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
    #[account(mut)]
    pub bond_vault: InterfaceAccount<'info, TokenAccount>,
    /// Mint of stake, which must be the vault's.
    #[account(address = bond_vault.load()?.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// A token account of the orchestrator's key.
    #[account(mut)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    pub token_program: Interface<'info, TokenInterface>,
}

impl WithdrawBond<'_> {
    fn validate(&self, now: i64) -> Result<()> {
        // orchestrator: CANNOT withdraw before the jobs that it served must have ended
        let orchestrator = self.orchestrator.load()?;
        require!(!orchestrator.is_active(), MillraceError::OrchestratorActive);
        let wait = i64::from(self.network.load()?.unbonding_secs);
        let due = orchestrator.retired_at.saturating_add(wait);
        require!(now >= due, MillraceError::TooEarly);

        // destination
        let destination = TokenView::of(self.destination.as_ref(), key(&self.token_program))?;
        destination.require(&self.stake_mint.key(), &orchestrator.key)
    }
}

pub fn withdraw_bond(ctx: Context<WithdrawBond>) -> Result<()> {
    let accounts = &ctx.accounts;
    accounts.validate(clock()?.unix_timestamp)?;
    let (key, bump) = {
        let orchestrator = accounts.orchestrator.load()?;
        (orchestrator.key, orchestrator.bump)
    };
    let signer: &[&[u8]] = &[seeds::ORCHESTRATOR, key.as_ref(), &[bump]];
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.stake_mint.as_ref(),
    };
    // The whole balance, including tokens sent without a deposit: only an empty vault can be closed.
    let amount = accounts.bond_vault.load()?.amount;
    tokens.send(
        accounts.bond_vault.as_ref(),
        accounts.destination.as_ref(),
        accounts.orchestrator.as_ref(),
        amount,
        signer,
    )?;
    tokens.close(
        accounts.bond_vault.as_ref(),
        accounts.payer.as_ref(),
        accounts.orchestrator.as_ref(),
        signer,
    )?;
    emit(
        &ctx.accounts.event_authority,
        &BondWithdrawn {
            orchestrator: accounts.orchestrator.key(),
            key,
            amount,
        },
    )?;
    accounts.orchestrator.close_to(accounts.payer.as_ref())
}
