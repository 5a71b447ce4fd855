//! - Caller: any.
//! - Window: as in `record_reveals`.
//! - Moves: nothing.

use crate::events::{ResultsRevealed, emit};
use crate::instructions::orchestrator::{RevealEntry, reveal};
use crate::prelude::*;
use crate::state::{Job, Network, Shard, ShardStore};

#[event_cpi]
#[derive(Accounts)]
pub struct RevealSeats<'info> {
    pub network: AccountLoader<'info, Network>,
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// Given if the job has several shards.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
}

/// For providers that no orchestrator serves. They are paid once an orchestrator or the client confirms the
/// delivery of the output. No signature is needed: a commitment's preimage is proof enough.
pub fn reveal_seats(ctx: Context<RevealSeats>, entries: Vec<RevealEntry>) -> Result<()> {
    let accounts = &ctx.accounts;
    let store = ShardStore::new(&accounts.job, &accounts.shard)?;
    let mut shard = store.load()?;
    {
        let (network, job) = (accounts.network.load()?, accounts.job.load()?);
        reveal(&network, &job, &mut shard, &entries, false)?;
    }
    store.save(&shard)?;
    emit(
        &ctx.accounts.event_authority,
        &ResultsRevealed {
            job: shard.job,
            shard: shard.index,
            seats: entries.iter().map(|entry| entry.seat).collect(),
            delivered: false,
        },
    )?;
    Ok(())
}
