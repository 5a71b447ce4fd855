use crate::constants::{ACCOUNT_VERSION, seeds};
use crate::error::MillraceError;
use crate::events::ProviderRegistered;
use crate::state::{Network, Provider, validate_tag};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};

/// What a provider says of itself.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct RegisterProviderArgs {
    /// Hot key that signs commitments.
    pub operator: Pubkey,
    /// X25519 key for sealed inputs; all zeros for none.
    pub sealing_key: [u8; 32],
    /// Supplier tag, ASCII padded with zeros.
    pub supplier: [u8; 16],
    /// Region, ASCII padded with zeros.
    pub region: [u8; 16],
    /// Model of its GPUs, ASCII padded with zeros.
    pub gpu_model: [u8; 16],
    /// Asking price, base units of the payment mint per unit.
    pub ask_price: u64,
    /// Memory, MiB.
    pub memory_mb: u32,
    /// Processor cores.
    pub cores: u16,
    /// GPUs.
    pub gpus: u16,
    /// Most seats it takes at a time.
    pub max_open_seats: u16,
}

/// Accounts of `register_provider`.
#[event_cpi]
#[derive(Accounts)]
pub struct RegisterProvider<'info> {
    /// The provider's cold key; pays the rent.
    #[account(mut)]
    pub authority: Signer<'info>,
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The provider.
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
    /// The stake vault.
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
    /// The earnings vault.
    #[account(
        init,
        payer = authority,
        seeds = [seeds::EARNINGS, provider.key().as_ref()],
        bump,
        token::mint = payment_mint,
        token::authority = provider,
        token::token_program = token_program,
    )]
    pub earnings_vault: InterfaceAccount<'info, TokenAccount>,
    /// Token program.
    pub token_program: Interface<'info, TokenInterface>,
    /// System program.
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

        // arguments
        require!(args.ask_price > 0, MillraceError::PriceZero);
        require!(args.max_open_seats > 0, MillraceError::ListLength);
        validate_tag(&args.supplier)?;
        validate_tag(&args.region)?;
        validate_tag(&args.gpu_model)
    }
}

/// Creates a provider.
pub fn register_provider(ctx: Context<RegisterProvider>, args: RegisterProviderArgs) -> Result<()> {
    let accounts = &ctx.accounts;
    accounts.validate(&args)?;
    {
        let mut provider = accounts.provider.load_init()?;
        provider.authority = accounts.authority.key();
        provider.operator = args.operator;
        provider.sealing_key = args.sealing_key;
        provider.stake_vault = accounts.stake_vault.key();
        provider.earnings_vault = accounts.earnings_vault.key();
        provider.supplier = args.supplier;
        provider.region = args.region;
        provider.gpu_model = args.gpu_model;
        provider.ask_price = args.ask_price;
        provider.memory_mb = args.memory_mb;
        provider.cores = args.cores;
        provider.gpus = args.gpus;
        provider.max_open_seats = args.max_open_seats;
        provider.registered_at = Clock::get()?.unix_timestamp;
        provider.bump = ctx.bumps.provider;
        provider.version = ACCOUNT_VERSION;
        provider.invariant()?;
    }
    emit_cpi!(ProviderRegistered {
        provider: accounts.provider.key(),
        authority: accounts.authority.key(),
        operator: args.operator,
        ask_price: args.ask_price,
    });
    Ok(())
}
