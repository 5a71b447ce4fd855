#![allow(clippy::unwrap_used)]
use super::*;
use crate::blob;
use crate::hash::sha256;
use crate::manifest::samples::{
    self, MAP, REDUCE, TEXT, TOML, blob_of, changed, files, resolve_changed, resolve_with,
};
use crate::manifest::{JobWindows, ProviderRequirement, ShardInput, VerifyMode};

#[test]
fn a_file_resolves_to_manifest_blobs_and_terms() {
    let Resolved {
        manifest,
        blobs,
        terms,
    } = resolve_with(TOML, &files()).unwrap();
    assert_eq!(manifest.name, "count");
    assert_eq!(manifest.program, sha256(&[MAP]));
    assert_eq!(manifest.shards.len(), 3);
    assert_eq!(manifest.inputs["stop words.txt"].length, 3);
    let mut names: Vec<Digest> = blobs.iter().map(|(digest, _)| *digest).collect();
    let mut expected = [MAP, REDUCE, TEXT, b"the"].map(|content| sha256(&[content]));
    names.sort();
    expected.sort();
    assert_eq!(names, expected);
    for (digest, content) in &blobs {
        assert_eq!(*digest, sha256(&[content]));
    }
    assert_eq!(
        terms,
        Terms {
            max_price_per_unit: "0.000002".to_owned(),
            deadline_secs: 1800,
            windows: JobWindows {
                commit_secs: Some(40),
                reveal_secs: Some(20),
                challenge_secs: None,
            },
            requirement: ProviderRequirement {
                supplier: Some("acme".to_owned()),
                region: Some("eu-west".to_owned()),
                min_score: 1000,
            },
            mode: VerifyMode::Quorum,
            audit_bps: 0,
            replicas: 2,
            quorum: 2,
            max_replicas: 3,
            max_units: 21,
        }
    );
    assert_eq!(Manifest::from_bytes(&manifest.to_bytes()), Ok(manifest));
}

#[test]
fn the_terms_do_not_change_the_hash() {
    let hash = samples::manifest().hash();
    for (from, to) in [
        ("0.000002", "5"),
        ("30 m", "31 m"),
        ("40 s", "41 s"),
        ("eu-west", "asia"),
        ("memory = \"256 MiB\"", "memory = 268_435_456"),
    ] {
        let other = resolve_changed(from, to).unwrap().manifest;
        assert_eq!(other.hash(), hash, "{to}");
    }
    for (from, to) in [
        ("\"--fast\"", "\"--slow\""),
        ("size = 2", "size = 3"),
        ("counts.txt", "c.txt"),
        ("log = 1024", "log = 1025"),
        ("replicas = 2", "replicas = 3"),
    ] {
        let other = resolve_changed(from, to).unwrap().manifest;
        assert_ne!(other.hash(), hash, "{to}");
    }
}

#[test]
fn a_blob_by_hash_resolves_like_a_file() {
    let by_hash = resolve_changed("map.wasm", &blob_of(MAP)).unwrap();
    assert_eq!(by_hash, resolve_with(TOML, &files()).unwrap());
}

#[test]
fn content_named_twice_is_read_and_uploaded_once() {
    let mut read = Vec::new();
    let file = ManifestFile::parse(&changed(
        "\"stop words.txt\" = \"stop.txt\"",
        "a = \"text.txt\"\nb = \"copy.txt\"",
    ))
    .unwrap();
    let resolved = resolve(&file, &mut |from| {
        let path = from.to_string();
        let content = match &*path {
            "copy.txt" => TEXT.to_vec(),
            path => files()[path].clone(),
        };
        read.push(path);
        Ok(content.into())
    })
    .unwrap();
    read.sort();
    assert_eq!(read, ["copy.txt", "map.wasm", "reduce.wasm", "text.txt"]);
    assert_eq!(resolved.blobs.len(), 3);
    let inputs = resolved.manifest.inputs;
    assert_eq!(inputs["a"], inputs["b"]);
}

#[test]
fn a_missing_file_is_named_with_its_path_and_field() {
    for (path, field) in [
        ("map.wasm", "program"),
        ("reduce.wasm", "join.program"),
        ("stop.txt", "inputs.stop words.txt"),
        ("text.txt", "shards.source"),
    ] {
        let mut some = files();
        some.remove(path);
        let error = resolve_with(TOML, &some).unwrap_err();
        assert_eq!(
            error,
            ManifestError::MissingFile {
                field: field.to_owned(),
                path: format!("/jobs/{path}"),
                reason: "not there".to_owned(),
            }
        );
        assert!(error.to_string().contains(path), "{error}");
    }
}

