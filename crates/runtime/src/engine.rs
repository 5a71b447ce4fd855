//! Compiles and runs programs, and enforces the time limit and cancellation of a run.

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

/// Native stack for WebAssembly: 16 times the limit of the stack meter, so the meter ends a recursion
/// first.
const NATIVE_STACK_BYTES: usize = 64 << 20;
/// Additional native stack for calls of the host.
const HOST_STACK_BYTES: usize = 2 << 20;
/// Interval at which the time limit and cancellation of a run are checked.
const WATCH_INTERVAL: Duration = Duration::from_millis(10);
/// Compiles and runs programs. One instance serves a whole process, from any number of threads.
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
    /// A runtime with a fuel meter.
    ///
    /// # Errors
    /// [`RunError::Host`] if WebAssembly cannot be compiled for this machine.
    pub fn new() -> Result<Self, RunError> {
        Self::with_meter(true)
    }

    /// A runtime without a fuel meter, to measure the cost of the meter. Its outcomes are not results: the
    /// fuel is 0, and an endless program runs until the time limit.
    ///
    /// # Errors
    /// See [`Runtime::new`].
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

    /// Checks and compiles a module. Takes about a second per megabyte.
    ///
    /// # Errors
    /// [`RunError::NotWasm`], [`RunError::TooLarge`], [`RunError::UnsupportedImport`] or
    /// [`RunError::NoStart`] if the module is not a program that this runtime can run.
    pub fn compile(&self, wasm: &[u8]) -> Result<Program, RunError> {
        program::compile(&self.linker, wasm)
    }

    /// Runs `program` until it ends. Blocks.
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

    /// Runs `program` until it ends or `cancel` is true. Blocks.
    ///
    /// # Errors
    /// [`RunError::BadInput`] if the input cannot be passed to a program; [`RunError::Timeout`],
    /// [`RunError::Cancelled`] and [`RunError::Host`] if this host did not finish the run. A failure of the
    /// program itself is a [`RunOutcome`].
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

    /// Runs `work` on a thread with a large stack, and interrupts it on timeout or cancellation.
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
                    // The receiver is gone only if the watching thread has panicked.
                    let _ = done.send(());
                    result
                })
                .map_err(|error| RunError::Host(format!("cannot start a thread: {error}")))?;
            let mut reason = None;
            while let Err(RecvTimeoutError::Timeout) = finished.recv_timeout(WATCH_INTERVAL) {
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
                Ok(Err(Stop::Host(reason))) => Err(RunError::Host(reason)),
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

/// Instantiates and runs the program.
fn call(store: &mut Store<Host>, program: &Program) -> Result<(), wasmtime::Error> {
    let instance = program.ready.instantiate(&mut *store)?;
    let start = instance.get_typed_func::<(), ()>(&mut *store, START)?;
    start.call(&mut *store, ())
}

/// The outcome of a run that ended with `end`.
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
