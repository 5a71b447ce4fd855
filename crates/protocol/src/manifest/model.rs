//! The manifest as every provider runs it: a job, fully resolved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::blob::hex_bytes;
use crate::hash::Digest;
use crate::units::FUEL_PER_UNIT;

/// The version of the canonical form that this crate writes and reads.
pub const VERSION: u32 = 1;

/// A job, fully resolved: nothing in it depends on any machine's files.
///
/// Fields are written in the order in which they stand here; a change of it changes every hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`VERSION`].
    pub version: u32,
    /// The job's name for people, 1 to [`MAX_NAME_BYTES`](super::MAX_NAME_BYTES) bytes.
    pub name: String,
    /// The program's module.
    #[serde(with = "hex_bytes")]
    pub program: Digest,
    /// Arguments of the program, without its name.
    pub args: Vec<String>,
    /// The program's whole environment.
    pub env: BTreeMap<String, String>,
    /// Files that every shard may read at `/in/<name>`.
    pub inputs: BTreeMap<String, Input>,
    /// Where each shard's standard input comes from; 1 to [`MAX_SHARDS`](super::MAX_SHARDS).
    pub shards: Vec<ShardInput>,
    /// How the outputs become the result.
    pub join: Join,
    /// Name of the file that the result is written to, without a folder.
    pub output: String,
    /// What runs the program.
    pub runtime: RuntimeKind,
    /// What one shard may use.
    pub limits: ShardLimits,
    /// How many providers run each shard, and how many must agree.
    pub verify: Verification,
}

/// A file that the program may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The blob that holds it.
    #[serde(with = "hex_bytes")]
    pub digest: Digest,
    /// Length in bytes.
    pub length: u64,
}

/// The standard input of a shard, never empty.
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
    /// One behind the other, in the order of the shards.
    Concat,
    /// A program reads them, concatenated, and writes the result.
    Program {
        /// The program's module.
        #[serde(with = "hex_bytes")]
        digest: Digest,
        /// Its arguments, without its name.
        args: Vec<String>,
    },
}

/// What runs a program; an open set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuntimeKind {
    /// WebAssembly with WASI preview 1, deterministic, metered in fuel.
    Wasm,
}

/// What one shard may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardLimits {
    /// Fuel, 1 to [`MAX_FUEL`](super::MAX_FUEL).
    pub fuel: u64,
    /// Bytes of memory, 1 to [`MAX_MEMORY_BYTES`](super::MAX_MEMORY_BYTES).
    pub memory: u64,
    /// Bytes of output, 1 to [`MAX_OUTPUT_BYTES`](super::MAX_OUTPUT_BYTES).
    pub output: u64,
    /// Bytes of the error log that are kept, up to [`MAX_LOG_BYTES`](super::MAX_LOG_BYTES); no
    /// part of the result.
    pub log: u64,
    /// Milliseconds after which a host loses patience, 1 to [`MAX_WALL_MS`](super::MAX_WALL_MS);
    /// no part of the result.
    pub wall_ms: u64,
}

/// How a shard's result is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// The way of verifying.
    pub mode: VerifyMode,
    /// Seats that a shard starts with.
    pub replicas: u8,
    /// Seats that must agree where there is more than one: a majority of `max_replicas`.
    pub quorum: u8,
    /// Seats that a shard gets at most where the first ones disagree or are doubted, up to
    /// [`MAX_REPLICAS`](super::MAX_REPLICAS).
    pub max_replicas: u8,
}

/// A way of verifying; an open set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerifyMode {
    /// Several providers run the same shard, and enough of them must agree.
    Quorum,
    /// One provider runs a shard, and others where a draw says so.
    Audit,
    /// One provider runs a shard, and others where somebody challenges its result.
    Challenge,
}

impl ShardLimits {
    /// The most units that a shard can cost: `fuel` in steps of [`FUEL_PER_UNIT`], a begun one
    /// counts.
    pub fn max_units(&self) -> u64 {
        self.fuel.div_ceil(FUEL_PER_UNIT)
    }
}
