//! Planning time: with ten thousand open jobs and a thousand providers, and its growth.

use crate::figures::{Figures, percentile};
use anyhow::Result;
use millrace_client::program::math::sortition::ADMIT_ALL;
use millrace_orchestrator::simulation::{Scale, Simulation};

/// Open jobs and connected providers.
const SIZES: [(usize, usize); 4] = [
    (10_000, 1_000),
    (100_000, 1_000),
    (100_000, 100_000),
    (100_000, 1_000_000),
];
/// Plans in the steady state.
const STEADY_STEPS: usize = 10;
/// Providers and jobs per second of the networks with a flow of jobs.
const FLOW: [(usize, usize); 3] = [(1_000, 100), (100_000, 1_000), (1_000_000, 10_000)];
/// Slots of those networks, of 400 ms.
const FLOW_SLOTS: usize = 50;
const SLOTS_PER_10_SECS: usize = 25;

const SCALE: Scale = Scale {
    providers: 0,
    capacity: 4,
    clients: 100,
    seats: 3,
    sortition_start: ADMIT_ALL,
    work_slots: 10,
};

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    for (jobs, providers) in SIZES {
        jobs_at_once(figures, jobs, providers);
    }
    for (providers, rate) in FLOW {
        flow(figures, providers, rate);
    }
    Ok(())
}

/// All jobs exist at the start: the first plan assigns all free providers, later ones find all of them
/// busy.
fn jobs_at_once(figures: &mut Figures, jobs: usize, providers: usize) {
    let mut simulation = Simulation::new(Scale {
        providers,
        work_slots: u64::MAX / 2,
        ..SCALE
    });
    simulation.post(jobs);
    let first = simulation.step();
    let name = |what: &str| match (jobs, providers) {
        (10_000, 1_000) => format!("plan.{what}"),
        _ => format!("plan.{jobs}x{providers}.{what}"),
    };
    let micros =
        |plan: std::time::Duration, parts: usize| plan.as_secs_f64() * 1e6 / parts.max(1) as f64;
    figures.note_with(
        name("us_per_seated_job"),
        micros(first.plan, first.assigned),
        "µs",
        format!("{} of {jobs} jobs assigned in one plan", first.assigned),
    );
    let steady: Vec<f64> = (0..STEADY_STEPS)
        .map(|_| micros(simulation.step().plan, jobs))
        .collect();
    figures.note_with(
        name("us_per_job"),
        percentile(&steady, 50),
        "µs",
        format!("{jobs} open jobs, {providers} providers, as many at work as there is room for"),
    );
}

/// Jobs arrive and leave.
fn flow(figures: &mut Figures, providers: usize, rate: usize) {
    let mut simulation = Simulation::new(Scale {
        providers,
        clients: 1_000,
        ..SCALE
    });
    let (mut plans, mut assigned) = (Vec::new(), 0);
    for slot in 0..FLOW_SLOTS {
        let due = rate * 10 * (slot + 1) / SLOTS_PER_10_SECS - rate * 10 * slot / SLOTS_PER_10_SECS;
        simulation.post(due);
        let step = simulation.step();
        plans.push(step.plan.as_secs_f64() * 1e3);
        assigned += step.assigned;
    }
    let name = |what: &str| format!("plan.flow.{providers}x{rate}.{what}");
    figures.note_with(
        name("ms_per_slot.p50"),
        percentile(&plans, 50),
        "ms",
        format!("of 400; {assigned} shards assigned"),
    );
    let waited: Vec<f64> = simulation
        .slots_waited()
        .iter()
        .map(|slots| *slots as f64)
        .collect();
    figures.note(name("slots_waited.p99"), percentile(&waited, 99), "slots");
    let finished: Vec<f64> = simulation.finished_seats().map(f64::from).collect();
    figures.note_with(
        name("seats_per_provider.max"),
        percentile(&finished, 100),
        "seats",
        format!(
            "half of the providers have {} or less",
            percentile(&finished, 50)
        ),
    );
}
