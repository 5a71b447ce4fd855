//! The engine that runs programs, and the watch over a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use wasmparser::WasmFeatures;
use wasmtime::{Config, Engine, Linker, OperatorCost, Store, UpdateDeadline, VariableOperatorCost};

use crate::error::RunError;
use crate::input::RunInput;
use crate::limits::RunLimits;
use crate::meter::FUEL_PER_PAGE;
use crate::outcome::{Exit, ProgramFailure, RunOutcome, Stop, is_metered_exactly};
use crate::program::survey::{FEATURES, START};
use crate::program::{self, Program};
use crate::wasi;
use crate::wasi::host::Host;

/// Native stack for WebAssembly: 16 times what the program's own meter grants, so that the meter
/// is what ends a recursion.
const NATIVE_STACK_BYTES: usize = 64 << 20;
/// Native stack for the host's calls, beyond that.
const HOST_STACK_BYTES: usize = 2 << 20;
/// How often a run's time and its cancellation are looked at.
const WATCH_EVERY: Duration = Duration::from_millis(10);
/// Compiles and runs programs. One serves a whole process, from any number of threads.
pub struct Runtime {
    engine: Engine,
    linker: Linker<Host>,
    metered: bool,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("metered", &self.metered)
            .finish_non_exhaustive()
    }
}

impl Runtime {
    /// A runtime that gives results.
    ///
    /// # Errors
    /// [`RunError::Host`] on a machine that WebAssembly can't be compiled for.
    pub fn new() -> Result<Self, RunError> {
        Self::with_meter(true)
    }

    /// A runtime without a fuel meter, to measure what the meter costs. What it gives is no result:
    /// fuel reads 0, and a program that does not end runs until `wall` is over.
    ///
    /// # Errors
    /// As [`Runtime::new`].
    pub fn unmetered() -> Result<Self, RunError> {
        Self::with_meter(false)
    }

    fn with_meter(metered: bool) -> Result<Self, RunError> {
        let engine = Engine::new(&config(metered)).map_err(host)?;
        let mut linker = Linker::new(&engine);
        wasi::define(&mut linker).map_err(host)?;
        Ok(Self {
            engine,
            linker,
            metered,
        })
    }

    /// Checks and compiles a module. This takes about a second per megabyte.
    ///
    /// # Errors
    /// [`RunError::NotWasm`], [`RunError::TooLarge`], [`RunError::UnsupportedImport`] or
    /// [`RunError::NoStart`] if it is not a program that can be run here.
    pub fn compile(&self, wasm: &[u8]) -> Result<Program, RunError> {
        program::compile(&self.linker, wasm)
    }

    /// Runs `program` to its end. Blocks.
    ///
    /// # Errors
    /// See [`Runtime::run_until`].
    pub fn run(
        &self,
        program: &Program,
        input: RunInput<'_>,
        limits: &RunLimits,
    ) -> Result<RunOutcome, RunError> {
        self.run_until(program, input, limits, &AtomicBool::new(false))
    }

    /// Runs `program` to its end, or until `cancel` is true. Blocks.
    ///
    /// # Errors
    /// [`RunError::BadInput`] if the input can't be handed to any program; [`RunError::Timeout`],
    /// [`RunError::Cancelled`] and [`RunError::Host`] if this host did not finish. Everything that
    /// the program itself does wrong is a [`RunOutcome`].
    pub fn run_until(
        &self,
        program: &Program,
        input: RunInput<'_>,
        limits: &RunLimits,
        cancel: &AtomicBool,
    ) -> Result<RunOutcome, RunError> {
        if !Engine::same(program.ready.module().engine(), &self.engine) {
            return Err(RunError::Host(
                "the program was compiled by another runtime".into(),
            ));
        }
        let data = Host::new(&input, limits, self.metered)?;
        let stop = Arc::new(AtomicBool::new(false));
        let mut store = Store::new(&self.engine, data);
        store.limiter(|host| &mut host.limiter);
        if self.metered {
            store.set_fuel(limits.fuel).map_err(host)?;
        }
        store.set_epoch_deadline(1);
        let stopped = Arc::clone(&stop);
        store.epoch_deadline_callback(move |_| {
            if stopped.load(Ordering::Relaxed) {
                return Err(wasmtime::Error::new(Stop::Interrupted));
            }
            Ok(UpdateDeadline::Continue(1))
        });
        self.watch(limits.wall, cancel, &stop, move || {
            let end = call(&mut store, program);
            finish(store, end, limits.fuel)
        })
    }

