//! The bounds of a manifest, checked both when a manifest is built and when its bytes are read.

/// Maximum number of shards of a job.
pub const MAX_SHARDS: usize = 1024;
/// Maximum number of seats of a shard.
pub const MAX_REPLICAS: u8 = 5;
/// Maximum number of seats of a shard that can be challenged: more could not settle in one transaction.
pub(super) const MAX_CHALLENGED_REPLICAS: u8 = 4;
/// Maximum fuel of one shard: 10^15.
pub const MAX_FUEL: u64 = 1_000_000_000_000_000;
/// Maximum memory of one shard: 4 GiB, the address space of 32-bit WebAssembly.
pub const MAX_MEMORY_BYTES: u64 = 4 << 30;
/// Maximum output of one shard: 64 MiB.
pub const MAX_OUTPUT_BYTES: u64 = 64 << 20;
/// Maximum log of one shard: 1 MiB.
pub const MAX_LOG_BYTES: u64 = 1 << 20;
/// Maximum wall-clock time of one shard: 30 days in milliseconds.
pub const MAX_WALL_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// Maximum length of a manifest's canonical bytes: 1 MiB.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;
/// Maximum length of a job's name in bytes.
pub const MAX_NAME_BYTES: usize = 64;
/// Maximum length of a supplier tag or a region in bytes: the size of its field on chain.
pub const MAX_TAG_BYTES: usize = 16;
