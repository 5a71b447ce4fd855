use crate::constants::seeds;
use crate::events::TreasuryOpened;
use crate::state::Network;
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};

/// Accounts of `open_treasury`.
#[event_cpi]
#[derive(Accounts)]
#[instruction(bucket: u8)]
pub struct OpenTreasury<'info> {
    /// Pays the rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// One of the network's mints.
    pub mint: InterfaceAccount<'info, Mint>,
    /// The vault.
    #[account(
        init,
        payer = payer,
        seeds = [seeds::TREASURY, mint.key().as_ref(), &[bucket]],
        bump,
        token::mint = mint,
        token::authority = network,
        token::token_program = token_program,
    )]
    pub treasury: InterfaceAccount<'info, TokenAccount>,
    /// Token program.
    pub token_program: Interface<'info, TokenInterface>,
    /// System program.
    pub system_program: Program<'info, System>,
}

/// Opens a treasury vault and notes its bump.
pub fn open_treasury(ctx: Context<OpenTreasury>, bucket: u8) -> Result<()> {
    let mint = ctx.accounts.mint.key();
    let mut network = ctx.accounts.network.load_mut()?;
    network.note_treasury(&mint, bucket, ctx.bumps.treasury)?;
    drop(network);
    emit_cpi!(TreasuryOpened {
        mint,
        bucket,
        vault: ctx.accounts.treasury.key(),
    });
    Ok(())
}
