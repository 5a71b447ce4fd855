//! Merkle roots over the chunks of an output, so that one wrong chunk can be shown with
//! `log2 n` hashes.
//!
//! Leaves and nodes hash under different prefixes, which keeps a node from being passed off as a
//! leaf (the second-preimage attack that RFC 6962, section 2.1, guards against). A level with an odd
//! number of nodes carries its last one up unchanged.

use crate::hash::{Digest, sha256};

/// Bytes of output in one leaf: 64 KiB.
pub const CHUNK_BYTES: usize = 64 * 1024;

const LEAF: &[u8] = &[0];
const NODE: &[u8] = &[1];

/// Hash of one chunk as a leaf.
pub fn leaf(chunk: &[u8]) -> Digest {
    sha256(&[LEAF, chunk])
}

fn node(left: &Digest, right: &Digest) -> Digest {
    sha256(&[NODE, left, right])
}

/// Root over `output` cut into chunks of [`CHUNK_BYTES`]; an empty output is one empty chunk.
pub fn root_of_output(output: &[u8]) -> Digest {
    root(&leaves(output))
}

/// Leaves of `output`, at least one.
pub fn leaves(output: &[u8]) -> Vec<Digest> {
    if output.is_empty() {
        return vec![leaf(&[])];
    }
    output.chunks(CHUNK_BYTES).map(leaf).collect()
}

/// Root over `leaves`; for no leaves the root of one empty chunk.
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

/// Siblings that lead from leaf `index` to the root, bottom up; `None` where a level carries the
/// node up unchanged. Returns `None` if `index` is out of range.
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

/// Whether `chunk` is the one at `index` under `root`, by the siblings that [`proof`] gave.
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
        fn every_chunk_proves_itself_and_no_other(count in 1usize..40, pick in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
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
    fn a_node_is_no_leaf() {
        let leaves = [leaf(b"a"), leaf(b"b")];
        let mut joined = leaves[0].to_vec();
        joined.extend(leaves[1]);
        assert_ne!(leaf(&joined), root(&leaves));
    }

    #[test]
    fn the_chunk_border_matters() {
        assert_eq!(CHUNK_BYTES, 65_536, "all sides must cut alike");
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
    fn there_is_no_proof_of_a_chunk_behind_the_last() {
        let leaves = leaves(&[0; CHUNK_BYTES + 1]);
        assert!(proof(&leaves, 1).is_some());
        assert_eq!(proof(&leaves, 2), None);
    }
}
