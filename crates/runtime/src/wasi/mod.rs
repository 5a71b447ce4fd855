//! An in-memory host for WASI preview 1. It has no access to files, clocks or randomness of the machine,
//! so a result cannot depend on them. `README.md` in this folder lists the supported functions.

mod abi;
mod calls;
mod capture;
mod fds;
mod files;
mod guest;
pub(crate) mod host;
mod random;
mod strings;

use wasmtime::{Caller, Linker};

use crate::meter::{METER_MODULE, METER_NAME, METER_OVERFLOW};
use crate::outcome::{ProgramFailure, STACK_OVERFLOW, Stop};
use calls::{clock, fd, path, process, random as random_calls, sock};
use guest::enter;
use host::Host;

pub use calls::clock::CLOCK_NANOS;

/// Name of the module that programs import WASI from.
pub(crate) const MODULE: &str = "wasi_snapshot_preview1";
/// Defines [`offers`] and `define_calls` from one list, so they cannot differ.
macro_rules! calls {
    ($($file:ident: { $($name:ident($($arg:ident: $ty:ty),*);)* })*) => {
        /// Whether this host provides the function `name`.
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
    random_calls: {
        random_get(at: u32, len: u32);
    }
    sock: {
        sock_accept(fd: u32, flags: u32, out: u32);
        sock_recv(fd: u32, buffers: u32, count: u32, flags: u32, out: u32, out_flags: u32);
        sock_send(fd: u32, buffers: u32, count: u32, flags: u32, out: u32);
        sock_shutdown(fd: u32, how: u32);
    }
}

/// Adds the functions of WASI and of the stack meter to `linker`.
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
                let overflow = ProgramFailure::Trap(STACK_OVERFLOW.into());
                return Err(wasmtime::Error::new(Stop::Failed(overflow)));
            }
            Ok(())
        },
    )?;
    Ok(())
}
