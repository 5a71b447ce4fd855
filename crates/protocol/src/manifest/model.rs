//! The types of a resolved manifest, as every provider uses it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::blob::hex_bytes;
use crate::hash::Digest;
use crate::units::FUEL_PER_UNIT;

/// Version of the canonical form that this crate writes and reads.
pub const VERSION: u32 = 1;

/// A fully resolved job. It does not depend on the files of any machine.
///
/// The canonical form has the fields in the order of their declaration; changing the order changes every
/// hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`VERSION`].
    pub version: u32,
    /// Name of the job for display, 1 to [`MAX_NAME_BYTES`](super::MAX_NAME_BYTES) bytes.
    pub name: String,
    /// Blob of the program's module.
    #[serde(with = "hex_bytes")]
    pub program: Digest,
    /// Arguments of the program, without its name.
    pub args: Vec<String>,
    /// The complete environment of the program.
    pub env: BTreeMap<String, String>,
    /// Files that every shard can read at `/in/<name>`.
    pub inputs: BTreeMap<String, Input>,
    /// Source of each shard's standard input; 1 to [`MAX_SHARDS`](super::MAX_SHARDS) shards.
    pub shards: Vec<ShardInput>,
    /// How the outputs are joined to the result.
    pub join: Join,
    /// Name of the result file, without a folder.
    pub output: String,
    /// The runtime of the program.
    pub runtime: RuntimeKind,
    /// Resource limits of one shard.
    pub limits: ShardLimits,
    /// How results are verified.
    pub verify: Verification,
}

/// A file that the program can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Blob with the content of the file.
    #[serde(with = "hex_bytes")]
    pub digest: Digest,
    /// Length in bytes.
    pub length: u64,
}

/// The standard input of a shard; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum ShardInput {
    /// A range of a blob.
    Blob {
        /// The blob.
        #[serde(with = "hex_bytes")]
        digest: Digest,
        /// First byte of the range.
        offset: u64,
        /// Bytes in the range, at least 1.
        len: u64,
    },
    /// A text in the manifest itself.
    Inline {
        /// The text.
        text: String,
    },
}

/// How the outputs of the shards become one result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Join {
    /// The outputs are concatenated in the order of the shards.
    Concat,
    /// A program reads the concatenated outputs and writes the result.
    Program {
        /// Blob of the program's module.
        #[serde(with = "hex_bytes")]
        digest: Digest,
        /// Arguments of the program, without its name.
        args: Vec<String>,
    },
}

/// The runtime of a program. Later versions may add runtimes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuntimeKind {
    /// WebAssembly with WASI preview 1, deterministic, metered in fuel.
    Wasm,
}

/// Resource limits of one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardLimits {
    /// Fuel, 1 to [`MAX_FUEL`](super::MAX_FUEL).
    pub fuel: u64,
    /// Bytes of memory, 1 to [`MAX_MEMORY_BYTES`](super::MAX_MEMORY_BYTES).
    pub memory: u64,
    /// Bytes of output, 1 to [`MAX_OUTPUT_BYTES`](super::MAX_OUTPUT_BYTES).
    pub output: u64,
    /// Bytes of the log that are kept, up to [`MAX_LOG_BYTES`](super::MAX_LOG_BYTES). The log is not part
    /// of the result.
    pub log: u64,
    /// Milliseconds after which a host aborts the run, 1 to [`MAX_WALL_MS`](super::MAX_WALL_MS). An
    /// aborted run has no result.
    pub wall_ms: u64,
}

/// How the result of a shard is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// The verification mode.
    pub mode: VerifyMode,
    /// Seats that a shard starts with.
    pub replicas: u8,
    /// Seats that must agree if there is more than one: a majority of `max_replicas`.
    pub quorum: u8,
    /// Maximum number of seats if the first ones disagree or are reviewed, up to
    /// [`MAX_REPLICAS`](super::MAX_REPLICAS).
    pub max_replicas: u8,
}

/// A verification mode. Later versions may add modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerifyMode {
    /// Several providers run the same shard, and enough of them must agree.
    Quorum,
    /// One provider runs a shard; if a random draw selects the shard, others run it too.
    Audit,
    /// One provider runs a shard; if its result is challenged, others run it too.
    Challenge,
}

impl ShardLimits {
    /// Maximum number of units of a shard: `fuel` in steps of [`FUEL_PER_UNIT`], rounded up.
    pub fn max_units(&self) -> u64 {
        self.fuel.div_ceil(FUEL_PER_UNIT)
    }
}
