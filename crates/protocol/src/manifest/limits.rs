//! The bounds of a manifest.

/// Shards that a job may have.
pub const MAX_SHARDS: usize = 1024;
/// Seats that a shard may have.
pub const MAX_REPLICAS: u8 = 5;
/// Most seats of a shard that can be challenged: more could not be settled in one transaction.
pub const MAX_CHALLENGED_REPLICAS: u8 = 4;
/// Fuel of one shard: 10^15.
pub const MAX_FUEL: u64 = 1_000_000_000_000_000;
/// Memory of one shard: 4 GiB, all that 32-bit WebAssembly can address.
pub const MAX_MEMORY_BYTES: u64 = 4 << 30;
/// Output of one shard: 64 MiB.
pub const MAX_OUTPUT_BYTES: u64 = 64 << 20;
/// Log of one shard: 1 MiB.
pub const MAX_LOG_BYTES: u64 = 1 << 20;
/// Wall clock of one shard: 30 days in milliseconds.
pub const MAX_WALL_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// A manifest's canonical bytes: 1 MiB.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;
/// A job's name in bytes.
pub const MAX_NAME_BYTES: usize = 64;
/// A supplier tag or a region in bytes: what its field on chain holds.
pub const MAX_TAG_BYTES: usize = 16;
