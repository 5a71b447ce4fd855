//! Functions on descriptors.

use std::sync::Arc;

use super::super::abi::{Errno, FileType, dirent, fdstat, filestat, whence};
use super::super::fds::{PREOPENED, Target};
use super::super::files::{Node, Tree};
use super::super::guest::{CallResult, Guest};
use super::super::host::HostState;
use super::clock::CLOCK_NANOS;
use crate::outcome::ProgramFailure;

/// Path of the directory of inputs.
const INPUTS: &[u8] = b"/in";

pub(crate) fn fd_close(guest: &mut Guest<'_>, fd: u32) -> CallResult {
    Ok(guest.state.fds.close(fd)?)
}

pub(crate) fn fd_renumber(guest: &mut Guest<'_>, from: u32, to: u32) -> CallResult {
    Ok(guest.state.fds.renumber(from, to)?)
}

/// For functions without an effect here: advice and syncing.
fn no_op(guest: &mut Guest<'_>, fd: u32) -> CallResult {
    guest.state.fds.get(fd)?;
    Ok(())
}

pub(crate) fn fd_advise(guest: &mut Guest<'_>, fd: u32, _: u64, _: u64, _: u32) -> CallResult {
    no_op(guest, fd)
}

pub(crate) fn fd_datasync(guest: &mut Guest<'_>, fd: u32) -> CallResult {
    no_op(guest, fd)
}

pub(crate) fn fd_sync(guest: &mut Guest<'_>, fd: u32) -> CallResult {
    no_op(guest, fd)
}

pub(crate) fn fd_fdstat_set_flags(guest: &mut Guest<'_>, fd: u32, _flags: u32) -> CallResult {
    no_op(guest, fd)
}

pub(crate) fn fd_fdstat_set_rights(guest: &mut Guest<'_>, fd: u32, _: u64, _: u64) -> CallResult {
    no_op(guest, fd)
}

/// For functions that would modify a file.
fn read_only(guest: &mut Guest<'_>, fd: u32) -> CallResult {
    guest.state.fds.get(fd)?;
    Err(Errno::ROFS.into())
}

pub(crate) fn fd_allocate(guest: &mut Guest<'_>, fd: u32, _: u64, _: u64) -> CallResult {
    read_only(guest, fd)
}

pub(crate) fn fd_filestat_set_size(guest: &mut Guest<'_>, fd: u32, _: u64) -> CallResult {
    read_only(guest, fd)
}

pub(crate) fn fd_filestat_set_times(
    guest: &mut Guest<'_>,
    fd: u32,
    _: u64,
    _: u64,
    _: u32,
) -> CallResult {
    read_only(guest, fd)
}

pub(crate) fn fd_fdstat_get(guest: &mut Guest<'_>, fd: u32, out: u32) -> CallResult {
    let (kind, base, inheriting) = guest.state.fds.describe(fd, &guest.state.files)?;
    guest.write(out, &fdstat(kind, base, inheriting))
}

pub(crate) fn fd_filestat_get(guest: &mut Guest<'_>, fd: u32, out: u32) -> CallResult {
    let (kind, _, _) = guest.state.fds.describe(fd, &guest.state.files)?;
    let (inode, size) = guest.state.fds.identify(fd, &guest.state.files)?;
    guest.write(out, &filestat(inode, kind, size, CLOCK_NANOS))
}

pub(crate) fn fd_prestat_get(guest: &mut Guest<'_>, fd: u32, out: u32) -> CallResult {
    preopened(guest, fd)?;
    let mut prestat = [0; 8];
    prestat[4..].copy_from_slice(&(INPUTS.len() as u32).to_le_bytes());
    guest.write(out, &prestat)
}

pub(crate) fn fd_prestat_dir_name(
    guest: &mut Guest<'_>,
    fd: u32,
    out: u32,
    len: u32,
) -> CallResult {
    preopened(guest, fd)?;
    if (len as usize) < INPUTS.len() {
        return Err(Errno::NAMETOOLONG.into());
    }
    guest.write(out, INPUTS)
}

fn preopened(guest: &Guest<'_>, fd: u32) -> Result<(), Errno> {
    if fd == PREOPENED && guest.state.fds.get(fd)?.preopened {
        Ok(())
    } else {
        Err(Errno::BADF)
    }
}

/// The content of a readable descriptor.
fn content(state: &HostState, fd: u32) -> Result<Arc<[u8]>, Errno> {
    match state.fds.get(fd)?.target {
        Target::Stdin => Ok(Arc::clone(&state.stdin)),
        Target::Stdout | Target::Stderr => Err(Errno::BADF),
        Target::Node(node) => match state.files.get(node) {
            Some(Node::File(bytes)) => Ok(Arc::clone(bytes)),
            Some(Node::Folder { .. }) => Err(Errno::ISDIR),
            None => Err(Errno::BADF),
        },
    }
}

/// Copies bytes from `position` into the buffers and charges for them. Returns their number.
fn read_at(
    guest: &mut Guest<'_>,
    fd: u32,
    position: u64,
    buffers: u32,
    count: u32,
) -> CallResult<u32> {
    let content = content(guest.state, fd)?;
    let buffers = guest.buffers(buffers, count)?;
    let start = usize::try_from(position).unwrap_or(usize::MAX);
    let mut rest = content.get(start..).unwrap_or_default();
    let mut copied = 0;
    for index in 0..buffers.count {
        if rest.is_empty() {
            break;
        }
        let (at, len) = guest.buffer(&buffers, index)?;
        let (now, later) = rest.split_at(rest.len().min(len as usize));
        guest.charge(now.len() as u64)?;
        guest.write(at, now)?;
        // At most `buffers.total`, which fits.
        copied += now.len() as u32;
        rest = later;
    }
    Ok(copied)
}

