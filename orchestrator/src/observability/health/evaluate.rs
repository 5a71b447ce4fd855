//! Evaluates health from its inputs. Performs no I/O.

use super::runway::Runway;
use super::{Kind, Problem};
use crate::config::HealthLimits;
use crate::observability::metrics::EndpointState;
use crate::observability::solvency::VaultBalance;
use std::time::Duration;

const SOL: f64 = 1e9;
/// A plan is made four times a second; after this long without one, the loop hangs.
pub(crate) const PLAN_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, Default)]
pub(crate) struct HealthInputs {
    pub stopping: bool,
    /// Time since the last plan.
    pub plan_age: Duration,
    /// Last answers of the endpoints.
    pub endpoints: Vec<EndpointState>,
    /// Time since the cluster's clock was read.
    pub clock_age: Option<Duration>,
    /// Newest slot that was seen.
    pub slot_seen: u64,
    /// Newest slot of any endpoint.
    pub slot_newest: u64,
    /// Age of the history's cursor, if one is stored.
    pub history_age: Option<Duration>,
    /// The chain's clock less this machine's, seconds.
    pub clock_skew: Option<i64>,
    /// Lamports of the payer, and how long they last.
    pub payer: Option<(u64, Runway)>,
    /// Balance of the payer below which no shards are assigned, lamports.
    pub payer_floor: u64,
    /// Why the last write to the store failed.
    pub store_failure: Option<String>,
    /// Why the shared store is unusable.
    pub leases_lost: Option<&'static str>,
    /// Connected agents that accept work.
    pub ready_agents: usize,
    /// Jobs with shards that cannot be placed.
    pub waiting_jobs: usize,
    /// Recorded balances and vaults.
    pub vault_balances: Vec<VaultBalance>,
}

/// Problems, the worst first.
pub(crate) fn evaluate(inputs: &HealthInputs, limits: &HealthLimits) -> Vec<Problem> {
    let checks = [
        stopping(inputs),
        planning(inputs),
        tokens(inputs),
        store(inputs),
        leases(inputs),
        endpoints(inputs),
        reading(inputs, limits),
        lag(inputs, limits),
        history(inputs, limits),
        skew(inputs, limits),
        payer(inputs, limits),
        agents(inputs),
    ];
    checks.into_iter().flatten().collect()
}

fn problem(kind: Kind, message: String) -> Option<Problem> {
    Some(Problem { kind, message })
}

fn stopping(inputs: &HealthInputs) -> Option<Problem> {
    let message = "shutting down: actions in flight are finished, and no new ones are started";
    inputs
        .stopping
        .then(|| problem(Kind::Stopping, message.to_owned()))?
}

fn planning(inputs: &HealthInputs) -> Option<Problem> {
    if inputs.stopping || inputs.plan_age < PLAN_TIMEOUT {
        return None;
    }
    let seconds = inputs.plan_age.as_secs();
    problem(
        Kind::NotPlanning,
        format!("no plan was made for {seconds} s"),
    )
}

fn tokens(inputs: &HealthInputs) -> Option<Problem> {
    let mut short = inputs.vault_balances.iter().filter(|sum| sum.missing > 0);
    let first = short.next()?;
    let (vault, missing, mint) = (first.vault.name(), first.missing, first.mint);
    let message = format!(
        "{missing} base units of mint {mint} are missing from vaults of {vault}, by their books"
    );
    problem(Kind::TokensMissing, message)
}

fn store(inputs: &HealthInputs) -> Option<Problem> {
    let reason = inputs.store_failure.as_ref()?;
    problem(
        Kind::StoreNotWritable,
        format!("the store takes no writes: {reason}"),
    )
}

fn leases(inputs: &HealthInputs) -> Option<Problem> {
    problem(Kind::LeasesLost, inputs.leases_lost?.to_owned())
}

fn endpoints(inputs: &HealthInputs) -> Option<Problem> {
    let failure = |endpoint: &EndpointState| {
        let reason = endpoint.slot.as_ref().err()?;
        Some(format!("{} ({reason})", endpoint.name))
    };
    let down: Vec<String> = inputs.endpoints.iter().filter_map(failure).collect();
    if down.is_empty() || down.len() < inputs.endpoints.len() {
        return None;
    }
    let message = format!("no endpoint answers: {}", down.join(", "));
    problem(Kind::EndpointsDown, message)
}

fn reading(inputs: &HealthInputs, limits: &HealthLimits) -> Option<Problem> {
    let message = match inputs.clock_age {
        None => "nothing was read from the chain yet".to_owned(),
        Some(age) if age >= limits.stale_after => {
            format!("nothing was read from the chain for {} s", age.as_secs())
        }
        Some(_) => return None,
    };
    problem(Kind::NotReading, message)
}

fn lag(inputs: &HealthInputs, limits: &HealthLimits) -> Option<Problem> {
    let lag = inputs.slot_newest.saturating_sub(inputs.slot_seen);
    if lag <= limits.slot_lag {
        return None;
    }
    let (seen, newest) = (inputs.slot_seen, inputs.slot_newest);
    let message = format!("what was seen is {lag} slots old: slot {seen}, the newest is {newest}");
    problem(Kind::SlotLag, message)
}

fn history(inputs: &HealthInputs, limits: &HealthLimits) -> Option<Problem> {
    let age = inputs
        .history_age
        .filter(|age| *age >= limits.history_age)?;
    let message = format!("the history was not read for {} s", age.as_secs());
    problem(Kind::HistoryOld, message)
}

