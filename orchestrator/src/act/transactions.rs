//! The transaction of each act.

use super::Executor;
use crate::error::OrchestratorError;
use crate::plan::Action;
use millrace_chain::{address, instruction};
use solana_sdk::instruction::Instruction;
use solana_sdk::signature::Signer;

/// What it is for, and its instructions.
pub type Planned = (String, Vec<Instruction>);

impl Executor {
    /// The instructions of an act; `None` where the chain has moved on since it was planned.
    pub(super) async fn transaction(
        &self,
        action: &Action,
    ) -> Result<Option<Planned>, OrchestratorError> {
        let me = self.key.pubkey();
        let planned = match action {
            Action::Assign {
                job,
                shard,
                providers,
            } => {
                let assign = instruction::assign_seats(me, *job, *shard, providers);
                (format!("assign {job} {shard}"), vec![assign])
            }
            Action::Commit {
                job,
                shard,
                commitments,
            } => {
                let account = address::shard(job, *shard);
                let both = instruction::record_commitments(account, commitments);
                (format!("commit {job} {shard}"), both.to_vec())
            }
            Action::Reveal {
                job,
                shard,
                entries,
                settle,
            } => {
                let account = address::shard(job, *shard);
                let reveal = instruction::record_reveals(me, *job, account, entries.clone());
                let mut instructions = vec![reveal];
                if *settle {
                    let Some(settle) = self.settlement(job, *shard).await else {
                        return Ok(None);
                    };
                    instructions.push(settle);
                }
                (format!("reveal {job} {shard}"), instructions)
            }
            Action::Settle { job, shard } => {
                let Some(settle) = self.settlement(job, *shard).await else {
                    return Ok(None);
                };
                (format!("settle {job} {shard}"), vec![settle])
            }
            Action::ExpireSeat {
                job,
                shard,
                seat,
                provider,
            } => {
                let expire = instruction::expire_seat(*job, *shard, *seat, *provider, self.mints);
                (format!("expire seat {job} {shard} {seat}"), vec![expire])
            }
            Action::ExpireJob { job } => {
                (format!("expire {job}"), vec![instruction::expire_job(*job)])
            }
            Action::CloseJob {
                job,
                client,
                shards,
            } => {
                let close = instruction::close_job(*job, *client, shards, self.mints);
                (format!("close {job}"), vec![close])
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

    async fn settlement(&self, job: &millrace_chain::Pubkey, index: u32) -> Option<Instruction> {
        let picture = self.feed.picture().read().await;
        let books = picture.jobs().get(job)?;
        let shard = picture.shards().get(&address::shard(job, index))?;
        Some(instruction::settle_shard(*job, books, shard, self.mints))
    }
}
