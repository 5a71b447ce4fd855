//! The read-only file tree at `/in`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::abi::Errno;
use crate::error::RunError;

/// Index of a node; the root is 0.
pub(crate) type NodeId = usize;

/// A file or a directory.
#[derive(Debug)]
pub(crate) enum Node {
    File(Arc<[u8]>),
    Folder {
        parent: NodeId,
        entries: BTreeMap<String, NodeId>,
    },
}

/// The file tree. Its inode numbers depend on the names of the files, not on their order.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    /// Builds the tree of `files`; a `/` in a name creates a directory.
    pub(crate) fn new(files: &[(String, Arc<[u8]>)]) -> Result<Self, RunError> {
        let mut tree = Self {
            nodes: vec![Node::Folder {
                parent: 0,
                entries: BTreeMap::new(),
            }],
        };
        let mut sorted: Vec<_> = files.iter().collect();
        sorted.sort_by_key(|(name, _)| name);
        for (name, content) in sorted {
            tree.add(name, content)
                .map_err(|reason| RunError::BadInput {
                    what: format!("file name `{}`", name.escape_debug()),
                    reason: reason.into(),
                })?;
        }
        Ok(tree)
    }

    fn add(&mut self, name: &str, content: &Arc<[u8]>) -> Result<(), &'static str> {
        let (folders, file) = match name.rsplit_once('/') {
            Some((folders, file)) => (folders.split('/').collect(), file),
            None => (Vec::new(), name),
        };
        let mut at = 0;
        for folder in folders {
            at = match self.entry(at, folder)? {
                Some(known) => known,
                None => self.insert(
                    at,
                    folder,
                    Node::Folder {
                        parent: at,
                        entries: BTreeMap::new(),
                    },
                ),
            };
        }
        if self.entry(at, file)?.is_some() {
            return Err("another file or directory has this name");
        }
        self.insert(at, file, Node::File(Arc::clone(content)));
        Ok(())
    }

    /// Looks up `name` in the directory `at`. Refuses names that no path can reach.
    fn entry(&self, at: NodeId, name: &str) -> Result<Option<NodeId>, &'static str> {
        if name.is_empty() || name == "." || name == ".." || name.contains('\0') {
            return Err("each part between slashes must be a plain name");
        }
        if name.len() > 255 {
            return Err("a part is longer than 255 bytes");
        }
        match self.nodes.get(at) {
            Some(Node::Folder { entries, .. }) => Ok(entries.get(name).copied()),
            _ => Err("a part is a file and cannot contain others"),
        }
    }

    fn insert(&mut self, folder: NodeId, name: &str, node: Node) -> NodeId {
        let id = self.nodes.len();
        self.nodes.push(node);
        if let Some(Node::Folder { entries, .. }) = self.nodes.get_mut(folder) {
            entries.insert(name.to_owned(), id);
        }
        id
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// Inode number of a node. 0 and the numbers of the standard streams are not used.
    pub(crate) fn inode(id: NodeId) -> u64 {
        id as u64 + 4
    }

    /// Resolves `path` relative to the directory `from`. Nothing above `/in` is reachable.
    pub(crate) fn resolve(&self, from: NodeId, path: &str) -> Result<NodeId, Errno> {
        if path.is_empty() {
            return Err(Errno::NOENT);
        }
        if path.starts_with('/') {
            return Err(Errno::NOTCAPABLE);
        }
        let mut at = from;
        for part in path.split('/') {
            let Some(Node::Folder { parent, entries }) = self.nodes.get(at) else {
                return Err(Errno::NOTDIR);
            };
            at = match part {
                "" | "." => at,
                ".." if at == 0 => return Err(Errno::NOTCAPABLE),
                ".." => *parent,
                name => *entries.get(name).ok_or(Errno::NOENT)?,
            };
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tree(names: &[&str]) -> Result<Tree, RunError> {
        let files: Vec<_> = names
            .iter()
            .map(|name| (name.to_string(), Arc::from(name.as_bytes())))
            .collect();
        Tree::new(&files)
    }

    fn content(tree: &Tree, path: &str) -> Result<Vec<u8>, Errno> {
        match tree.get(tree.resolve(0, path)?) {
            Some(Node::File(bytes)) => Ok(bytes.to_vec()),
            _ => Err(Errno::ISDIR),
        }
    }

    #[test]
    fn paths_reach_files_and_nothing_outside() {
        let tree = tree(&["a.txt", "deep/er/b.txt"]).unwrap();
        assert_eq!(content(&tree, "a.txt"), Ok(b"a.txt".to_vec()));
        assert_eq!(
            content(&tree, "./deep//er/../../deep/er/b.txt"),
            Ok(b"deep/er/b.txt".to_vec())
        );
        assert_eq!(content(&tree, "deep/er"), Err(Errno::ISDIR));
        assert_eq!(content(&tree, "none"), Err(Errno::NOENT));
        assert_eq!(content(&tree, "a.txt/b"), Err(Errno::NOTDIR));
        assert_eq!(content(&tree, ".."), Err(Errno::NOTCAPABLE));
        assert_eq!(
            content(&tree, "deep/../../etc/passwd"),
            Err(Errno::NOTCAPABLE)
        );
        assert_eq!(content(&tree, "/etc/passwd"), Err(Errno::NOTCAPABLE));
        assert_eq!(content(&tree, ""), Err(Errno::NOENT));
    }

    #[test]
    fn unreachable_names_are_refused() {
        for name in ["", "/a", "a/", "a//b", "../a", "a/./b", "a\0b"] {
            assert!(tree(&[name]).is_err(), "{name:?}");
        }
        assert!(tree(&["a", "a"]).is_err());
        assert!(tree(&["a", "a/b"]).is_err());
        assert!(tree(&[&"x".repeat(256)]).is_err());
    }

    #[test]
    fn inode_numbers_do_not_depend_on_the_order_of_the_files() {
        let (one, two) = (tree(&["a", "b/c"]).unwrap(), tree(&["b/c", "a"]).unwrap());
        for path in ["a", "b", "b/c"] {
            assert_eq!(one.resolve(0, path), two.resolve(0, path));
        }
    }
}