fn skew(inputs: &HealthInputs, limits: &HealthLimits) -> Option<Problem> {
    let skew = inputs.clock_skew?;
    if skew.unsigned_abs() <= limits.clock_skew.as_secs() {
        return None;
    }
    let side = if skew > 0 { "ahead of" } else { "behind" };
    let seconds = skew.unsigned_abs();
    let message = format!("the chain's clock is {seconds} s {side} this machine's");
    problem(Kind::ClockSkew, message)
}

fn payer(inputs: &HealthInputs, limits: &HealthLimits) -> Option<Problem> {
    let (lamports, runway) = inputs.payer.as_ref()?;
    let sol = |lamports: u64| lamports as f64 / SOL;
    let has = sol(*lamports);
    let message = if *lamports < inputs.payer_floor {
        let floor = sol(inputs.payer_floor);
        format!("the key has {has} SOL, under the floor of {floor} SOL: no shards are assigned")
    } else if *lamports < limits.payer_low {
        let least = sol(limits.payer_low);
        format!("the key has {has} SOL, less than {least} SOL: {runway}")
    } else {
        return None;
    };
    problem(Kind::PayerLow, message)
}

fn agents(inputs: &HealthInputs) -> Option<Problem> {
    if inputs.ready_agents > 0 || inputs.waiting_jobs == 0 {
        return None;
    }
    let jobs = inputs.waiting_jobs;
    let message = format!("{jobs} jobs wait, and no agent that takes work is connected");
    problem(Kind::NoAgents, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observability::health::Spending;
    use crate::observability::solvency::Vault;
    use millrace_client::Pubkey;

    fn well() -> HealthInputs {
        let endpoint = |name: &str| EndpointState {
            name: name.to_owned(),
            slot: Ok(100),
        };
        HealthInputs {
            clock_age: Some(Duration::from_secs(1)),
            endpoints: vec![endpoint("a"), endpoint("b")],
            slot_seen: 99,
            slot_newest: 100,
            history_age: Some(Duration::from_secs(1)),
            clock_skew: Some(-2),
            payer: Some((SOL as u64, Spending::default().runway(SOL as u64))),
            ready_agents: 1,
            waiting_jobs: 1,
            ..HealthInputs::default()
        }
    }

    fn found(change: impl FnOnce(&mut HealthInputs)) -> Vec<Kind> {
        let mut inputs = well();
        change(&mut inputs);
        let problems = evaluate(&inputs, &HealthLimits::default());
        problems.into_iter().map(|problem| problem.kind).collect()
    }

    #[test]
    fn where_all_is_well_nothing_is_said() {
        assert_eq!(found(|_| {}), []);
    }

    #[test]
    fn each_problem_is_named_by_itself() {
        let limits = HealthLimits::default();
        let missing = VaultBalance {
            vault: Vault::Escrow,
            mint: Pubkey::default(),
            recorded: 2,
            vaults: 1,
            missing: 1,
        };
        assert_eq!(found(|f| f.stopping = true), [Kind::Stopping]);
        assert_eq!(found(|f| f.plan_age = PLAN_TIMEOUT), [Kind::NotPlanning]);
        assert_eq!(
            found(|f| f.vault_balances = vec![missing]),
            [Kind::TokensMissing]
        );
        assert_eq!(
            found(|f| f.store_failure = Some("full".into())),
            [Kind::StoreNotWritable]
        );
        assert_eq!(found(|f| f.leases_lost = Some("away")), [Kind::LeasesLost]);
        assert_eq!(found(|f| f.clock_age = None), [Kind::NotReading]);
        assert_eq!(
            found(|f| f.clock_age = Some(limits.stale_after)),
            [Kind::NotReading]
        );
        assert_eq!(
            found(|f| f.slot_newest = f.slot_seen + limits.slot_lag + 1),
            [Kind::SlotLag]
        );
        assert_eq!(
            found(|f| f.history_age = Some(limits.history_age)),
            [Kind::HistoryOld]
        );
        let far = limits.clock_skew.as_secs() as i64 + 1;
        assert_eq!(found(|f| f.clock_skew = Some(-far)), [Kind::ClockSkew]);
        assert_eq!(
            found(|f| f.payer = Some((1, Spending::default().runway(1)))),
            [Kind::PayerLow]
        );
        let mut poor = well();
        poor.payer_floor = 2 * SOL as u64;
        let told = evaluate(&poor, &HealthLimits::default());
        assert!(told[0].message.contains("under the floor"), "{told:?}");
        assert_eq!(found(|f| f.ready_agents = 0), [Kind::NoAgents]);
    }

    #[test]
    fn one_endpoint_that_answers_is_enough() {
        let down = |inputs: &mut HealthInputs, some: usize| {
            for endpoint in inputs.endpoints.iter_mut().take(some) {
                endpoint.slot = Err("refused".to_owned());
            }
        };
        assert_eq!(found(|inputs| down(inputs, 1)), []);
        assert_eq!(found(|inputs| down(inputs, 2)), [Kind::EndpointsDown]);
    }

    #[test]
    fn what_is_not_known_is_no_problem() {
        let unknown = |inputs: &mut HealthInputs| {
            inputs.history_age = None;
            inputs.clock_skew = None;
            inputs.payer = None;
        };
        assert_eq!(found(unknown), []);
    }
}
