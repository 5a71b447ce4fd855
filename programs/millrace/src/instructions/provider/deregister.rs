//! - Caller: the provider's cold key.
//! - Window: once the provider has no seats, stake, earnings, rewards or points.
//! - Moves: tokens left in the vaults, to token accounts of the cold key; the rent of provider and
//!   vaults, to the cold key.

use crate::constants::seeds;
use crate::error::MillraceError;
use crate::events::{ProviderDeregistered, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::prelude::*;
use crate::state::Provider;

#[event_cpi]
#[derive(Accounts)]
pub struct Deregister<'info> {
    /// The provider's cold key, which receives the rent.
    #[account(mut)]
    pub authority: Signer<'info>,
    /// Closed.
    #[account(
        mut,
        has_one = authority @ MillraceError::NotAuthorized,
        has_one = stake_vault @ MillraceError::WrongAccount,
        has_one = earnings_vault @ MillraceError::WrongAccount,
    )]
    pub provider: AccountLoader<'info, Provider>,
    /// Closed.
    #[account(mut)]
    pub stake_vault: InterfaceAccount<'info, TokenAccount>,
    /// Mint of stake, which must be the vault's.
    #[account(address = stake_vault.load()?.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// A token account of the authority, for tokens that were sent to the stake vault without a deposit.
    #[account(mut, dup)]
    pub stake_destination: InterfaceAccount<'info, TokenAccount>,
    /// Token program of stake.
    pub stake_token_program: Interface<'info, TokenInterface>,
    /// Closed.
    #[account(mut)]
    pub earnings_vault: InterfaceAccount<'info, TokenAccount>,
    /// Mint of payments, which must be the vault's.
    #[account(address = earnings_vault.load()?.mint @ MillraceError::WrongAccount)]
    pub payment_mint: InterfaceAccount<'info, Mint>,
    /// A token account of the authority, for tokens that were sent to the earnings vault.
    #[account(mut, dup)]
    pub earnings_destination: InterfaceAccount<'info, TokenAccount>,
    /// Token program of payments.
    pub payment_token_program: Interface<'info, TokenInterface>,
}

impl Deregister<'_> {
    fn validate(&self) -> Result<()> {
        // provider: CANNOT close with seats, stake, earnings or rewards
        let settled = self.provider.load()?.is_settled();
        require!(settled, MillraceError::ProviderNotSettled);

        // destinations
        let authority = self.authority.key();
        let of_stake = TokenView::of(
            self.stake_destination.as_ref(),
            key(&self.stake_token_program),
        )?;
        of_stake.require(&self.stake_mint.key(), &authority)?;
        let program = &self.payment_token_program;
        let of_earnings = TokenView::of(self.earnings_destination.as_ref(), key(program))?;
        of_earnings.require(&self.payment_mint.key(), &authority)
    }
}

pub fn deregister(ctx: Context<Deregister>) -> Result<()> {
    let accounts = &ctx.accounts;
    accounts.validate()?;
    let authority = accounts.authority.key();
    let bump = accounts.provider.load()?.bump;
    let signer: &[&[u8]] = &[seeds::PROVIDER, authority.as_ref(), &[bump]];
    let vaults = [
        (
            &accounts.stake_vault,
            &accounts.stake_mint,
            &accounts.stake_destination,
            &accounts.stake_token_program,
        ),
        (
            &accounts.earnings_vault,
            &accounts.payment_mint,
            &accounts.earnings_destination,
            &accounts.payment_token_program,
        ),
    ];
    for (vault, mint, destination, program) in vaults {
        let tokens = TokenTransfer {
            program,
            mint: mint.as_ref(),
        };
        let (from, to) = (vault.as_ref(), destination.as_ref());
        // Tokens that someone sent to the vault must not prevent it from being closed.
        tokens.send(
            from,
            to,
            accounts.provider.as_ref(),
            vault.load()?.amount,
            signer,
        )?;
        tokens.close(
            from,
            accounts.authority.as_ref(),
            accounts.provider.as_ref(),
            signer,
        )?;
    }
    emit(
        &ctx.accounts.event_authority,
        &ProviderDeregistered {
            provider: accounts.provider.key(),
            authority,
        },
    )?;
    accounts.provider.close_to(accounts.authority.as_ref())
}
