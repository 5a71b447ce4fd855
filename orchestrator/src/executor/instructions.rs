//! The transaction of each act.

use super::Executor;
use crate::error::OrchestratorError;
use crate::planner::Action;
use millrace_client::instructions::ShardRef;
use millrace_client::{Pubkey, instructions, pda};
use solana_sdk::instruction::Instruction;
use solana_sdk::signature::Signer;

impl Executor {
    /// The instructions of an act; `None` where the chain has moved on since it was planned.
    pub(super) async fn transaction(
        &self,
        action: &Action,
    ) -> Result<Option<Vec<Instruction>>, OrchestratorError> {
        let me = self.key.pubkey();
        let planned = match action {
            Action::SeedJob { job } => vec![instructions::seed_job(*job)],
            Action::Assign {
                job,
                shard,
                providers,
                ..
            } => {
                let Some(place) = self.place(job, *shard).await else {
                    return Ok(None);
                };
                vec![instructions::assign_seats(me, place, providers)]
            }
            Action::Commit {
                job,
                shard,
                commitments,
            } => {
                let Some(place) = self.place(job, *shard).await else {
                    return Ok(None);
                };
                instructions::record_commitments(place, commitments).to_vec()
            }
            Action::DrawAudit { job, shard } => {
                let Some(place) = self.place(job, *shard).await else {
                    return Ok(None);
                };
                vec![instructions::draw_audit(place)]
            }
            Action::Reveal {
                job,
                shard,
                entries,
                settle,
            } => {
                let Some(place) = self.place(job, *shard).await else {
                    return Ok(None);
                };
                let reveal = instructions::record_reveals(me, place, entries.clone());
                let mut instructions = vec![reveal];
                if *settle {
                    let Some(settle) = self.settlement(job, *shard).await else {
                        return Ok(None);
                    };
                    instructions.push(settle);
                }
                instructions
            }
            Action::Settle { job, shard } => {
                let Some(settle) = self.settlement(job, *shard).await else {
                    return Ok(None);
                };
                vec![settle]
            }
            Action::ExpireSeat {
                job,
                shard,
                seat,
                provider,
            } => {
                let Some(place) = self.place(job, *shard).await else {
                    return Ok(None);
                };
                let expire =
                    instructions::expire_seat(place, *seat, *provider, self.mints, self.bounty);
                vec![expire]
            }
            Action::ExpireJob { job } => vec![instructions::expire_job(*job)],
            Action::CloseJob {
                job,
                client,
                shards,
            } => {
                vec![instructions::close_job(*job, *client, shards, self.mints)]
            }
            Action::Run { .. }
            | Action::AskReveal { .. }
            | Action::Release { .. }
            | Action::File { .. } => {
                return Ok(None);
            }
        };
        Ok(Some(planned))
    }

    async fn place(&self, job: &Pubkey, index: u32) -> Option<ShardRef> {
        let cache = self.feed.cache().read().await;
        Some(ShardRef::of(*job, cache.jobs().get(job)?, index))
    }

    async fn settlement(&self, job: &Pubkey, index: u32) -> Option<Instruction> {
        let cache = self.feed.cache().read().await;
        let books = cache.jobs().get(job)?;
        let shard = cache.shard(job, index)?;
        let challenge = cache.challenges().get(&pda::challenge(job, index));
        let challenger = challenge.map(|challenge| challenge.challenger);
        Some(instructions::settle_shard(
            ShardRef::of(*job, books, index),
            (books, shard),
            self.mints,
            challenger,
            self.bounty,
        ))
    }
}
