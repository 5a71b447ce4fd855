//! - Caller: the provider's cold key.
//! - Window: any time.
//! - Moves: the caller pays the rent of the provider and its vaults.

use crate::constants::{ACCOUNT_VERSION, seeds};
use crate::error::MillraceError;
use crate::events::{ProviderRegistered, emit};
use crate::prelude::*;
use crate::state::{Network, Offer, Provider};

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct RegisterProviderArgs {
    /// Hot key that signs commitments.
    pub operator: Pubkey,
    pub offer: Offer,
}

#[event_cpi]
#[derive(Accounts)]
pub struct RegisterProvider<'info> {
    /// The provider's cold key, which pays the rent.
    #[account(mut)]
    pub authority: Signer<'info>,
    pub network: AccountLoader<'info, Network>,
    #[account(
        init,
        payer = authority,
        space = Provider::SIZE,
        seeds = [seeds::PROVIDER, authority.key().as_ref()],
        bump,
    )]
    pub provider: AccountLoader<'info, Provider>,
    /// Mint of stake.
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// Mint of payments.
    pub payment_mint: InterfaceAccount<'info, Mint>,
    #[account(
        init,
        payer = authority,
        seeds = [seeds::STAKE, provider.key().as_ref()],
        bump,
        token::mint = stake_mint,
        token::authority = provider,
        token::token_program = token_program,
    )]
    pub stake_vault: InterfaceAccount<'info, TokenAccount>,
    #[account(
        init,
        payer = authority,
        seeds = [seeds::EARNINGS, provider.key().as_ref()],
        bump,
        token::mint = payment_mint,
        token::authority = provider,
        token::token_program = payment_token_program,
    )]
    pub earnings_vault: InterfaceAccount<'info, TokenAccount>,
    /// Token program of stake.
    pub token_program: Interface<'info, TokenInterface>,
    /// Token program of payments.
    pub payment_token_program: Interface<'info, TokenInterface>,
    pub system_program: Program<'info, System>,
}

impl RegisterProvider<'_> {
    fn validate(&self, args: &RegisterProviderArgs) -> Result<()> {
        // mints
        let network = self.network.load()?;
        require_keys_eq!(
            self.stake_mint.key(),
            network.stake_mint,
            MillraceError::WrongAccount
        );
        require_keys_eq!(
            self.payment_mint.key(),
            network.payment_mint,
            MillraceError::WrongAccount
        );

        // offer
        args.offer.validate()
    }
}

pub fn register_provider(ctx: Context<RegisterProvider>, args: RegisterProviderArgs) -> Result<()> {
    let accounts = &ctx.accounts;
    accounts.validate(&args)?;
    {
        let mut provider = accounts.provider.load_init()?;
        provider.authority = accounts.authority.key();
        provider.operator = args.operator;
        provider.stake_vault = accounts.stake_vault.key();
        provider.earnings_vault = accounts.earnings_vault.key();
        provider.set_offer(&args.offer);
        provider.registered_at = clock()?.unix_timestamp;
        provider.bump = ctx.bumps.provider;
        provider.version = ACCOUNT_VERSION;
        provider.invariant()?;
    }
    emit(
        &ctx.accounts.event_authority,
        &ProviderRegistered {
            provider: accounts.provider.key(),
            authority: accounts.authority.key(),
            operator: args.operator,
            ask_price: args.offer.ask_price,
        },
    )?;
    Ok(())
}