pub(crate) fn fd_read(
    guest: &mut Guest<'_>,
    fd: u32,
    buffers: u32,
    count: u32,
    out: u32,
) -> CallResult {
    let position = guest.state.fds.get(fd)?.position;
    let copied = read_at(guest, fd, position, buffers, count)?;
    guest.write_u32(out, copied)?;
    guest.state.fds.get_mut(fd)?.position += u64::from(copied);
    Ok(())
}

pub(crate) fn fd_pread(
    guest: &mut Guest<'_>,
    fd: u32,
    buffers: u32,
    count: u32,
    position: u64,
    out: u32,
) -> CallResult {
    let copied = read_at(guest, fd, position, buffers, count)?;
    guest.write_u32(out, copied)
}

pub(crate) fn fd_write(
    guest: &mut Guest<'_>,
    fd: u32,
    buffers: u32,
    count: u32,
    out: u32,
) -> CallResult {
    let target = guest.state.fds.get(fd)?.target;
    let buffers = guest.buffers(buffers, count)?;
    guest.charge(u64::from(buffers.total))?;
    for index in 0..buffers.count {
        let (at, len) = guest.buffer(&buffers, index)?;
        let (bytes, state) = guest.bytes_and_state(at, len)?;
        match target {
            Target::Stdout if !state.output.append_all(bytes) => {
                return Err(ProgramFailure::OutputLimit.into());
            }
            Target::Stdout => {}
            Target::Stderr => state.log.append_some(bytes),
            Target::Stdin | Target::Node(_) => return Err(Errno::BADF.into()),
        }
    }
    guest.write_u32(out, buffers.total)
}

/// Output and log have no positions, and nothing else is writable.
pub(crate) fn fd_pwrite(
    guest: &mut Guest<'_>,
    fd: u32,
    _buffers: u32,
    _count: u32,
    _position: u64,
    _out: u32,
) -> CallResult {
    Err(match guest.state.fds.get(fd)?.target {
        Target::Stdout | Target::Stderr => Errno::SPIPE,
        Target::Stdin | Target::Node(_) => Errno::BADF,
    }
    .into())
}

pub(crate) fn fd_seek(
    guest: &mut Guest<'_>,
    fd: u32,
    offset: u64,
    from: u32,
    out: u32,
) -> CallResult {
    let size = seekable(guest.state, fd)?;
    let base = match from {
        whence::START => 0,
        whence::CURRENT => guest.state.fds.get(fd)?.position,
        whence::END => size,
        _ => return Err(Errno::INVAL.into()),
    };
    // WASI passes the signed offset as the bits of a u64.
    let position = base.checked_add_signed(offset as i64).ok_or(Errno::INVAL)?;
    if i64::try_from(position).is_err() {
        return Err(Errno::OVERFLOW.into());
    }
    guest.write_u64(out, position)?;
    guest.state.fds.get_mut(fd)?.position = position;
    Ok(())
}

pub(crate) fn fd_tell(guest: &mut Guest<'_>, fd: u32, out: u32) -> CallResult {
    seekable(guest.state, fd)?;
    let position = guest.state.fds.get(fd)?.position;
    guest.write_u64(out, position)
}

/// Size of the content of a descriptor, if it is seekable.
fn seekable(state: &HostState, fd: u32) -> Result<u64, Errno> {
    match content(state, fd) {
        Ok(content) => Ok(content.len() as u64),
        Err(Errno::ISDIR) => Err(Errno::ISDIR),
        Err(_) => match state.fds.get(fd)?.target {
            Target::Stdout | Target::Stderr => Err(Errno::SPIPE),
            Target::Stdin | Target::Node(_) => Err(Errno::BADF),
        },
    }
}

/// Fills the buffer with entries, starting at `cookie`. If the last entry does not fit, it is truncated;
/// the program then calls again with its cookie.
pub(crate) fn fd_readdir(
    guest: &mut Guest<'_>,
    fd: u32,
    buffer: u32,
    len: u32,
    cookie: u64,
    out: u32,
) -> CallResult {
    let Target::Node(folder) = guest.state.fds.get(fd)?.target else {
        return Err(Errno::NOTDIR.into());
    };
    guest.bytes(buffer, len)?;
    let listing = listing(&guest.state.files, folder, cookie, len as usize)?;
    guest.charge(cookie.saturating_add(listing.len() as u64))?;
    guest.write(buffer, &listing)?;
    // At most `len`.
    guest.write_u32(out, listing.len() as u32)
}

fn listing(files: &Tree, folder: usize, cookie: u64, len: usize) -> Result<Vec<u8>, Errno> {
    let Some(Node::Folder { parent, entries }) = files.get(folder) else {
        return Err(Errno::NOTDIR);
    };
    let itself = [(".", folder), ("..", *parent)];
    let children = entries.iter().map(|(name, node)| (name.as_str(), *node));
    let all = itself.into_iter().chain(children);
    let mut listing = Vec::new();
    let skipped = usize::try_from(cookie).unwrap_or(usize::MAX);
    for (index, (name, node)) in all.enumerate().skip(skipped) {
        let kind = match files.get(node) {
            Some(Node::File(_)) => FileType::Regular,
            _ => FileType::Directory,
        };
        // Names have at most 255 bytes.
        let head = dirent(index as u64 + 1, Tree::inode(node), name.len() as u32, kind);
        listing.extend_from_slice(&head);
        listing.extend_from_slice(name.as_bytes());
        if listing.len() >= len {
            listing.truncate(len);
            break;
        }
    }
    Ok(listing)
}