#[test]
fn a_missing_blob_is_named_with_its_hash() {
    let name = blob::format(&[7; 32]);
    let error = resolve_changed("map.wasm", &name).unwrap_err();
    assert!(matches!(
        &error,
        ManifestError::MissingBlob { field, blob, .. } if field == "program" && *blob == name
    ));
    assert!(error.to_string().contains(&name));
}

#[test]
fn a_blob_of_other_content_is_refused() {
    let wanted = blob_of(b"other");
    let file = ManifestFile::parse(&changed("map.wasm", &wanted)).unwrap();
    let error = resolve(&file, &mut |_| Ok(MAP.into())).unwrap_err();
    assert_eq!(
        error,
        ManifestError::WrongBlob {
            field: "program".to_owned(),
            blob: wanted,
            found: blob_of(MAP),
        }
    );
}

#[test]
fn a_program_that_is_not_webassembly_is_refused() {
    for (content, what) in [
        (&b""[..], "an empty file"),
        (b"\0asm", "WebAssembly of another version"),
        (b"\0asm\x02\0\0\0", "WebAssembly of another version"),
        (b"\0asm\x0d\0\x01\0", "a WebAssembly component"),
        (b"\x7fELF\x02", "a native program"),
        (b"(module)", "WebAssembly in its text form"),
        (b"#!/bin/sh\n", "something else"),
    ] {
        for (path, named) in [("map.wasm", "program"), ("reduce.wasm", "join.program")] {
            let mut files = files();
            files.insert(path.to_owned(), content.to_vec());
            let error = resolve_with(TOML, &files).unwrap_err();
            assert_eq!(
                error,
                ManifestError::NotWasm {
                    field: named.to_owned(),
                    place: path.to_owned(),
                    found: what.to_owned(),
                }
            );
            assert!(error.to_string().contains("wasm32-wasip1"));
        }
    }
}

#[test]
fn the_default_quorum_is_the_smallest_majority_of_max_replicas() {
    let verify = |lines: &str| {
        let whole = "mode = \"quorum\"\nreplicas = 2\nquorum = 2\nmax_replicas = 3";
        resolve_changed(whole, lines).map(|resolved| {
            let verify = resolved.manifest.verify;
            assert_eq!(verify.mode, VerifyMode::Quorum);
            (verify.replicas, verify.quorum, verify.max_replicas)
        })
    };
    assert_eq!(verify(""), Ok((3, 2, 3)));
    assert_eq!(verify("replicas = 1"), Ok((1, 1, 1)));
    assert_eq!(verify("replicas = 2"), Ok((2, 2, 3)));
    assert_eq!(verify("replicas = 2\nmax_replicas = 3"), Ok((2, 2, 3)));
    assert_eq!(
        verify("replicas = 3\nquorum = 3"),
        Err(ManifestError::Unanimous {
            quorum: 3,
            needed: 4
        })
    );
    assert_eq!(verify("max_replicas = 5"), Ok((3, 3, 5)));
    assert_eq!(
        verify("replicas = 300"),
        Err(ManifestError::TooManyReplicas { max_replicas: 300 })
    );
    assert_eq!(
        verify("quorum = 4"),
        Err(ManifestError::QuorumAboveReplicas {
            quorum: 4,
            replicas: 3
        })
    );
}

#[test]
fn audits_and_challenges_have_their_own_defaults_and_fields() {
    let resolved = |lines: &str| {
        let whole = "mode = \"quorum\"\nreplicas = 2\nquorum = 2\nmax_replicas = 3";
        resolve_changed(whole, lines).map(|resolved| resolved.terms)
    };
    let audit = resolved("mode = \"audit\"\naudit_bps = 500").unwrap();
    assert_eq!((audit.mode, audit.audit_bps), (VerifyMode::Audit, 500));
    assert_eq!(
        (audit.replicas, audit.quorum, audit.max_replicas),
        (1, 2, 3)
    );
    let challenge = resolved("mode = \"challenge\"").unwrap();
    assert_eq!(
        (challenge.mode, challenge.audit_bps),
        (VerifyMode::Challenge, 0)
    );
    let missing = resolved("mode = \"audit\"").unwrap_err();
    assert!(
        matches!(missing, ManifestError::MissingField { field, .. } if field == "verify.audit_bps")
    );
    for lines in ["mode = \"challenge\"\naudit_bps = 5", "audit_bps = 5"] {
        let unused = resolved(lines).unwrap_err();
        assert!(
            matches!(unused, ManifestError::UnusedField { field, .. } if field == "verify.audit_bps")
        );
    }
    for found in [0, 10_001] {
        let lines = format!("mode = \"audit\"\naudit_bps = {found}");
        assert_eq!(resolved(&lines), Err(ManifestError::AuditRate { found }));
    }
}

