//! - Caller: any wallet, once.
//! - Window: any time.
//! - Moves: the wallet pays the rent of its client account and escrow vault.

use crate::constants::{ACCOUNT_VERSION, seeds};
use crate::error::MillraceError;
use crate::events::{ClientOpened, emit};
use crate::prelude::*;
use crate::state::{Client, Network};

#[event_cpi]
#[derive(Accounts)]
pub struct OpenClient<'info> {
    /// The wallet, which pays the rent.
    #[account(mut)]
    pub owner: Signer<'info>,
    pub network: AccountLoader<'info, Network>,
    #[account(
        init,
        payer = owner,
        space = Client::SIZE,
        seeds = [seeds::CLIENT, owner.key().as_ref()],
        bump,
    )]
    pub client: AccountLoader<'info, Client>,
    /// Mint of payments.
    pub payment_mint: InterfaceAccount<'info, Mint>,
    #[account(
        init,
        payer = owner,
        seeds = [seeds::ESCROW, client.key().as_ref()],
        bump,
        token::mint = payment_mint,
        token::authority = client,
        token::token_program = token_program,
    )]
    pub escrow: InterfaceAccount<'info, TokenAccount>,
    pub token_program: Interface<'info, TokenInterface>,
    pub system_program: Program<'info, System>,
}

pub fn open_client(ctx: Context<OpenClient>) -> Result<()> {
    let mint = ctx.accounts.network.load()?.payment_mint;
    require_keys_eq!(
        ctx.accounts.payment_mint.key(),
        mint,
        MillraceError::WrongAccount
    );
    let owner = ctx.accounts.owner.key();
    let escrow = ctx.accounts.escrow.key();
    ctx.accounts.client.init(&Client {
        version: ACCOUNT_VERSION,
        bump: ctx.bumps.client,
        owner,
        escrow,
        next_nonce: 0,
        held: 0,
        open_jobs: 0,
        reserved: [0; 34],
    })?;
    emit(
        &ctx.accounts.event_authority,
        &ClientOpened {
            client: ctx.accounts.client.key(),
            owner,
        },
    )?;
    Ok(())
}
