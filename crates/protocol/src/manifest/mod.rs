//! The manifest of a job: the program, its inputs, how the work is split and joined, and how results are
//! verified.
//!
//! A client writes a [`ManifestFile`] in TOML. [`resolve()`] reads the files and blobs that it names and
//! returns the canonical [`Manifest`]. The canonical bytes are a blob themselves, and the job on chain
//! contains their SHA-256. Price, deadline, windows and requirement are not part of the manifest: they
//! are the [`Terms`], which are stored on chain.

mod blobs;
mod canonical;
mod check;
mod error;
mod file;
mod limits;
mod load;
mod model;
mod resolve;
mod split;
mod terms;

#[cfg(test)]
pub(crate) mod samples;

pub use blobs::ReadError;
pub use error::ManifestError;
pub use file::{
    DeadlineFile, JoinFile, JoinWith, LimitsFile, ManifestFile, PriceFile, RequirementFile,
    ShardsFile, Size, Split, VerifyFile, WindowsFile,
};
pub use limits::{
    MAX_FUEL, MAX_LOG_BYTES, MAX_MANIFEST_BYTES, MAX_MEMORY_BYTES, MAX_NAME_BYTES,
    MAX_OUTPUT_BYTES, MAX_REPLICAS, MAX_SHARDS, MAX_TAG_BYTES, MAX_WALL_MS,
};
pub use load::{Fetch, load, load_with};
pub use model::{
    Input, Join, Manifest, RuntimeKind, ShardInput, ShardLimits, VERSION, Verification, VerifyMode,
};
pub use resolve::{Resolved, resolve};
pub use terms::{JobWindows, ProviderRequirement, Terms};