#[test]
fn a_time_of_zero_is_refused() {
    for (from, field) in [
        ("within = \"30 m\"", "deadline.within"),
        ("commit = \"40 s\"", "windows.commit"),
        ("reveal = \"20 s\"", "windows.reveal"),
        ("wall = \"5 m\"", "limits.wall"),
    ] {
        let key = from.split(' ').next().unwrap();
        assert_eq!(
            resolve_changed(from, &format!("{key} = \"0 s\"")),
            Err(ManifestError::Zero {
                field: field.to_owned()
            })
        );
    }
}

#[test]
fn fractions_of_a_second_are_refused_for_on_chain_times() {
    for (from, field) in [
        ("within = \"30 m\"", "deadline.within"),
        ("commit = \"40 s\"", "windows.commit"),
        ("reveal = \"20 s\"", "windows.reveal"),
    ] {
        let key = from.split(' ').next().unwrap();
        assert_eq!(
            resolve_changed(from, &format!("{key} = \"1500 ms\"")),
            Err(ManifestError::NotWholeSeconds {
                field: field.to_owned(),
                value: "1500 ms".to_owned()
            })
        );
    }
    let wall = resolve_changed("wall = \"5 m\"", "wall = \"1500 ms\"").unwrap();
    assert_eq!(wall.manifest.limits.wall_ms, 1500);
}

#[test]
fn limits_outside_their_bounds_are_refused_before_anything_is_read() {
    for (from, to) in [
        ("fuel = 20_000_001", "fuel = 0"),
        ("fuel = 20_000_001", "fuel = 1_000_000_000_000_001"),
        ("memory = \"256 MiB\"", "memory = \"5 GiB\""),
        ("output = \"16 MiB\"", "output = \"65 MiB\""),
        ("output = \"counts.txt\"", "output = \"a/b\""),
        ("\"stop words.txt\" =", "\"../x\" ="),
        ("name = \"count\"", "name = \"\""),
        ("region = \"eu-west\"", "region = \"a long way from here\""),
        ("supplier = \"acme\"", "supplier = \"ä\""),
    ] {
        let error = resolve_with(&changed(from, to), &BTreeMap::new()).unwrap_err();
        assert!(
            !matches!(error, ManifestError::MissingFile { .. }),
            "{to}: {error}"
        );
    }
}

#[test]
fn join_fields_depend_on_the_join_mode() {
    let field = |toml: &str| match resolve_with(toml, &files()) {
        Err(ManifestError::UnusedField { field, .. }) => format!("unused {field}"),
        Err(ManifestError::MissingField { field, .. }) => format!("missing {field}"),
        other => panic!("{other:?}"),
    };
    let concat = changed("with = \"program\"", "with = \"concat\"");
    assert_eq!(field(&concat), "unused join.program");
    let concat = concat.replace("program = \"reduce.wasm\"\n", "");
    assert_eq!(field(&concat), "unused join.args");
    let concat = concat.replace("args = [\"-n\"]\n", "");
    let resolved = resolve_with(&concat, &files()).unwrap();
    assert_eq!(resolved.manifest.join, Join::Concat);
    assert_eq!(
        field(&changed("program = \"reduce.wasm\"\n", "")),
        "missing join.program"
    );
}

#[test]
fn a_manifest_above_the_maximum_length_is_refused() {
    let long = "a".repeat(crate::manifest::MAX_MANIFEST_BYTES);
    assert!(matches!(
        resolve_changed("--fast", &long),
        Err(ManifestError::TooLong { .. })
    ));
}

#[test]
fn the_example_in_the_reference_resolves() {
    let reference = include_str!("../../../../../docs/manifest.md");
    let start = reference.find("```toml\n").unwrap() + "```toml\n".len();
    let length = reference[start..].find("```").unwrap();
    let toml = &reference[start..start + length];
    let file = ManifestFile::parse(toml).unwrap();
    let resolved = resolve(&file, &mut |from| {
        Ok(match from.to_string() {
            path if path.ends_with(".wasm") => MAP.into(),
            _ => TEXT.into(),
        })
    })
    .unwrap();
    assert!(
        resolved
            .manifest
            .shards
            .iter()
            .all(|shard| matches!(shard, ShardInput::Blob { .. }))
    );
}
