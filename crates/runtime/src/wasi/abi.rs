//! Numbers and layouts of WASI preview 1 (`wasi_snapshot_preview1`, little-endian).

/// An error number that a call returns to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errno(u16);

impl Errno {
    pub(crate) const BADF: Self = Self(8);
    pub(crate) const FAULT: Self = Self(21);
    pub(crate) const ILSEQ: Self = Self(25);
    pub(crate) const INVAL: Self = Self(28);
    pub(crate) const ISDIR: Self = Self(31);
    pub(crate) const MFILE: Self = Self(33);
    pub(crate) const NAMETOOLONG: Self = Self(37);
    pub(crate) const NOENT: Self = Self(44);
    pub(crate) const NOSYS: Self = Self(52);
    pub(crate) const NOTDIR: Self = Self(54);
    pub(crate) const NOTSUP: Self = Self(58);
    pub(crate) const OVERFLOW: Self = Self(61);
    pub(crate) const ROFS: Self = Self(69);
    pub(crate) const SPIPE: Self = Self(70);
    pub(crate) const NOTCAPABLE: Self = Self(76);

    /// The return value of a call.
    pub(crate) fn code(self) -> i32 {
        i32::from(self.0)
    }

    /// The number in an event.
    pub(crate) fn number(self) -> u16 {
        self.0
    }
}

/// Type of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileType {
    /// A stream that is neither a terminal nor a file.
    Unknown = 0,
    Directory = 3,
    Regular = 4,
}

/// Rights of a descriptor.
pub(crate) mod rights {
    pub(crate) const FD_READ: u64 = 1 << 1;
    pub(crate) const FD_SEEK: u64 = 1 << 2;
    pub(crate) const FD_TELL: u64 = 1 << 5;
    pub(crate) const FD_WRITE: u64 = 1 << 6;
    pub(crate) const FD_ADVISE: u64 = 1 << 7;
    pub(crate) const FD_ALLOCATE: u64 = 1 << 8;
    pub(crate) const PATH_OPEN: u64 = 1 << 13;
    pub(crate) const FD_READDIR: u64 = 1 << 14;
    pub(crate) const PATH_FILESTAT_GET: u64 = 1 << 18;
    pub(crate) const FD_FILESTAT_GET: u64 = 1 << 21;
    pub(crate) const FD_FILESTAT_SET_SIZE: u64 = 1 << 22;
    pub(crate) const POLL_FD_READWRITE: u64 = 1 << 27;

    /// Rights of a file or standard input.
    pub(crate) const FILE: u64 =
        FD_READ | FD_SEEK | FD_TELL | FD_ADVISE | FD_FILESTAT_GET | POLL_FD_READWRITE;
    /// Rights of a directory.
    pub(crate) const FOLDER: u64 = PATH_OPEN | FD_READDIR | PATH_FILESTAT_GET | FD_FILESTAT_GET;
    /// Rights of standard output and standard error.
    pub(crate) const SINK: u64 = FD_WRITE | FD_FILESTAT_GET | POLL_FD_READWRITE;
    /// Rights that allow writing.
    pub(crate) const WRITING: u64 = FD_WRITE | FD_ALLOCATE | FD_FILESTAT_SET_SIZE;
}

/// Flags of `path_open`.
pub(crate) mod oflags {
    pub(crate) const CREATE: u32 = 1 << 0;
    pub(crate) const DIRECTORY: u32 = 1 << 1;
    pub(crate) const EXCLUSIVE: u32 = 1 << 2;
    pub(crate) const TRUNCATE: u32 = 1 << 3;
}

/// Base of the offset of `fd_seek`.
pub(crate) mod whence {
    pub(crate) const START: u32 = 0;
    pub(crate) const CURRENT: u32 = 1;
    pub(crate) const END: u32 = 2;
}

/// Kinds of subscription of `poll_oneoff`.
pub(crate) mod event {
    pub(crate) const CLOCK: u8 = 0;
    pub(crate) const FD_READ: u8 = 1;
    pub(crate) const FD_WRITE: u8 = 2;
    /// Size of a subscription in bytes.
    pub(crate) const SUBSCRIPTION_BYTES: u32 = 48;
    /// Size of an event in bytes.
    pub(crate) const EVENT_BYTES: u32 = 32;
}

/// The memory layout of an `fdstat`.
pub(crate) fn fdstat(kind: FileType, base: u64, inheriting: u64) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[0] = kind as u8;
    bytes[8..16].copy_from_slice(&base.to_le_bytes());
    bytes[16..24].copy_from_slice(&inheriting.to_le_bytes());
    bytes
}

/// The memory layout of a `filestat`; all times are `nanos`.
pub(crate) fn filestat(inode: u64, kind: FileType, size: u64, nanos: u64) -> [u8; 64] {
    let mut bytes = [0; 64];
    bytes[8..16].copy_from_slice(&inode.to_le_bytes());
    bytes[16] = kind as u8;
    bytes[24..32].copy_from_slice(&1u64.to_le_bytes());
    bytes[32..40].copy_from_slice(&size.to_le_bytes());
    for at in [40, 48, 56] {
        bytes[at..at + 8].copy_from_slice(&nanos.to_le_bytes());
    }
    bytes
}

/// The `dirent` before a name of `name_bytes` bytes; `next` is the cookie of the next entry.
pub(crate) fn dirent(next: u64, inode: u64, name_bytes: u32, kind: FileType) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[0..8].copy_from_slice(&next.to_le_bytes());
    bytes[8..16].copy_from_slice(&inode.to_le_bytes());
    bytes[16..20].copy_from_slice(&name_bytes.to_le_bytes());
    bytes[20] = kind as u8;
    bytes
}
