//! The history of one job, read from the chain without relying on any orchestrator.

use super::chain::{self, Invocations};
use super::store::RecordedEvent;
use super::walk::{MAX_KEPT, PAGE_SIZE, SignatureInfo, Walk};
use crate::error::ChainError;
use crate::pda::PROGRAM;
use crate::rpc::client::Rpc;
use anchor_lang::Discriminator;
use borsh::BorshDeserialize;
use millrace_program::PostJobArgs;
use millrace_program::instruction::PostJob;
use solana_sdk::pubkey::Pubkey;

/// The events of a job in their order, from the finalized transactions that name its account. Empty if
/// none of them is final yet, or if the endpoint does not keep transactions that old. Includes events of
/// those transactions that this build does not recognize: they may belong to the job.
///
/// # Errors
/// Errors of the endpoint.
pub async fn job_events(rpc: &Rpc, job: &Pubkey) -> Result<Vec<RecordedEvent>, ChainError> {
    let walk = Walk {
        rpc,
        address: *job,
        page_size: PAGE_SIZE,
        max_kept: MAX_KEPT,
    };
    let walked = walk.back_to(None).await?;
    let mut events = chain::events_of_all(rpc, &walked.oldest_first).await?;
    // A transaction may involve other jobs too.
    events.retain(|one| one.event.job() == Some(*job) || one.event.is_unknown());
    Ok(events)
}

/// The terms that the client signed, from the transaction that posted the job (`posted` is its event).
/// `None` if that transaction does not post the job.
///
/// # Errors
/// Errors of the endpoint.
pub async fn job_terms(
    rpc: &Rpc,
    job: &Pubkey,
    posted: &RecordedEvent,
) -> Result<Option<PostJobArgs>, ChainError> {
    let info = SignatureInfo {
        slot: posted.slot,
        time: posted.time,
        signature: posted.signature.clone(),
        failed: false,
    };
    let invocations = chain::invocations(rpc, &info).await?;
    Ok(posted_terms(&invocations, job))
}

/// The arguments of the invocation of `post_job` that created this job.
fn posted_terms(invocations: &Invocations, job: &Pubkey) -> Option<PostJobArgs> {
    let inner = invocations.inner.iter().map(|inner| &inner.invocation);
    let mut all = invocations.outer.iter().chain(inner);
    all.find_map(|one| {
        if one.program != PROGRAM || !one.accounts.contains(job) {
            return None;
        }
        // The program ignores bytes after the arguments.
        let mut data = one.data.strip_prefix(PostJob::DISCRIMINATOR)?;
        let post = PostJob::deserialize(&mut data).ok()?;
        Some(post.args)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::invocation::Invocation;
    use super::*;
    use crate::history::chain::InnerInvocation;
    use crate::instructions::{Mints, post_job};
    use crate::pda;
    use bytemuck::Zeroable;
    use millrace_program::state::{Meter, Mode, Network, Scenario};

    fn args(nonce: u64) -> PostJobArgs {
        PostJobArgs {
            nonce,
            manifest: [3; 32],
            orchestrator: Pubkey::default(),
            scenario: Scenario::General,
            mode: Mode::Quorum,
            meter: Meter::Fuel,
            shards: 2,
            replicas: 3,
            quorum: 2,
            max_replicas: 3,
            price_cap: 77,
            max_units: 5,
            deadline: 9,
            commit_secs: 20,
            reveal_secs: 20,
            challenge_secs: 0,
            audit_bps: 0,
            max_deposit: 1_000,
            supplier: [0; 16],
            region: [1; 16],
            min_score: 4,
            min_memory_mb: 0,
            min_cores: 0,
        }
    }

    fn invocation(owner: Pubkey, nonce: u64) -> Invocation {
        let mints = Mints::from(&Network::zeroed());
        let instruction = post_job(owner, mints, args(nonce));
        Invocation {
            program: instruction.program_id,
            accounts: instruction.accounts.iter().map(|a| a.pubkey).collect(),
            data: instruction.data,
        }
    }

    #[test]
    fn terms_are_those_of_the_instruction_that_posted_the_job() {
        let owner = Pubkey::new_unique();
        let invocations = Invocations {
            outer: vec![invocation(owner, 0)],
            inner: vec![InnerInvocation {
                instruction: 0,
                position: 0,
                invocation: invocation(owner, 1),
            }],
        };
        for nonce in [0, 1] {
            let found = posted_terms(&invocations, &pda::job(&owner, nonce)).unwrap();
            assert_eq!((found.nonce, found.price_cap), (nonce, 77));
        }
        assert!(posted_terms(&invocations, &pda::job(&owner, 2)).is_none());
        // The same instruction of another program does not count.
        let mut other = invocation(owner, 0);
        other.program = Pubkey::new_unique();
        let invocations = Invocations {
            outer: vec![other],
            inner: Vec::new(),
        };
        assert!(posted_terms(&invocations, &pda::job(&owner, 0)).is_none());
    }
}
