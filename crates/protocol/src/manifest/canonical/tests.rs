#![allow(clippy::unwrap_used)]
use super::super::model::*;
use super::*;
use crate::manifest::samples::{self, MAP, REDUCE, TEXT};
use crate::manifest::{Input, Join, ShardInput, ShardLimits, Verification};
use proptest::prelude::*;

#[test]
fn the_canonical_bytes_are_fixed() {
    let [map, reduce, text, stop] =
        [MAP, REDUCE, TEXT, b"the"].map(|content| hex::encode(sha256(&[content])));
    let expected = format!(
        concat!(
            r#"{{"version":1,"name":"count","program":"{map}","args":["--fast","ä"],"#,
            r#""env":{{"LANG":"C"}},"#,
            r#""inputs":{{"stop words.txt":{{"digest":"{stop}","length":3}}}},"#,
            r#""shards":[{{"blob":{{"digest":"{text}","offset":0,"len":8}}}},"#,
            r#"{{"blob":{{"digest":"{text}","offset":8,"len":11}}}},"#,
            r#"{{"blob":{{"digest":"{text}","offset":19,"len":4}}}}],"#,
            r#""join":{{"program":{{"digest":"{reduce}","args":["-n"]}}}},"#,
            r#""output":"counts.txt","runtime":"wasm","#,
            r#""limits":{{"fuel":20000001,"memory":268435456,"output":16777216,"log":1024,"#,
            r#""wall_ms":300000}},"#,
            r#""verify":{{"mode":"quorum","replicas":2,"quorum":2,"max_replicas":3}}}}"#,
        ),
        map = map,
        reduce = reduce,
        text = text,
        stop = stop,
    );
    let manifest = samples::manifest();
    assert_eq!(String::from_utf8(manifest.to_bytes()).unwrap(), expected);
    assert_eq!(manifest.hash(), sha256(&[expected.as_bytes()]));
}

