//! Functions on paths. The file tree is readable and not writable.

use super::super::abi::{Errno, FileType, filestat, oflags, rights};
use super::super::fds::Target;
use super::super::files::{Node, NodeId, Tree};
use super::super::guest::{CallResult, Guest};
use super::clock::CLOCK_NANOS;

/// The node at `path`, relative to the directory `fd`.
fn node(guest: &mut Guest<'_>, fd: u32, path: u32, len: u32) -> CallResult<NodeId> {
    let folder = match guest.state.fds.get(fd)?.target {
        Target::Node(node) => node,
        Target::Stdin | Target::Stdout | Target::Stderr => return Err(Errno::NOTDIR.into()),
    };
    let path = guest.path(path, len)?;
    Ok(guest.state.files.resolve(folder, &path)?)
}

#[expect(clippy::too_many_arguments, reason = "as WASI defines it")]
pub(crate) fn path_open(
    guest: &mut Guest<'_>,
    fd: u32,
    _lookup: u32,
    path: u32,
    len: u32,
    flags: u32,
    base: u64,
    _inheriting: u64,
    _fd_flags: u32,
    out: u32,
) -> CallResult {
    let found = node(guest, fd, path, len);
    if flags & (oflags::CREATE | oflags::EXCLUSIVE | oflags::TRUNCATE) != 0 {
        return Err(Errno::ROFS.into());
    }
    let found = found?;
    let is_file = matches!(guest.state.files.get(found), Some(Node::File(_)));
    if flags & oflags::DIRECTORY != 0 && is_file {
        return Err(Errno::NOTDIR.into());
    }
    if base & rights::WRITING != 0 {
        let errno = if is_file { Errno::ROFS } else { Errno::ISDIR };
        return Err(errno.into());
    }
    let opened = guest.state.fds.open(found)?;
    guest.write_u32(out, opened)
}

pub(crate) fn path_filestat_get(
    guest: &mut Guest<'_>,
    fd: u32,
    _lookup: u32,
    path: u32,
    len: u32,
    out: u32,
) -> CallResult {
    let found = node(guest, fd, path, len)?;
    let (kind, size) = match guest.state.files.get(found) {
        Some(Node::File(bytes)) => (FileType::Regular, bytes.len() as u64),
        _ => (FileType::Directory, 0),
    };
    guest.write(out, &filestat(Tree::inode(found), kind, size, CLOCK_NANOS))
}

/// There are no links, so no existing node is one.
pub(crate) fn path_readlink(
    guest: &mut Guest<'_>,
    fd: u32,
    path: u32,
    len: u32,
    _buffer: u32,
    _buffer_len: u32,
    _out: u32,
) -> CallResult {
    node(guest, fd, path, len)?;
    Err(Errno::INVAL.into())
}

/// For functions that would modify the tree.
fn read_only(guest: &mut Guest<'_>, fd: u32) -> CallResult {
    guest.state.fds.get(fd)?;
    Err(Errno::ROFS.into())
}

pub(crate) fn path_create_directory(guest: &mut Guest<'_>, fd: u32, _: u32, _: u32) -> CallResult {
    read_only(guest, fd)
}

#[expect(clippy::too_many_arguments, reason = "as WASI defines it")]
pub(crate) fn path_filestat_set_times(
    guest: &mut Guest<'_>,
    fd: u32,
    _lookup: u32,
    _path: u32,
    _len: u32,
    _access: u64,
    _modification: u64,
    _flags: u32,
) -> CallResult {
    read_only(guest, fd)
}

#[expect(clippy::too_many_arguments, reason = "as WASI defines it")]
pub(crate) fn path_link(
    guest: &mut Guest<'_>,
    fd: u32,
    _lookup: u32,
    _path: u32,
    _len: u32,
    _new_fd: u32,
    _new_path: u32,
    _new_len: u32,
) -> CallResult {
    read_only(guest, fd)
}

pub(crate) fn path_remove_directory(guest: &mut Guest<'_>, fd: u32, _: u32, _: u32) -> CallResult {
    read_only(guest, fd)
}

pub(crate) fn path_rename(
    guest: &mut Guest<'_>,
    fd: u32,
    _path: u32,
    _len: u32,
    _new_fd: u32,
    _new_path: u32,
    _new_len: u32,
) -> CallResult {
    read_only(guest, fd)
}

pub(crate) fn path_symlink(
    guest: &mut Guest<'_>,
    _old_path: u32,
    _old_len: u32,
    fd: u32,
    _new_path: u32,
    _new_len: u32,
) -> CallResult {
    read_only(guest, fd)
}

pub(crate) fn path_unlink_file(guest: &mut Guest<'_>, fd: u32, _: u32, _: u32) -> CallResult {
    read_only(guest, fd)
}
