//! SHA-256, the only hash of the protocol: a syscall on chain, the `sha2` crate elsewhere.

/// A SHA-256 digest, such as the name of a blob, a Merkle node or a commitment.
pub type Digest = [u8; 32];

/// SHA-256 over the concatenation of `parts`.
///
/// The caller must make the concatenation unambiguous. In this crate every part but the last has a
/// fixed length.
pub fn sha256(parts: &[&[u8]]) -> Digest {
    solana_sha256_hasher::hashv(parts).to_bytes()
}
