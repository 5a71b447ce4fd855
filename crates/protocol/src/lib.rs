//! Everything that all parties of Millrace must compute identically: hashes, commitments, receipts,
//! Merkle roots and, with the feature `manifest`, the manifest of a job and how it is split into shards.
//!
//! The on-chain program uses this crate without default features, so the always-built part must not
//! allocate needlessly, do I/O, or depend on a Solana client.
//!
//! Always built:
//! - [`hash`]: SHA-256, the only hash of the protocol.
//! - [`commitment`]: what a provider signs for a seat, and how it is revealed.
//! - [`receipt`] and [`merkle`]: the result of a shard as one hash.
//! - [`units`]: the unit that jobs pay for.
//!
//! With the feature `manifest` (default):
//! - `manifest`: the manifest file of a job (TOML), and its canonical form, whose hash is on chain.
//! - `shard`: how a job is split into shards, what each shard reads, and the seed of its random bytes.
//! - `agent`: the messages between an orchestrator and a provider's agent.
//! - `selection`: the order in which providers are selected, and the record of a selection.
//! - `api`: the JSON types of the orchestrator's HTTP API.
//! - `key`, `blob`, `amount` and `measure`: the text forms of addresses, blobs, token amounts, sizes and
//!   durations.
//!
//! From a manifest file to the posted job, and from there to the input of a shard:
//!
#![cfg_attr(feature = "manifest", doc = "```no_run")]
#![cfg_attr(not(feature = "manifest"), doc = "```ignore")]
//! use std::path::Path;
//! use millrace_protocol::manifest::{Manifest, load};
//! use millrace_protocol::shard::{shard_blob, shard_stdin};
//!
//! // The client uploads the blobs and the manifest's bytes, and posts the hash with the terms.
//! let resolved = load(Path::new("job.toml"))?;
//! let (bytes, hash) = (resolved.manifest.to_bytes(), resolved.manifest.hash());
//!
//! // A provider fetches the bytes by the hash, then the blob that shard 0 reads.
//! let manifest = Manifest::from_bytes(&bytes)?;
//! assert_eq!(manifest.hash(), hash);
//! let name = shard_blob(&manifest, 0)?;
//! let blob = resolved.blobs.iter().find(|(digest, _)| Some(digest) == name);
//! let stdin = shard_stdin(&manifest, 0, blob.map_or(&[], |(_, content)| content))?;
//! assert!(!stdin.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(missing_docs)]

#[cfg(feature = "manifest")]
pub mod agent;
#[cfg(feature = "manifest")]
pub mod amount;
#[cfg(feature = "manifest")]
pub mod api;
#[cfg(feature = "manifest")]
pub mod blob;
pub mod commitment;
#[cfg(all(test, feature = "manifest"))]
mod documented;
pub mod hash;
#[cfg(feature = "manifest")]
pub mod key;
#[cfg(feature = "manifest")]
pub mod manifest;
#[cfg(feature = "manifest")]
pub mod measure;
pub mod merkle;
pub mod receipt;
#[cfg(feature = "manifest")]
pub mod selection;
#[cfg(feature = "manifest")]
pub mod shard;
pub mod units;
