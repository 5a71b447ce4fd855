//! The instructions of each chain action.

use crate::planner::ChainAction;
use millrace_client::cache::subscription::Feed;
use millrace_client::instructions::{ChosenProvider, Mints, ShardRef};
use millrace_client::{Pubkey, instructions, pda};
use solana_sdk::instruction::Instruction;

/// Builds instructions from the newest accounts.
#[derive(Clone)]
pub(super) struct InstructionBuilder {
    /// This orchestrator's key.
    pub orchestrator: Pubkey,
    pub mints: Mints,
    pub feed: Feed,
}

impl InstructionBuilder {
    /// `None` if the job or shard has disappeared from the chain since the action was planned.
    pub(super) async fn build(&self, action: &ChainAction) -> Option<Vec<Instruction>> {
        let built = match action {
            ChainAction::SeedJob { job } => vec![instructions::seed_job(*job)],
            ChainAction::Assign {
                job,
                shard,
                providers,
                selection,
            } => {
                let shard = self.shard_ref(job, *shard).await?;
                let chosen: Vec<ChosenProvider> = providers
                    .iter()
                    .map(|provider| ChosenProvider {
                        account: *provider,
                        agreed_price: selection.price_of(provider.as_array()),
                    })
                    .collect();
                vec![instructions::assign_seats(
                    self.orchestrator,
                    shard,
                    &chosen,
                )]
            }
            ChainAction::Commit {
                job,
                shard,
                commitments,
            } => {
                let shard = self.shard_ref(job, *shard).await?;
                instructions::record_commitments(shard, commitments).to_vec()
            }
            ChainAction::DrawAudit { job, shard } => {
                vec![instructions::draw_audit(self.shard_ref(job, *shard).await?)]
            }
            ChainAction::Reveal {
                job,
                shard,
                entries,
                settle,
            } => {
                let at = self.shard_ref(job, *shard).await?;
                let reveal = instructions::record_reveals(self.orchestrator, at, entries.clone());
                let mut all = vec![reveal];
                if *settle {
                    all.push(self.settlement(job, *shard).await?);
                }
                all
            }
            ChainAction::Settle { job, shard } => vec![self.settlement(job, *shard).await?],
            ChainAction::ExpireSeat {
                job,
                shard,
                seat,
                provider,
            } => {
                let shard = self.shard_ref(job, *shard).await?;
                vec![instructions::expire_seat(
                    shard, *seat, *provider, self.mints,
                )]
            }
            ChainAction::ExpireJob { job } => vec![instructions::expire_job(*job)],
            ChainAction::CloseJob {
                job,
                client,
                shards,
            } => vec![instructions::close_job(*job, *client, shards, self.mints)],
        };
        Some(built)
    }

    async fn shard_ref(&self, job: &Pubkey, index: u32) -> Option<ShardRef> {
        let cache = self.feed.cache().read().await;
        Some(ShardRef::of(*job, cache.jobs().get(job)?, index))
    }

    async fn settlement(&self, job: &Pubkey, index: u32) -> Option<Instruction> {
        let cache = self.feed.cache().read().await;
        let account = cache.jobs().get(job)?;
        let shard = cache.shard(job, index)?;
        let challenge = cache.challenges().get(&pda::challenge(job, index));
        let challenger = challenge.map(|challenge| challenge.challenger);
        Some(instructions::settle_shard(
            ShardRef::of(*job, account, index),
            account,
            shard,
            self.mints,
            challenger,
        ))
    }
}
