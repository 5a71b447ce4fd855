use crate::error::MillraceError;
use crate::events::{JobExpired, record};
use crate::prelude::*;
use crate::state::{Job, JobState};

/// Accounts of `expire_job`.
#[event_cpi]
#[derive(Accounts)]
pub struct ExpireJob<'info> {
    /// The job.
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
}

/// Fails the shards that nobody took a seat at before the deadline.
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
        job.failed += shards;
        job.state = JobState::Expired as u8;
        job.invariant()?;
        shards
    };
    record(
        &ctx.accounts.event_authority,
        &JobExpired {
            job: ctx.accounts.job.key(),
            shards,
        },
    )?;
    Ok(())
}
