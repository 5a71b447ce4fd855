//! The overhead of the fuel meter.

use crate::figures::{Figures, percentile};
use anyhow::{Context, Result, ensure};
use millrace_protocol::hash::Digest;
use millrace_protocol::manifest::{Resolved, load};
use millrace_protocol::shard::{shard_blob, shard_seed, shard_stdin};
use millrace_runtime::{Exit, Program, RunInput, RunLimits, Runtime};
use millrace_testkit::jobs::repository;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs with and without the meter, alternating.
const RUNS: usize = 7;
/// The shard of the render example that is run.
const SHARD: u32 = 3;

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let job = load(&repository().join("examples/render/job.toml"))?;
    let (metered, plain) = (Runtime::new()?, Runtime::unmetered()?);
    let wasm = blob(&job, &job.manifest.program)?;
    let (under_fuel, without) = (metered.compile(&wasm)?, plain.compile(&wasm)?);
    let (mut with_meter, mut without_meter) = (Vec::new(), Vec::new());
    let mut units = 0.0;
    for _ in 0..RUNS {
        let (took, fuel) = run(&metered, &under_fuel, &job)?;
        with_meter.push(took);
        units = fuel as f64 / 1e6;
        without_meter.push(run(&plain, &without, &job)?.0);
    }
    let (with_meter, without_meter) = (percentile(&with_meter, 50), percentile(&without_meter, 50));
    figures.note_with(
        "runtime.fuel_overhead",
        (with_meter / without_meter - 1.0) * 100.0,
        "%",
        format!("{with_meter:.3} s a shard of the render example, {without_meter:.3} s without"),
    );
    figures.note("runtime.units_per_s", units / with_meter, "units/s");
    Ok(())
}

fn run(runtime: &Runtime, program: &Program, job: &Resolved) -> Result<(f64, u64)> {
    let manifest = &job.manifest;
    let content = match shard_blob(manifest, SHARD)? {
        Some(digest) => blob(job, digest)?,
        None => Arc::default(),
    };
    let files = manifest.inputs.iter();
    let files = files.map(|(name, input)| Ok((name.clone(), blob(job, &input.digest)?)));
    let files = files.collect::<Result<Vec<_>>>()?;
    let input = RunInput {
        args: &manifest.args,
        env: &[],
        stdin: shard_stdin(manifest, SHARD, &content)?,
        files: &files,
        seed: shard_seed(&[0; 32], SHARD),
    };
    let limits = RunLimits {
        fuel: manifest.limits.fuel,
        memory_bytes: manifest.limits.memory,
        output_bytes: manifest.limits.output,
        log_bytes: manifest.limits.log,
        wall: Duration::from_millis(manifest.limits.wall_ms),
    };
    let start = Instant::now();
    let outcome = runtime.run(program, input, &limits)?;
    ensure!(
        outcome.exit == Exit::Ok,
        "the example ended with {}",
        outcome.exit
    );
    Ok((start.elapsed().as_secs_f64(), outcome.fuel))
}

fn blob(job: &Resolved, digest: &Digest) -> Result<Arc<[u8]>> {
    let found = job.blobs.iter().find(|(name, _)| name == digest);
    Ok(Arc::clone(
        &found.context("a blob of the example is missing")?.1,
    ))
}
