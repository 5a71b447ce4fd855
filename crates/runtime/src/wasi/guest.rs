//! A program as seen by a call of the host: its memory, its fuel and the state of the host.

use wasmtime::{Caller, Extern, Memory};

use super::abi::Errno;
use super::host::{Host, HostState};
use crate::meter::HOST_CALL_FUEL;
use crate::outcome::{ProgramFailure, Stop};

/// Why a call of the host failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The call returns an error number, and the program continues.
    Errno(Errno),
    /// The run ends here.
    Stop(Stop),
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<ProgramFailure> for Fault {
    fn from(failure: ProgramFailure) -> Self {
        Self::Stop(Stop::Failed(failure))
    }
}

/// Result of a call of the host.
pub(crate) type CallResult<T = ()> = Result<T, Fault>;

/// What a call of the host operates on.
pub(crate) struct Guest<'a> {
    memory: &'a mut [u8],
    pub(crate) state: &'a mut HostState,
    fuel: u64,
}

/// Runs `call` with the caller's memory and fuel. Returns the error number; 0 means success.
pub(crate) fn enter(
    caller: &mut Caller<'_, Host>,
    call: impl FnOnce(&mut Guest<'_>) -> CallResult,
) -> wasmtime::Result<i32> {
    let metered = caller.data().metered;
    let fuel = if metered {
        caller.get_fuel()?
    } else {
        u64::MAX
    };
    let memory = memory(caller);
    let (reply, fuel) = {
        let (bytes, host) = match memory {
            Some(memory) => memory.data_and_store_mut(&mut *caller),
            None => (&mut [][..], caller.data_mut()),
        };
        let mut guest = Guest {
            memory: bytes,
            state: &mut host.state,
            fuel,
        };
        let reply = guest.charge(HOST_CALL_FUEL).and_then(|()| call(&mut guest));
        (reply, guest.fuel)
    };
    if metered {
        caller.set_fuel(fuel)?;
    }
    match reply {
        Ok(()) => Ok(0),
        Err(Fault::Errno(errno)) => Ok(errno.code()),
        Err(Fault::Stop(stop)) => Err(wasmtime::Error::new(stop)),
    }
}

/// The memory that the program exports; cached after the first lookup.
fn memory(caller: &mut Caller<'_, Host>) -> Option<Memory> {
    if let Some(memory) = caller.data().memory {
        return Some(memory);
    }
    let memory = caller.get_export("memory").and_then(Extern::into_memory)?;
    caller.data_mut().memory = Some(memory);
    Some(memory)
}

impl<'a> Guest<'a> {
    /// Charges `fuel`, or ends the run if not enough is left.
    pub(crate) fn charge(&mut self, fuel: u64) -> CallResult {
        if fuel >= self.fuel {
            self.fuel = 0;
            return Err(ProgramFailure::OutOfFuel.into());
        }
        self.fuel -= fuel;
        Ok(())
    }

    /// `len` bytes of memory at `at`.
    pub(crate) fn bytes(&self, at: u32, len: u32) -> CallResult<&[u8]> {
        let (at, len) = (at as usize, len as usize);
        let bytes = self.memory.get(at..).and_then(|tail| tail.get(..len));
        Ok(bytes.ok_or(Errno::FAULT)?)
    }

    /// `len` writable bytes of memory at `at`, and the state.
    pub(crate) fn bytes_mut(
        &mut self,
        at: u32,
        len: u32,
    ) -> CallResult<(&mut [u8], &mut HostState)> {
        let (at, len) = (at as usize, len as usize);
        let bytes = self.memory.get_mut(at..).and_then(|t| t.get_mut(..len));
        Ok((bytes.ok_or(Errno::FAULT)?, self.state))
    }

    /// `len` bytes of memory at `at`, and the mutable state.
    pub(crate) fn bytes_and_state(
        &mut self,
        at: u32,
        len: u32,
    ) -> CallResult<(&[u8], &mut HostState)> {
        let (bytes, state) = self.bytes_mut(at, len)?;
        Ok((bytes, state))
    }

    /// Writes `bytes` at `at`.
    pub(crate) fn write(&mut self, at: u32, bytes: &[u8]) -> CallResult {
        let len = u32::try_from(bytes.len()).map_err(|_| Errno::FAULT)?;
        self.bytes_mut(at, len)?.0.copy_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn write_u32(&mut self, at: u32, value: u32) -> CallResult {
        self.write(at, &value.to_le_bytes())
    }

    pub(crate) fn write_u64(&mut self, at: u32, value: u64) -> CallResult {
        self.write(at, &value.to_le_bytes())
    }

    pub(crate) fn read_u32(&self, at: u32) -> CallResult<u32> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.bytes(at, 4)?);
        Ok(u32::from_le_bytes(bytes))
    }

    /// The buffers of a vectored read or write. Charges for reading the list.
    pub(crate) fn buffers(&mut self, at: u32, count: u32) -> CallResult<IoVecs> {
        self.charge(2 * u64::from(count))?;
        let bytes = count.checked_mul(8).ok_or(Errno::INVAL)?;
        self.bytes(at, bytes)?;
        let mut total: u64 = 0;
        for index in 0..count {
            total += u64::from(self.read_u32(at + 8 * index + 4)?);
        }
        // The number of moved bytes is returned in 32 bits.
        let total = u32::try_from(total).map_err(|_| Errno::INVAL)?;
        Ok(IoVecs { at, count, total })
    }

    /// Address and length of one buffer.
    pub(crate) fn buffer(&self, buffers: &IoVecs, index: u32) -> CallResult<(u32, u32)> {
        let at = buffers.at + 8 * index;
        Ok((self.read_u32(at)?, self.read_u32(at + 4)?))
    }

    /// Reads a path and charges for it.
    pub(crate) fn path(&mut self, at: u32, len: u32) -> CallResult<String> {
        const MAX_PATH_BYTES: u32 = 4096;
        if len > MAX_PATH_BYTES {
            return Err(Errno::NAMETOOLONG.into());
        }
        self.charge(u64::from(len))?;
        let path = std::str::from_utf8(self.bytes(at, len)?).map_err(|_| Errno::ILSEQ)?;
        Ok(path.to_owned())
    }
}

/// A list of buffers, checked to be inside the memory.
pub(crate) struct IoVecs {
    at: u32,
    pub(crate) count: u32,
    /// Total length of the buffers in bytes.
    pub(crate) total: u32,
}
