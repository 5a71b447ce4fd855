//! A host for WASI preview 1 that lives in memory alone: it has no way to reach a file, a clock or
//! a source of randomness of the machine it runs on, so nothing of that machine can show in a
//! result.

mod abi;
mod capture;
mod clock;
mod fd;
mod fds;
mod files;
mod guest;
mod path;
mod process;
mod random;
mod sock;

use std::sync::Arc;

use wasmtime::{Caller, Linker, Memory};

use crate::engine::ShardInput;
use crate::error::RunError;
use crate::limits::{Limits, MemoryLimiter};
use crate::outcome::{Failure, STACK_OVERFLOW, Stop};
use crate::program::{METER_MODULE, METER_NAME, METER_OVERFLOW};
use capture::Capture;
use fds::Fds;
use files::Tree;
use guest::enter;
use process::Strings;
use random::Random;

/// What all clocks say: 2020-01-01T00:00:00Z, in nanoseconds since 1970.
pub const CLOCK_NANOS: u64 = 1_577_836_800_000_000_000;
/// Fuel that each call of the host costs.
pub const HOST_CALL_FUEL: u64 = 200;
/// Fuel that a random byte costs: it has to be hashed.
pub const RANDOM_FUEL_PER_BYTE: u64 = 8;

/// Name of the module that programs import WASI from.
pub(crate) const MODULE: &str = "wasi_snapshot_preview1";
/// `argv[0]`.
const PROGRAM_NAME: &str = "program";

/// What belongs to one run.
pub(crate) struct Host {
    /// Whether there is a fuel meter to charge.
    pub(crate) metered: bool,
    pub(crate) limiter: MemoryLimiter,
    /// The program's memory, once it was looked up.
    memory: Option<Memory>,
    pub(crate) state: State,
}

/// What the calls of WASI work on.
pub(crate) struct State {
    args: Arc<Strings>,
    env: Arc<Strings>,
    stdin: Arc<[u8]>,
    files: Tree,
    fds: Fds,
    random: Random,
    output: Capture,
    log: Capture,
}

impl Host {
    pub(crate) fn new(
        input: &ShardInput<'_>,
        limits: &Limits,
        metered: bool,
    ) -> Result<Self, RunError> {
        let args = std::iter::once(PROGRAM_NAME.to_owned()).chain(input.args.iter().cloned());
        let env = input
            .env
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        if let Some((name, _)) = input
            .env
            .iter()
            .find(|(n, _)| n.is_empty() || n.contains('='))
        {
            return Err(RunError::BadInput {
                what: "environment".into(),
                reason: format!("`{}` is no name of a variable", name.escape_debug()),
            });
        }
        Ok(Self {
            metered,
            limiter: MemoryLimiter::new(limits.memory_bytes),
            memory: None,
            state: State {
                args: Arc::new(Strings::new("arguments", args)?),
                env: Arc::new(Strings::new("environment", env)?),
                stdin: input.stdin.into(),
                files: Tree::new(input.files)?,
                fds: Fds::new(input.stdin.len() as u64),
                random: Random::new(input.seed),
                output: Capture::new(limits.output_bytes),
                log: Capture::new(limits.log_bytes),
            },
        })
    }

    /// Output, log, and whether the log lost its end.
    pub(crate) fn finish(self) -> (Vec<u8>, Vec<u8>, bool) {
        let (log, truncated) = self.state.log.finish();
        (self.state.output.finish().0, log, truncated)
    }
}

/// Defines [`offers`] and `define_calls` from one list, so that what is offered is what is linked.
macro_rules! calls {
    ($($file:ident: { $($name:ident($($arg:ident: $ty:ty),*);)* })*) => {
        /// Whether this host has the function `name`.
        pub(crate) fn offers(name: &str) -> bool {
            matches!(name, $($(stringify!($name))|*)|* | "proc_exit")
        }

        fn define_calls(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
            $($(
                linker.func_wrap(
                    MODULE,
                    stringify!($name),
                    |mut caller: Caller<'_, Host>, $($arg: $ty),*| -> wasmtime::Result<i32> {
                        enter(&mut caller, |guest| $file::$name(guest, $($arg),*))
                    },
                )?;
            )*)*
            Ok(())
        }
    };
}

