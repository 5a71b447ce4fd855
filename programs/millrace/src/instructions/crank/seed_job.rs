//! - Caller: any.
//! - Window: from the first block after the job was posted.
//! - Moves: nothing.

use crate::error::MillraceError;
use crate::events::{JobSeeded, emit};
use crate::math::slot_hashes::{SLOT_HASHES, SlotHashes};
use crate::prelude::*;
use crate::state::Job;

#[event_cpi]
#[derive(Accounts)]
pub struct SeedJob<'info> {
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The `SlotHashes` sysvar.
    /// CHECK: its address is compared.
    #[account(address = SLOT_HASHES @ MillraceError::WrongAccount)]
    pub slot_hashes: UncheckedAccount<'info>,
}

/// The seed is taken from the first block after the job was posted. If the chain has forgotten that block,
/// the seed will come from the first block after this slot, which no one can predict.
pub fn seed_job(ctx: Context<SeedJob>) -> Result<()> {
    let slot = clock()?.slot;
    let (seed, after_slot) = {
        let data = ctx.accounts.slot_hashes.try_borrow_data()?;
        let hashes = SlotHashes::new(&data);
        let mut job = ctx.accounts.job.load_mut()?;
        require!(job.seed == 0, MillraceError::SeedAlreadySet);
        match hashes.first_after(job.seed_slot) {
            Some(block) => {
                let [a, b, c, d, e, f, g, h, ..] = block.hash;
                // Zero means that no seed is set, so a seed of zero becomes one.
                job.seed = u64::from_le_bytes([a, b, c, d, e, f, g, h]).max(1);
            }
            None => {
                let forgotten = hashes.is_forgotten(job.seed_slot);
                require!(forgotten, MillraceError::SeedNotAvailable);
                job.seed_slot = slot;
            }
        }
        job.invariant()?;
        (job.seed, job.seed_slot)
    };
    emit(
        &ctx.accounts.event_authority,
        &JobSeeded {
            job: ctx.accounts.job.key(),
            seed,
            after_slot,
        },
    )?;
    Ok(())
}
