//! Sockets, which are not supported. The functions exist because standard libraries import them.

use super::super::abi::Errno;
use super::super::guest::{CallResult, Guest};

/// No descriptor is a socket.
fn not_a_socket(guest: &Guest<'_>, fd: u32) -> CallResult {
    guest.state.fds.get(fd)?;
    Err(Errno::NOTSUP.into())
}

pub(crate) fn sock_accept(guest: &mut Guest<'_>, fd: u32, _: u32, _: u32) -> CallResult {
    not_a_socket(guest, fd)
}

pub(crate) fn sock_recv(
    guest: &mut Guest<'_>,
    fd: u32,
    _buffers: u32,
    _count: u32,
    _flags: u32,
    _out: u32,
    _out_flags: u32,
) -> CallResult {
    not_a_socket(guest, fd)
}

pub(crate) fn sock_send(
    guest: &mut Guest<'_>,
    fd: u32,
    _buffers: u32,
    _count: u32,
    _flags: u32,
    _out: u32,
) -> CallResult {
    not_a_socket(guest, fd)
}

pub(crate) fn sock_shutdown(guest: &mut Guest<'_>, fd: u32, _how: u32) -> CallResult {
    not_a_socket(guest, fd)
}
