//! - Caller: any.
//! - Window: any time, once for each index.
//! - Moves: the caller pays the rent of the bucket and its vault.

use crate::constants::{ACCOUNT_VERSION, BUCKETS, seeds};
use crate::error::MillraceError;
use crate::events::{BucketOpened, emit};
use crate::prelude::*;
use crate::state::{Bucket, Network};

#[event_cpi]
#[derive(Accounts)]
#[instruction(index: u8)]
pub struct OpenBucket<'info> {
    /// Pays the rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    #[account(has_one = payment_mint @ MillraceError::WrongAccount)]
    pub network: AccountLoader<'info, Network>,
    #[account(
        init,
        payer = payer,
        space = Bucket::SIZE,
        seeds = [seeds::BUCKET, &[index]],
        bump,
    )]
    pub bucket: AccountLoader<'info, Bucket>,
    /// Mint of payments.
    pub payment_mint: InterfaceAccount<'info, Mint>,
    /// Treasury vault for fees.
    #[account(
        init,
        payer = payer,
        seeds = [seeds::TREASURY, payment_mint.key().as_ref(), &[index]],
        bump,
        token::mint = payment_mint,
        token::authority = network,
        token::token_program = token_program,
    )]
    pub treasury: InterfaceAccount<'info, TokenAccount>,
    pub token_program: Interface<'info, TokenInterface>,
    pub system_program: Program<'info, System>,
}

pub fn open_bucket(ctx: Context<OpenBucket>, index: u8) -> Result<()> {
    require!(index < BUCKETS, MillraceError::BucketOutOfBounds);
    let accounts = &ctx.accounts;
    {
        let mut bucket = accounts.bucket.load_init()?;
        bucket.treasury = accounts.treasury.key();
        bucket.index = index;
        bucket.bump = ctx.bumps.bucket;
        bucket.version = ACCOUNT_VERSION;
    }
    emit(
        &ctx.accounts.event_authority,
        &BucketOpened {
            bucket: index,
            treasury: accounts.treasury.key(),
        },
    )?;
    Ok(())
}
