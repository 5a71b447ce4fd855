//! Shrinks a failing sequence to the few steps that are needed.

use crate::action::{Action, Step};
use crate::world::JobId;
use serde_json::Value;

/// Maximum number of replays.
const REPLAYS: usize = 400;

/// Returns a short sequence for which `goes_wrong` is still true.
pub(crate) fn shrink(steps: Vec<Step>, mut goes_wrong: impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    let mut left = REPLAYS;
    let mut try_out = |steps: &[Step]| {
        left = left.saturating_sub(1);
        left > 0 && goes_wrong(steps)
    };
    let steps = without_parts(steps, &mut try_out);
    let steps = without_jobs(steps, &mut try_out);
    let steps = without_parts(steps, &mut try_out);
    simpler(steps, &mut try_out)
}

/// Removes parts of decreasing size.
fn without_parts(mut steps: Vec<Step>, goes_wrong: &mut impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    let mut size = steps.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        let mut shorter = false;
        while at < steps.len() {
            let end = (at + size).min(steps.len());
            let rest = [&steps[..at], &steps[end..]].concat();
            if goes_wrong(&rest) {
                (steps, shorter) = (rest, true)
            } else {
                at = end
            }
        }
        match size {
            1 if !shorter => return steps,
            1 => {}
            _ => size = size.div_ceil(2),
        }
    }
}

/// Removes jobs that are only needed because later jobs have the nonces after theirs, and renumbers the
/// later ones.
fn without_jobs(mut steps: Vec<Step>, goes_wrong: &mut impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    let mut at = 0;
    while at < steps.len() {
        let fewer = posted(&steps[at]).map(|job| {
            let rest = [&steps[..at], &steps[at + 1..]].concat();
            let rest = rest.iter().map(|step| renumbered(step, job));
            rest.collect::<Vec<_>>()
        });
        match fewer.filter(|fewer| goes_wrong(fewer)) {
            Some(fewer) => steps = fewer,
            None => at += 1,
        }
    }
    steps
}

/// The job that a step posts, if it does nothing else.
fn posted(step: &Step) -> Option<JobId> {
    match step {
        Step::Send(actions, None) => match actions.as_slice() {
            [Action::Post { by, terms }] => Some((*by, terms.nonce)),
            _ => None,
        },
        _ => None,
    }
}

/// The step with the nonces of the client's later jobs decreased by one.
fn renumbered(step: &Step, job: JobId) -> Step {
    let mut value = serde_json::to_value(step).unwrap();
    lower(&mut value, job);
    serde_json::from_value(value).unwrap()
}

fn lower(value: &mut Value, (client, gone): JobId) {
    let later = |number: &Value| number.as_u64().filter(|n| *n > gone);
    match value {
        Value::Array(all) => all.iter_mut().for_each(|v| lower(v, (client, gone))),
        Value::Object(fields) => {
            if let Some(Value::Array(job)) = fields.get_mut("job")
                && job[0] == client
                && let Some(number) = later(&job[1])
            {
                job[1] = (number - 1).into();
            }
            let own = fields.get("by").is_some_and(|by| *by == client);
            if let Some(terms) = fields.get_mut("terms")
                && own
                && let Some(number) = later(&terms["nonce"])
            {
                terms["nonce"] = (number - 1).into();
            }
            fields.values_mut().for_each(|v| lower(v, (client, gone)));
        }
        _ => {}
    }
}

/// Reduces transactions of several actions to one.
fn simpler(mut steps: Vec<Step>, goes_wrong: &mut impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    for at in 0..steps.len() {
        let Step::Send(actions, tampered) = steps[at].clone() else {
            continue;
        };
        if actions.len() > 1 {
            for action in actions {
                let mut simple = steps.clone();
                simple[at] = Step::Send(vec![action], tampered);
                if goes_wrong(&simple) {
                    steps = simple;
                    break;
                }
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Party, Terms};

    #[test]
    fn shrinking_keeps_only_relevant_steps() {
        let steps: Vec<Step> = (0..100).map(Step::PassTime).collect();
        let passes = |steps: &[Step], wanted: i64| {
            let mut steps = steps.iter();
            steps.any(|step| matches!(step, Step::PassTime(seconds) if *seconds == wanted))
        };
        let shrunk = shrink(steps, |steps| passes(steps, 17) && passes(steps, 80));
        let left = format!("{shrunk:?}");
        assert_eq!(left, "[PassTime(17), PassTime(80)]");
    }

    #[test]
    fn shrinking_renumbers_jobs_without_gaps() {
        let terms = |nonce| {
            let text = r#"{"mode":"Quorum","shards":1,"replicas":1,"quorum":1,"max_replicas":1,
                "price_cap":1,"max_units":1,"deadline":9,"commit":1,"reveal":1,"challenge":0,
                "audit_bps":0,"max_deposit":9,"min_cores":0,"orchestrator":null,"honest_units":1,
                "nonce":"#;
            serde_json::from_str::<Terms>(&format!("{text}{nonce}}}")).unwrap()
        };
        let post = |nonce| Action::Post {
            by: 1,
            terms: terms(nonce),
        };
        let mut actions: Vec<Action> = (0..5).map(post).collect();
        actions.extend([Action::Cancel {
            by: Party::Client(1),
            job: (1, 4),
        }]);
        let steps = actions
            .into_iter()
            .map(|action| Step::Send(vec![action], None));
        // A job exists only if all earlier nonces were posted.
        let cancels = |steps: &[Step]| {
            let mut next = 0;
            steps.iter().any(|step| match step {
                Step::Send(actions, _) => match &actions[0] {
                    Action::Post { terms, .. } => {
                        next += u64::from(terms.nonce == next);
                        false
                    }
                    Action::Cancel { job, .. } => job.1 < next,
                    _ => false,
                },
                _ => false,
            })
        };
        let shrunk = shrink(steps.collect(), cancels);
        assert_eq!(shrunk.len(), 2);
        let job = posted(&shrunk[0]);
        assert_eq!(job, Some((1, 0)));
        assert!(cancels(&shrunk));
    }
}