calls! {
    clock: {
        clock_res_get(clock: u32, out: u32);
        clock_time_get(clock: u32, precision: u64, out: u32);
        poll_oneoff(subscriptions: u32, events: u32, count: u32, out: u32);
    }
    fd: {
        fd_advise(fd: u32, offset: u64, len: u64, advice: u32);
        fd_allocate(fd: u32, offset: u64, len: u64);
        fd_close(fd: u32);
        fd_datasync(fd: u32);
        fd_fdstat_get(fd: u32, out: u32);
        fd_fdstat_set_flags(fd: u32, flags: u32);
        fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64);
        fd_filestat_get(fd: u32, out: u32);
        fd_filestat_set_size(fd: u32, size: u64);
        fd_filestat_set_times(fd: u32, access: u64, modification: u64, flags: u32);
        fd_pread(fd: u32, buffers: u32, count: u32, position: u64, out: u32);
        fd_prestat_get(fd: u32, out: u32);
        fd_prestat_dir_name(fd: u32, out: u32, len: u32);
        fd_pwrite(fd: u32, buffers: u32, count: u32, position: u64, out: u32);
        fd_read(fd: u32, buffers: u32, count: u32, out: u32);
        fd_readdir(fd: u32, buffer: u32, len: u32, cookie: u64, out: u32);
        fd_renumber(from: u32, to: u32);
        fd_seek(fd: u32, offset: u64, whence: u32, out: u32);
        fd_sync(fd: u32);
        fd_tell(fd: u32, out: u32);
        fd_write(fd: u32, buffers: u32, count: u32, out: u32);
    }
    path: {
        path_create_directory(fd: u32, path: u32, len: u32);
        path_filestat_get(fd: u32, lookup: u32, path: u32, len: u32, out: u32);
        path_filestat_set_times(fd: u32, lookup: u32, path: u32, len: u32, access: u64, modification: u64, flags: u32);
        path_link(fd: u32, lookup: u32, path: u32, len: u32, new_fd: u32, new_path: u32, new_len: u32);
        path_open(fd: u32, lookup: u32, path: u32, len: u32, flags: u32, base: u64, inheriting: u64, fd_flags: u32, out: u32);
        path_readlink(fd: u32, path: u32, len: u32, buffer: u32, buffer_len: u32, out: u32);
        path_remove_directory(fd: u32, path: u32, len: u32);
        path_rename(fd: u32, path: u32, len: u32, new_fd: u32, new_path: u32, new_len: u32);
        path_symlink(old_path: u32, old_len: u32, fd: u32, new_path: u32, new_len: u32);
        path_unlink_file(fd: u32, path: u32, len: u32);
    }
    process: {
        args_get(pointers: u32, buffer: u32);
        args_sizes_get(count: u32, bytes: u32);
        environ_get(pointers: u32, buffer: u32);
        environ_sizes_get(count: u32, bytes: u32);
        proc_raise(signal: u32);
        sched_yield();
    }
    random: {
        random_get(at: u32, len: u32);
    }
    sock: {
        sock_accept(fd: u32, flags: u32, out: u32);
        sock_recv(fd: u32, buffers: u32, count: u32, flags: u32, out: u32, out_flags: u32);
        sock_send(fd: u32, buffers: u32, count: u32, flags: u32, out: u32);
        sock_shutdown(fd: u32, how: u32);
    }
}

/// Gives `linker` all of WASI and the stack meter's function.
pub(crate) fn define(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    define_calls(linker)?;
    linker.func_wrap(
        MODULE,
        "proc_exit",
        |mut caller: Caller<'_, Host>, code: u32| -> wasmtime::Result<()> {
            enter(&mut caller, |guest| process::proc_exit(guest, code)).map(|_| ())
        },
    )?;
    linker.func_wrap(
        METER_MODULE,
        METER_NAME,
        |what: i32| -> wasmtime::Result<()> {
            if what == METER_OVERFLOW {
                let overflow = Failure::Trap(STACK_OVERFLOW.into());
                return Err(wasmtime::Error::new(Stop::Failed(overflow)));
            }
            Ok(())
        },
    )?;
    Ok(())
}
