//! What all sides of Millrace must agree on to the byte: hashes, commitments, receipts, Merkle
//! roots, and (feature `manifest`) the manifest of a job with the way it splits into shards.
//!
//! The on-chain program uses this crate without default features, so nothing in the always-built
//! part may allocate needlessly, do I/O, or depend on a Solana client.
//!
//! Always built, for the program too:
//! - [`hash`]: SHA-256, the one hash there is.
//! - [`commitment`]: what a provider signs for a seat, and the preimage that opens it.
//! - [`receipt`] and [`merkle`]: the result of a shard as one hash.
//!
//! With the feature `manifest`, which is on by default:
//! - `manifest`: a job as people write it (TOML), and its one canonical form, whose hash the chain
//!   holds.
//! - `shard`: how work is cut into shards, what each reads, where its randomness starts.
//! - `agent`: the messages between an orchestrator and a provider's agent.
//! - `selection`: the order in which providers are asked, and the record of a selection.
//! - `api`: the JSON types of the orchestrator's HTTP API.
//! - `blob` and `amount`: how blobs, tokens, sizes and durations are written.
//!
//! From a file to what is posted, and from there to what a shard reads:
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
pub mod merkle;
pub mod receipt;
#[cfg(feature = "manifest")]
pub mod selection;
#[cfg(feature = "manifest")]
pub mod shard;
pub mod units;
