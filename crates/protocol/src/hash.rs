//! SHA-256, the one hash of the protocol: by syscall on chain, by the `sha2` crate elsewhere.

/// A SHA-256 digest: the name of a blob, a Merkle node, a commitment.
pub type Digest = [u8; 32];

/// SHA-256 over the concatenation of `parts`.
///
/// Callers must make the concatenation unambiguous: every part but the last has a fixed length
/// wherever this crate uses it.
pub fn sha256(parts: &[&[u8]]) -> Digest {
    solana_sha256_hasher::hashv(parts).to_bytes()
}
