use crate::events::{ResultsRevealed, record};
use crate::instructions::orchestrator::{RevealEntry, reveal};
use crate::prelude::*;
use crate::state::{Job, Network, Shard, ShardStore};

/// Accounts of `reveal_seats`. Preimages need no signature.
#[event_cpi]
#[derive(Accounts)]
pub struct RevealSeats<'info> {
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The job.
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The shard, where it has an account of its own.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
}

/// Opens commitments without a word about their outputs: for providers that no orchestrator serves.
/// They are paid once an orchestrator or the client says that it has the output.
pub fn reveal_seats(ctx: Context<RevealSeats>, entries: Vec<RevealEntry>) -> Result<()> {
    let accounts = &ctx.accounts;
    let store = ShardStore::of(&accounts.job, &accounts.shard)?;
    let mut shard = store.load()?;
    {
        let (network, job) = (accounts.network.load()?, accounts.job.load()?);
        reveal(&network, &job, &mut shard, &entries, false)?;
    }
    store.save(&shard)?;
    record(
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
