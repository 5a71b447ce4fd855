//! Merkle trees over the chunks of an output, so that one chunk can be proven with `log2 n` hashes.
//!
//! Leaves and inner nodes are hashed with different prefixes, so a node cannot be presented as a leaf
//! (the second-preimage attack of RFC 6962, section 2.1). In a level with an odd number of nodes the
//! last node moves up unchanged.

use crate::hash::{Digest, sha256};

/// Bytes of output in one leaf: 64 KiB.
pub const CHUNK_BYTES: usize = 64 * 1024;

const LEAF: &[u8] = &[0];
const NODE: &[u8] = &[1];

/// Leaf hash of one chunk.
pub fn leaf(chunk: &[u8]) -> Digest {
    sha256(&[LEAF, chunk])
}

fn node(left: &Digest, right: &Digest) -> Digest {
    sha256(&[NODE, left, right])
}

/// Root of `output` in chunks of [`CHUNK_BYTES`]; an empty output is one empty chunk.
pub fn root_of_output(output: &[u8]) -> Digest {
    root(&leaves(output))
}

/// Leaf hashes of `output`, at least one.
pub fn leaves(output: &[u8]) -> Vec<Digest> {
    if output.is_empty() {
        return vec![leaf(&[])];
    }
    output.chunks(CHUNK_BYTES).map(leaf).collect()
}

/// Root of `leaves`; without leaves, the root of one empty chunk.
pub fn root(leaves: &[Digest]) -> Digest {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = parents(&level);
    }
    level.first().copied().unwrap_or_else(|| leaf(&[]))
}

fn parents(level: &[Digest]) -> Vec<Digest> {
    level
        .chunks(2)
        .map(|pair| match pair {
            [left, right] => node(left, right),
            [single] => *single,
            _ => unreachable!("chunks(2) yields one or two"),
        })
        .collect()
}

/// Siblings on the path from leaf `index` to the root, bottom up; an entry is `None` if the node moves
/// up unchanged. Returns `None` if `index` is out of range.
pub fn proof(leaves: &[Digest], index: usize) -> Option<Vec<Option<Digest>>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut level, mut at, mut path) = (leaves.to_vec(), index, Vec::new());
    while level.len() > 1 {
        path.push(level.get(at ^ 1).copied());
        level = parents(&level);
        at /= 2;
    }
    Some(path)
}

/// Whether `chunk` is the chunk at `index` under `root`, given the siblings from [`proof`].
pub fn verify(root: &Digest, chunk: &[u8], index: usize, path: &[Option<Digest>]) -> bool {
    let mut hash = leaf(chunk);
    let mut at = index;
    for sibling in path {
        hash = match sibling {
            Some(sibling) if at.is_multiple_of(2) => node(&hash, sibling),
            Some(sibling) => node(sibling, &hash),
            None => hash,
        };
        at /= 2;
    }
    at == 0 && hash == *root
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_proof_verifies_its_own_chunk_only(count in 1usize..40, pick in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
            let chunks: Vec<[u8; 8]> = (0..count as u64).map(u64::to_le_bytes).collect();
            let leaves: Vec<Digest> = chunks.iter().map(|c| leaf(c)).collect();
            let root = root(&leaves);
            let (i, j) = (pick.index(count), other.index(count));
            let path = proof(&leaves, i).unwrap();
            prop_assert!(verify(&root, &chunks[i], i, &path));
            prop_assert_eq!(verify(&root, &chunks[j], i, &path), i == j);
        }
    }

    #[test]
    fn a_node_is_not_accepted_as_a_leaf() {
        let leaves = [leaf(b"a"), leaf(b"b")];
        let mut joined = leaves[0].to_vec();
        joined.extend(leaves[1]);
        assert_ne!(leaf(&joined), root(&leaves));
    }

    #[test]
    fn outputs_are_cut_at_the_chunk_size() {
        assert_eq!(CHUNK_BYTES, 65_536, "part of the protocol");
        let output = vec![7; CHUNK_BYTES + 1];
        assert_eq!(leaves(&output).len(), 2);
        assert_eq!(leaves(&output[..CHUNK_BYTES]).len(), 1);
        assert_ne!(
            root_of_output(&output),
            root_of_output(&output[..CHUNK_BYTES])
        );
        assert_eq!(root_of_output(&[]), leaf(&[]));
    }

    #[test]
    fn an_index_past_the_last_chunk_has_no_proof() {
        let leaves = leaves(&[0; CHUNK_BYTES + 1]);
        assert!(proof(&leaves, 1).is_some());
        assert_eq!(proof(&leaves, 2), None);
    }
}