    /// Runs `work` on a thread with a large stack, and tells it to stop when it is time.
    fn watch(
        &self,
        wall: Duration,
        cancel: &AtomicBool,
        stop: &AtomicBool,
        work: impl FnOnce() -> Result<RunOutcome, Stop> + Send,
    ) -> Result<RunOutcome, RunError> {
        let deadline = Instant::now().checked_add(wall);
        thread::scope(|scope| {
            let (done, finished) = channel();
            let worker = thread::Builder::new()
                .name("shard".into())
                .stack_size(NATIVE_STACK_BYTES + HOST_STACK_BYTES)
                .spawn_scoped(scope, move || {
                    let result = work();
                    // Nobody listens only if the watch below has panicked.
                    let _ = done.send(());
                    result
                })
                .map_err(|error| RunError::Host(format!("it could not start a thread: {error}")))?;
            let mut reason = None;
            while let Err(RecvTimeoutError::Timeout) = finished.recv_timeout(WATCH_EVERY) {
                if reason.is_none() {
                    reason = reason_to_stop(cancel, deadline, wall);
                }
                if reason.is_some() {
                    stop.store(true, Ordering::Relaxed);
                    self.engine.increment_epoch();
                }
            }
            match worker.join() {
                Ok(Ok(outcome)) => Ok(outcome),
                Ok(Err(Stop::Host(trouble))) => Err(RunError::Host(trouble)),
                Ok(Err(other)) => Err(reason.unwrap_or_else(|| RunError::Host(other.to_string()))),
                Err(_) => Err(RunError::Host("the thread of the run panicked".into())),
            }
        })
    }
}

fn reason_to_stop(
    cancel: &AtomicBool,
    deadline: Option<Instant>,
    wall: Duration,
) -> Option<RunError> {
    if cancel.load(Ordering::Relaxed) {
        return Some(RunError::Cancelled);
    }
    let seconds = wall.as_millis().div_ceil(1000);
    (deadline? <= Instant::now()).then_some(RunError::Timeout {
        seconds: u64::try_from(seconds).unwrap_or(u64::MAX),
    })
}

/// Instantiates and runs. Returns how it ended.
fn call(store: &mut Store<Host>, program: &Program) -> Result<(), wasmtime::Error> {
    let instance = program.ready.instantiate(&mut *store)?;
    let start = instance.get_typed_func::<(), ()>(&mut *store, START)?;
    start.call(&mut *store, ())
}

/// The outcome of a run that ended so.
fn finish(
    store: Store<Host>,
    end: Result<(), wasmtime::Error>,
    limit: u64,
) -> Result<RunOutcome, Stop> {
    let mut exit = match end {
        Ok(()) => Exit::Ok,
        Err(error) => Stop::of(&error).exit()?,
    };
    let mut fuel = 0;
    if store.data().metered {
        let left = store
            .get_fuel()
            .map_err(|error| Stop::Host(error.to_string()))?;
        if left == 0 {
            exit = Exit::Failed(ProgramFailure::OutOfFuel);
        }
        fuel = match &exit {
            Exit::Failed(ProgramFailure::OutOfFuel) => limit,
            Exit::Failed(failure) if !is_metered_exactly(failure) => limit,
            _ => limit - left,
        };
    }
    let (output, log, log_truncated) = store.into_data().finish();
    let output = match exit {
        Exit::Failed(_) => Vec::new(),
        Exit::Ok | Exit::Code(_) => output,
    };
    Ok(RunOutcome {
        exit,
        output,
        log,
        log_truncated,
        fuel,
    })
}

fn config(metered: bool) -> Config {
    let mut cost = OperatorCost::new();
    cost.variable = VariableOperatorCost {
        memory_grow_per_page: FUEL_PER_PAGE,
        ..VariableOperatorCost::new()
    };
    let mut config = Config::new();
    config
        .wasm_features(WasmFeatures::all().difference(FEATURES), false)
        .wasm_features(FEATURES, true)
        .relaxed_simd_deterministic(true)
        .cranelift_nan_canonicalization(true)
        .consume_fuel(metered)
        .operator_cost(cost)
        .epoch_interruption(true)
        .max_wasm_stack(NATIVE_STACK_BYTES)
        .async_stack_size(NATIVE_STACK_BYTES + HOST_STACK_BYTES)
        .wasm_backtrace_max_frames(None);
    config
}

fn host(error: wasmtime::Error) -> RunError {
    RunError::Host(format!("{error:#}"))
}
