use crate::constants::seeds;
use crate::error::MillraceError;
use crate::events::{BondWithdrawn, record};
use crate::instructions::tokens::TokenTransfer;
use crate::prelude::*;
use crate::state::{Network, Orchestrator};

/// Accounts of `withdraw_bond`. Nobody signs: the tokens can go to the orchestrator's key alone.
#[event_cpi]
#[derive(Accounts)]
pub struct WithdrawBond<'info> {
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The orchestrator; closed.
    #[account(
        mut,
        has_one = bond_vault @ MillraceError::WrongAccount,
        has_one = payer @ MillraceError::WrongAccount,
    )]
    pub orchestrator: AccountLoader<'info, Orchestrator>,
    /// Who paid the rent, and gets it back.
    /// CHECK: compared by `has_one` above.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
    /// The vault.
    #[account(mut)]
    pub bond_vault: InterfaceAccount<'info, TokenAccount>,
    /// Mint of stake; the vault's.
    #[account(address = bond_vault.load()?.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// A token account of the orchestrator's key.
    #[account(mut)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    /// Token program.
    pub token_program: Interface<'info, TokenInterface>,
}

impl WithdrawBond<'_> {
    fn validate(&self, now: i64) -> Result<()> {
        // orchestrator: CANNOT leave before what it began must have ended
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

/// Gives a retired orchestrator's bond back, and closes its accounts.
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
    // All that is there, donations too: an account with tokens in it can't be closed.
    let amount = accounts.bond_vault.load()?.amount;
    tokens.send(
        (accounts.bond_vault.as_ref(), accounts.destination.as_ref()),
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
    record(
        &ctx.accounts.event_authority,
        &BondWithdrawn {
            orchestrator: accounts.orchestrator.key(),
            key,
            amount,
        },
    )?;
    accounts.orchestrator.close(accounts.payer.as_ref())
}
