//! One job's past, read from the chain itself: nobody's word is needed for it.

use super::chain::{self, Calls};
use super::walk::{Signed, Walk};
use super::{MAX_KEPT, PAGE_SIZE, RecordedEvent};
use crate::error::ChainError;
use crate::rpc::client::Rpc;
use anchor_lang::{AnchorDeserialize, Discriminator};
use millrace_program::PostJobArgs;
use millrace_program::instruction::PostJob;
use solana_sdk::pubkey::Pubkey;

/// The events of a job in their order, from the finalized transactions that name its account. Empty if
/// none of them is final yet, or if the endpoint does not keep transactions that old. Includes events of
/// those transactions that this build does not recognize: they may belong to the job.
///
/// # Errors
/// Those of the endpoint.
pub async fn job_events(rpc: &Rpc, job: &Pubkey) -> Result<Vec<RecordedEvent>, ChainError> {
    let walk = Walk {
        rpc,
        address: *job,
        page: PAGE_SIZE,
        max_kept: MAX_KEPT,
    };
    let walked = walk.back_to(None).await?;
    let mut events = chain::events_of_all(rpc, &walked.oldest_first).await?;
    // A transaction may involve other jobs too.
    events.retain(|one| one.event.job() == Some(*job) || one.event.is_unknown());
    Ok(events)
}

/// The terms that a client signed, from the transaction that posted the job; `None` where they are not in
/// it.
///
/// # Errors
/// Those of the endpoint.
pub async fn job_terms(
    rpc: &Rpc,
    job: &Pubkey,
    posted: &RecordedEvent,
) -> Result<Option<PostJobArgs>, ChainError> {
    let signed = Signed {
        slot: posted.slot,
        time: posted.time,
        signature: posted.signature.clone(),
        failed: false,
    };
    let calls = chain::calls(rpc, &signed).await?;
    Ok(posting(&calls, job))
}

/// What posted this job, be it an instruction of the transaction or one that it called.
fn posting(calls: &Calls, job: &Pubkey) -> Option<PostJobArgs> {
    let inner = calls.inner.iter().map(|called| &called.call);
    let mut all = calls.outer.iter().chain(inner);
    all.find_map(|call| {
        let ours = call.program == crate::pda::PROGRAM && call.accounts.contains(job);
        let data = call.data.strip_prefix(PostJob::DISCRIMINATOR)?;
        ours.then(|| PostJobArgs::deserialize(&mut &data[..]).ok())?
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::invocation::Invocation;
    use super::*;
    use crate::history::chain::Called;
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

    fn call(owner: Pubkey, nonce: u64) -> Invocation {
        let mints = Mints::from(&Network::zeroed());
        let instruction = post_job(owner, mints, args(nonce));
        Invocation {
            program: instruction.program_id,
            accounts: instruction.accounts.iter().map(|a| a.pubkey).collect(),
            data: instruction.data,
        }
    }

    #[test]
    fn the_terms_are_those_of_the_instruction_that_made_this_very_job() {
        let owner = Pubkey::new_unique();
        let calls = Calls {
            outer: vec![call(owner, 0)],
            inner: vec![Called {
                instruction: 0,
                position: 0,
                call: call(owner, 1),
            }],
        };
        for nonce in [0, 1] {
            let found = posting(&calls, &pda::job(&owner, nonce)).unwrap();
            assert_eq!((found.nonce, found.price_cap), (nonce, 77));
        }
        assert!(posting(&calls, &pda::job(&owner, 2)).is_none());
        // A look-alike of another program is none.
        let mut other = call(owner, 0);
        other.program = Pubkey::new_unique();
        let calls = Calls {
            outer: vec![other],
            inner: Vec::new(),
        };
        assert!(posting(&calls, &pda::job(&owner, 0)).is_none());
    }
}
