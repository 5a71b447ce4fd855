#![allow(clippy::unwrap_used)]
use super::*;
use crate::manifest::samples::{TEXT, changed, files, resolve_with};
use crate::manifest::{Manifest, ManifestError};
use crate::shard::shard_stdin;
use std::collections::BTreeMap;

/// Resolves the sample with these lines as `[shards]` and these additional files.
fn resolve(shards: &str, more: &[(&str, &[u8])]) -> Result<Manifest, ManifestError> {
    let sample = "split = \"lines\"\nsource = \"text.txt\"\nsize = 2\n";
    let mut files: BTreeMap<String, Vec<u8>> = files();
    for (path, content) in more {
        files.insert((*path).to_owned(), content.to_vec());
    }
    resolve_with(&changed(sample, shards), &files).map(|resolved| resolved.manifest)
}

/// The standard inputs of all shards, read from `blob`.
fn stdin(manifest: &Manifest, blob: &[u8]) -> Vec<String> {
    (0..manifest.shards.len())
        .map(|index| {
            let bytes = shard_stdin(manifest, index as u32, blob).unwrap();
            String::from_utf8(bytes.to_vec()).unwrap()
        })
        .collect()
}

#[test]
fn lines_are_split_into_groups() {
    let manifest = resolve("split = \"lines\"\nsource = \"text.txt\"\nsize = 2\n", &[]).unwrap();
    assert_eq!(
        stdin(&manifest, TEXT),
        ["one\ntwo\n", "three\nfour\n", "five"]
    );
}

#[test]
fn bytes_are_split_into_chunks() {
    let shards = "split = \"bytes\"\nsource = \"text.txt\"\nsize = \"10 B\"\n";
    let manifest = resolve(shards, &[]).unwrap();
    assert_eq!(
        stdin(&manifest, TEXT),
        ["one\ntwo\nth", "ree\nfour\nf", "ive"]
    );
}

#[test]
fn a_range_is_split_evenly() {
    let manifest = resolve("split = \"range\"\ncount = 3\ntotal = 10\n", &[]).unwrap();
    assert_eq!(stdin(&manifest, b""), ["0 4\n", "4 7\n", "7 10\n"]);
}

#[test]
fn a_range_without_a_total_has_one_item_for_each_shard() {
    let manifest = resolve("split = \"range\"\ncount = 2\n", &[]).unwrap();
    assert_eq!(stdin(&manifest, b""), ["0 1\n", "1 2\n"]);
}

#[test]
fn each_file_is_a_shard() {
    let shards = "split = \"files\"\nsources = [\"text.txt\", \"b.txt\", \"text.txt\"]\n";
    let manifest = resolve(shards, &[("b.txt", b"b")]).unwrap();
    let lengths: Vec<u64> = manifest
        .shards
        .iter()
        .map(|shard| match shard {
            ShardInput::Blob { offset: 0, len, .. } => *len,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lengths, [TEXT.len() as u64, 1, TEXT.len() as u64]);
    assert_eq!(manifest.shards[0], manifest.shards[2]);
}

#[test]
fn an_empty_source_is_refused() {
    for (shards, field) in [
        (
            "split = \"lines\"\nsource = \"empty\"\nsize = 2\n",
            "shards.source",
        ),
        (
            "split = \"bytes\"\nsource = \"empty\"\nsize = 2\n",
            "shards.source",
        ),
        (
            "split = \"files\"\nsources = [\"text.txt\", \"empty\"]\n",
            "shards.sources[1]",
        ),
    ] {
        assert_eq!(
            resolve(shards, &[("empty", b"")]),
            Err(ManifestError::EmptySource {
                field: field.to_owned(),
                place: "empty".to_owned(),
            })
        );
    }
    assert_eq!(
        resolve("split = \"files\"\nsources = []\n", &[]),
        Err(ManifestError::NoShards)
    );
}

#[test]
fn a_size_or_count_of_zero_is_refused() {
    for (shards, field) in [
        (
            "split = \"lines\"\nsource = \"text.txt\"\nsize = 0\n",
            "shards.size",
        ),
        (
            "split = \"bytes\"\nsource = \"text.txt\"\nsize = \"0 MiB\"\n",
            "shards.size",
        ),
        ("split = \"range\"\ncount = 0\n", "shards.count"),
    ] {
        let field = field.to_owned();
        assert_eq!(resolve(shards, &[]), Err(ManifestError::Zero { field }));
    }
}

#[test]
fn a_size_in_bytes_is_refused_for_lines() {
    assert_eq!(
        resolve(
            "split = \"lines\"\nsource = \"text.txt\"\nsize = \"2 KiB\"\n",
            &[]
        ),
        Err(ManifestError::BytesForLines)
    );
}

#[test]
fn too_many_shards_are_refused_with_a_suggested_size() {
    let source = b"x\n".repeat(3000);
    let big = [("big", &source[..])];
    let resolved = |split: &str, size: u64| {
        let shards = format!("split = \"{split}\"\nsource = \"big\"\nsize = {size}\n");
        resolve(&shards, &big)
    };
    for (split, items, size) in [("lines", 3000, 3), ("bytes", 6000, 6)] {
        assert_eq!(
            resolved(split, 1),
            Err(ManifestError::TooManyShards {
                shards: items,
                advice: format!("raise `shards.size` to {size} or more"),
            })
        );
        assert!(resolved(split, size - 1).is_err());
        assert!(resolved(split, size).is_ok());
    }
    assert!(matches!(
        resolve("split = \"range\"\ncount = 1025\n", &[]),
        Err(ManifestError::TooManyShards { shards: 1025, .. })
    ));
    assert!(resolve("split = \"range\"\ncount = 1024\n", &[]).is_ok());
    let many = "\"text.txt\", ".repeat(1025);
    assert!(matches!(
        resolve(&format!("split = \"files\"\nsources = [{many}]\n"), &[]),
        Err(ManifestError::TooManyShards { shards: 1025, .. })
    ));
}

#[test]
fn fewer_items_than_shards_are_refused() {
    assert_eq!(
        resolve("split = \"range\"\ncount = 5\ntotal = 4\n", &[]),
        Err(ManifestError::TooFewItems { total: 4, count: 5 })
    );
}

#[test]
fn each_split_accepts_only_its_own_fields() {
    let values = [
        ("source", "\"text.txt\""),
        ("size", "2"),
        ("count", "2"),
        ("total", "2"),
        ("sources", "[\"text.txt\"]"),
    ];
    for (split, needs, takes) in [
        ("lines", &["source", "size"][..], &[][..]),
        ("bytes", &["source", "size"], &[]),
        ("range", &["count"], &["total"]),
        ("files", &["sources"], &[]),
    ] {
        let shards = |keep: &dyn Fn(&str) -> bool| {
            let lines = values.iter().filter(|(name, _)| keep(name));
            let lines: String = lines
                .map(|(name, value)| format!("{name} = {value}\n"))
                .collect();
            resolve(&format!("split = \"{split}\"\n{lines}"), &[])
        };
        assert!(shards(&|name| needs.contains(&name)).is_ok(), "{split}");
        for (name, _) in values {
            let because = format!("`shards.split = \"{split}\"`");
            let field = format!("shards.{name}");
            if needs.contains(&name) {
                let without = shards(&|other| needs.contains(&other) && other != name);
                assert_eq!(without, Err(ManifestError::MissingField { field, because }));
            } else if !takes.contains(&name) {
                let with = shards(&|other| needs.contains(&other) || other == name);
                assert_eq!(with, Err(ManifestError::UnusedField { field, because }));
            }
        }
    }
}
