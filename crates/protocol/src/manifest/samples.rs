//! A manifest file for tests, and the files that it names.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::{Manifest, ManifestError, ManifestFile, ReadError, Resolved, resolve};
use crate::blob::{self, BlobRef};
use crate::hash::sha256;

/// A manifest with every field except those of other splits.
pub(crate) const TOML: &str = r#"
name = "count"
program = "map.wasm"
args = ["--fast", "ä"]

[env]
LANG = "C"

[inputs]
"stop words.txt" = "stop.txt"

[shards]
split = "lines"
source = "text.txt"
size = 2

[join]
with = "program"
program = "reduce.wasm"
args = ["-n"]
output = "counts.txt"

[limits]
fuel = 20_000_001
memory = "256 MiB"
output = "16 MiB"
log = 1024
wall = "5 m"

[verify]
mode = "quorum"
replicas = 2
quorum = 2
max_replicas = 3

[price]
max_per_unit = "0.000002"

[deadline]
within = "30 m"

[windows]
commit = "40 s"
reveal = "20 s"

[requirement]
supplier = "acme"
region = "eu-west"
min_score = 1_000
"#;

pub(crate) const MAP: &[u8] = b"\0asm\x01\0\0\0map";
pub(crate) const REDUCE: &[u8] = b"\0asm\x01\0\0\0reduce";
pub(crate) const TEXT: &[u8] = b"one\ntwo\nthree\nfour\nfive";

/// The files of [`TOML`] by path.
pub(crate) fn files() -> BTreeMap<String, Vec<u8>> {
    [
        ("map.wasm", MAP),
        ("reduce.wasm", REDUCE),
        ("stop.txt", b"the"),
        ("text.txt", TEXT),
    ]
    .map(|(path, content)| (path.to_owned(), content.to_vec()))
    .into()
}

/// Resolves a manifest file with `files` by path; each is also available as a blob.
pub(crate) fn resolve_with(
    toml: &str,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<Resolved, ManifestError> {
    resolve(&ManifestFile::parse(toml)?, &mut |from| {
        let found = match from {
            BlobRef::Path(path) => files.get(path),
            BlobRef::Digest(digest) => files.values().find(|file| sha256(&[file]) == *digest),
        };
        let content = found.ok_or_else(|| ReadError {
            place: format!("/jobs/{from}"),
            reason: "not there".to_owned(),
        })?;
        Ok(content.clone().into())
    })
}

/// [`TOML`] with one text replaced, resolved.
pub(crate) fn resolve_changed(from: &str, to: &str) -> Result<Resolved, ManifestError> {
    resolve_with(&changed(from, to), &files())
}

/// [`TOML`] with one text replaced, which must occur in it.
pub(crate) fn changed(from: &str, to: &str) -> String {
    assert!(TOML.contains(from), "{from:?} is not in the sample");
    TOML.replacen(from, to, 1)
}

/// The canonical manifest of [`TOML`].
pub(crate) fn manifest() -> Manifest {
    resolve_with(TOML, &files()).unwrap().manifest
}

/// The blob name of `content`.
pub(crate) fn blob_of(content: &[u8]) -> String {
    blob::format(&sha256(&[content]))
}