#[test]
fn other_bytes_for_the_same_manifest_are_not_canonical() {
    let text = String::from_utf8(samples::manifest().to_bytes()).unwrap();
    assert!(Manifest::from_bytes(text.as_bytes()).is_ok());
    let digest = hex::encode(sha256(&[MAP]));
    for (from, to) in [
        (r#""version":1,"#, r#""version": 1,"#),
        (r#"{"version":1,"#, r#" {"version":1,"#),
        (r#""max_replicas":3}}"#, "\"max_replicas\":3}}\n"),
        (r#""count""#, r#""c\u006funt""#),
        (&digest, &digest.to_uppercase()),
        (
            r#""version":1,"name":"count""#,
            r#""name":"count","version":1"#,
        ),
        (r#"{"LANG":"C"}"#, r#"{"LANG":"A","LANG":"C"}"#),
        (r#"{"LANG":"C"}"#, r#"{"LANG":"C","A":"B"}"#),
    ] {
        assert!(text.contains(from), "{from}");
        let other = text.replacen(from, to, 1);
        assert_eq!(
            Manifest::from_bytes(other.as_bytes()),
            Err(ManifestError::NotCanonical),
            "{other}"
        );
    }
}

#[test]
fn malformed_manifests_are_refused() {
    let text = String::from_utf8(samples::manifest().to_bytes()).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    for other in [
        String::new(),
        "{}".to_owned(),
        "null".to_owned(),
        format!("{text}{text}"),
        text[1..].to_owned(),
        changed("\"args\"", "\"arguments\""),
        changed("\"log\":1024", "\"log\":1024.0"),
        changed("\"log\":1024", "\"log\":-1"),
        changed("\"LANG\":\"C\"", "\"LANG\":1"),
        changed("\"wall_ms\"", "\"new\":1,\"wall_ms\""),
        changed("\"wasm\"", "\"process\""),
        changed("\"mode\":\"quorum\"", "\"mode\":\"trust\""),
    ] {
        let read = Manifest::from_bytes(other.as_bytes());
        assert!(
            matches!(read, Err(ManifestError::NotManifest { .. })),
            "{other}: {read:?}"
        );
    }
    assert!(matches!(
        Manifest::from_bytes(b"\xff"),
        Err(ManifestError::NotManifest { .. })
    ));
}

#[test]
fn a_later_version_is_refused_before_its_fields_are_read() {
    assert_eq!(
        Manifest::from_bytes(br#"{"version":2,"sealing":true}"#),
        Err(ManifestError::Version {
            found: 2,
            supported: 1
        })
    );
}

#[test]
fn bounds_are_checked_when_bytes_are_read() {
    let mut manifest = samples::manifest();
    manifest.output = "../escape".to_owned();
    assert!(matches!(
        Manifest::from_bytes(&manifest.to_bytes()),
        Err(ManifestError::BadName { .. })
    ));
}

#[test]
fn a_manifest_above_the_maximum_length_is_refused() {
    let mut manifest = samples::manifest();
    manifest.args = vec![String::new()];
    let around = manifest.to_bytes().len();
    manifest.args = vec!["a".repeat(crate::manifest::MAX_MANIFEST_BYTES - around)];
    assert_eq!(
        Manifest::from_bytes(&manifest.to_bytes()).unwrap(),
        manifest
    );
    manifest.args[0].push('a');
    assert_eq!(
        Manifest::from_bytes(&manifest.to_bytes()),
        Err(ManifestError::TooLong {
            bytes: crate::manifest::MAX_MANIFEST_BYTES + 1
        })
    );
}

#[test]
fn units_are_rounded_up() {
    let mut limits = samples::manifest().limits;
    assert_eq!(limits.max_units(), 21);
    limits.fuel = 20_000_000;
    assert_eq!(limits.max_units(), 20);
    limits.fuel = 1;
    assert_eq!(limits.max_units(), 1);
}

fn any_shard() -> impl Strategy<Value = ShardInput> {
    prop_oneof![
        (any::<Digest>(), any::<u32>(), 1..=u64::from(u32::MAX)).prop_map(
            |(digest, offset, len)| ShardInput::Blob {
                digest,
                offset: offset.into(),
                len
            }
        ),
        "(?s).{1,20}".prop_map(|text| ShardInput::Inline { text }),
    ]
}

fn any_join() -> impl Strategy<Value = Join> {
    prop_oneof![
        Just(Join::Concat),
        (any::<Digest>(), prop::collection::vec("[^\0]*", 0..3))
            .prop_map(|(digest, args)| Join::Program { digest, args }),
    ]
}

prop_compose! {
    fn any_manifest()(
        name in "[^\\p{Cc}]{1,16}",
        program: Digest,
        args in prop::collection::vec("[^\0]*", 0..4),
        env in prop::collection::btree_map("[^\0=]{1,9}", "[^\0]*", 0..4),
        inputs in prop::collection::btree_map("[^\\p{Cc}/\\\\.]{1,9}", any::<(Digest, u64)>(), 0..4),
        shards in prop::collection::vec(any_shard(), 1..6),
        join in any_join(),
        fuel in 1..crate::manifest::MAX_FUEL,
        (replicas, quorum, max_replicas) in prop::sample::select(vec![(1, 1, 1), (3, 2, 3), (3, 3, 5)]),
    ) -> Manifest {
        let sample = samples::manifest();
        Manifest {
            name,
            program,
            args,
            env,
            inputs: inputs
                .into_iter()
                .map(|(name, (digest, length))| (name, Input { digest, length }))
                .collect(),
            shards,
            join,
            limits: ShardLimits { fuel, ..sample.limits },
            verify: Verification { replicas, quorum, max_replicas, ..sample.verify },
            ..sample
        }
    }
}

proptest! {
    #[test]
    fn a_manifest_round_trips(manifest in any_manifest()) {
        let bytes = manifest.to_bytes();
        let read = Manifest::from_bytes(&bytes);
        prop_assert_eq!(read.as_ref(), Ok(&manifest));
        prop_assert_eq!(sha256(&[&bytes]), manifest.hash());
    }

    #[test]
    fn a_changed_byte_never_yields_the_same_manifest(manifest in any_manifest(), at: prop::sample::Index, byte: u8) {
        let mut bytes = manifest.to_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        if let Ok(other) = Manifest::from_bytes(&bytes) {
            prop_assert_ne!(&other, &manifest);
            prop_assert_eq!(other.to_bytes(), bytes);
        }
    }
}
