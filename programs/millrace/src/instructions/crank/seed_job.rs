use crate::error::MillraceError;
use crate::events::{JobSeeded, record};
use crate::math::slot_hashes::{SLOT_HASHES, SlotHashes};
use crate::prelude::*;
use crate::state::Job;

/// Accounts of `seed_job`.
#[event_cpi]
#[derive(Accounts)]
pub struct SeedJob<'info> {
    /// The job.
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The hashes of past slots.
    /// CHECK: by its address.
    #[account(address = SLOT_HASHES @ MillraceError::WrongAccount)]
    pub slot_hashes: UncheckedAccount<'info>,
}

/// Takes the seed of a job from the first block after its posting. Where the chain has forgotten that,
/// the seed will be that of the first block after now: which one that is nobody can know.
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
                // Zero means «not taken»: one seed in 2^64 is another one.
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
    record(
        &ctx.accounts.event_authority,
        &JobSeeded {
            job: ctx.accounts.job.key(),
            seed,
            after_slot,
        },
    )?;
    Ok(())
}
