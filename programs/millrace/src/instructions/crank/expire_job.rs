//! - Caller: any.
//! - Window: from the job's deadline.
//! - Moves: nothing.

use crate::error::MillraceError;
use crate::events::{JobExpired, emit};
use crate::prelude::*;
use crate::state::{Job, JobState};

#[event_cpi]
#[derive(Accounts)]
pub struct ExpireJob<'info> {
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
}

/// Shards that have had a seat are settled as before.
pub fn expire_job(ctx: Context<ExpireJob>) -> Result<()> {
    let now = clock()?.unix_timestamp;
    let shards = {
        let mut job = ctx.accounts.job.load_mut()?;
        require!(
            job.state() == Some(JobState::Open),
            MillraceError::WrongJobState
        );
        require!(now >= job.deadline, MillraceError::TooEarly);
        let shards = job.unassigned();
        job.failed = job.failed.saturating_add(shards);
        job.state = JobState::Expired as u8;
        job.invariant()?;
        shards
    };
    emit(
        &ctx.accounts.event_authority,
        &JobExpired {
            job: ctx.accounts.job.key(),
            shards,
        },
    )?;
    Ok(())
}
