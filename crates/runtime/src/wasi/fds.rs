//! The table of open file descriptors.

use super::abi::{Errno, FileType, rights};
use super::files::{Node, NodeId, Tree};

/// Maximum number of open descriptors.
const MAX_OPEN: usize = 1024;
/// Descriptor of the directory `/in`, open when a program starts.
pub(crate) const PREOPENED: u32 = 3;

/// The object of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Stdin,
    Stdout,
    Stderr,
    Node(NodeId),
}

/// An open descriptor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) target: Target,
    /// Offset of the next read in bytes.
    pub(crate) position: u64,
    /// Whether the descriptor was open when the program started and has a path.
    pub(crate) preopened: bool,
}

/// Kind of access to a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccessKind {
    Read,
    Write,
}

/// All descriptors of a program, indexed by their number.
pub(crate) struct FdTable {
    slots: Vec<Option<Open>>,
    /// Length of standard input.
    stdin_bytes: u64,
}

impl FdTable {
    pub(crate) fn new(stdin_bytes: u64) -> Self {
        let open = |target, preopened| {
            Some(Open {
                target,
                position: 0,
                preopened,
            })
        };
        Self {
            slots: vec![
                open(Target::Stdin, false),
                open(Target::Stdout, false),
                open(Target::Stderr, false),
                open(Target::Node(0), true),
            ],
            stdin_bytes,
        }
    }

    pub(crate) fn get(&self, fd: u32) -> Result<Open, Errno> {
        let slot = self.slots.get(fd as usize);
        slot.copied().flatten().ok_or(Errno::BADF)
    }

    pub(crate) fn get_mut(&mut self, fd: u32) -> Result<&mut Open, Errno> {
        let slot = self.slots.get_mut(fd as usize);
        slot.and_then(Option::as_mut).ok_or(Errno::BADF)
    }

    /// Opens `node` with the lowest free number.
    pub(crate) fn open(&mut self, node: NodeId) -> Result<u32, Errno> {
        let open = Some(Open {
            target: Target::Node(node),
            position: 0,
            preopened: false,
        });
        let fd = match self.slots.iter().position(Option::is_none) {
            Some(free) => {
                self.slots[free] = open;
                free
            }
            None if self.slots.len() < MAX_OPEN => {
                self.slots.push(open);
                self.slots.len() - 1
            }
            None => return Err(Errno::MFILE),
        };
        Ok(fd as u32)
    }

    pub(crate) fn close(&mut self, fd: u32) -> Result<(), Errno> {
        self.get(fd)?;
        self.slots[fd as usize] = None;
        Ok(())
    }

    /// Moves `from` to `to`; both must be open.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        let open = self.get(from)?;
        self.get(to)?;
        if from != to {
            self.slots[to as usize] = Some(open);
            self.slots[from as usize] = None;
        }
        Ok(())
    }

    /// Type, rights and inheriting rights.
    pub(crate) fn describe(&self, fd: u32, files: &Tree) -> Result<(FileType, u64, u64), Errno> {
        Ok(match self.get(fd)?.target {
            Target::Stdin => (FileType::Regular, rights::FILE, 0),
            Target::Stdout | Target::Stderr => (FileType::Unknown, rights::SINK, 0),
            Target::Node(node) => match files.get(node).ok_or(Errno::BADF)? {
                Node::File(_) => (FileType::Regular, rights::FILE, 0),
                Node::Folder { .. } => (
                    FileType::Directory,
                    rights::FOLDER,
                    rights::FOLDER | rights::FILE,
                ),
            },
        })
    }

    /// Inode number and size.
    pub(crate) fn identify(&self, fd: u32, files: &Tree) -> Result<(u64, u64), Errno> {
        Ok(match self.get(fd)?.target {
            Target::Stdin => (1, self.stdin_bytes),
            Target::Stdout => (2, 0),
            Target::Stderr => (3, 0),
            Target::Node(node) => {
                let size = match files.get(node).ok_or(Errno::BADF)? {
                    Node::File(bytes) => bytes.len() as u64,
                    Node::Folder { .. } => 0,
                };
                (Tree::inode(node), size)
            }
        })
    }

    /// Number of readable bytes, or 0 for a writable descriptor. An error if `fd` does not allow `access`.
    pub(crate) fn ready(&self, fd: u32, access: AccessKind, files: &Tree) -> Result<u64, Errno> {
        let open = self.get(fd)?;
        let (kind, rights, _) = self.describe(fd, files)?;
        let wanted = match access {
            AccessKind::Read => rights::FD_READ,
            AccessKind::Write => rights::FD_WRITE,
        };
        if rights & wanted == 0 {
            return Err(Errno::BADF);
        }
        Ok(match kind {
            FileType::Regular => self.identify(fd, files)?.1.saturating_sub(open.position),
            FileType::Unknown | FileType::Directory => 0,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_lowest_free_number_is_used() {
        let mut fds = FdTable::new(0);
        assert_eq!(fds.open(0), Ok(4));
        assert_eq!(fds.open(0), Ok(5));
        fds.close(4).unwrap();
        assert_eq!(fds.close(4), Err(Errno::BADF));
        assert_eq!(fds.open(0), Ok(4));
    }

    #[test]
    fn the_number_of_open_descriptors_is_limited() {
        let mut fds = FdTable::new(0);
        let opened = (0..2 * MAX_OPEN)
            .take_while(|_| fds.open(0).is_ok())
            .count();
        assert_eq!(opened, MAX_OPEN - 4);
    }

    #[test]
    fn renumbering_moves_a_descriptor() {
        let mut fds = FdTable::new(0);
        let fd = fds.open(0).unwrap();
        fds.renumber(fd, 1).unwrap();
        assert_eq!(fds.get(1).unwrap().target, Target::Node(0));
        assert!(fds.get(fd).is_err());
        assert_eq!(fds.renumber(1, 99), Err(Errno::BADF));
    }
}
