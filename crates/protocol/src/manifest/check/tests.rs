#![allow(clippy::unwrap_used)]
use super::*;

/// Seats of a shard that is verified by a quorum.
fn quorum_seats(replicas: u32, quorum: u32, max_replicas: u32) -> Result<(), ManifestError> {
    seats(VerifyMode::Quorum, replicas, quorum, max_replicas)
}

use crate::manifest::samples;

/// The error of the sample after a change.
fn refused(change: impl FnOnce(&mut Manifest)) -> ManifestError {
    let mut changed = samples::manifest();
    manifest(&changed).unwrap();
    change(&mut changed);
    manifest(&changed).unwrap_err()
}

#[test]
fn limits_outside_their_bounds_are_refused() {
    type Limit = fn(&mut ShardLimits) -> &mut u64;
    let all: [(&str, Limit, u64, &str); 5] = [
        ("limits.fuel", |l| &mut l.fuel, MAX_FUEL, "1000000000000000"),
        ("limits.memory", |l| &mut l.memory, 4 << 30, "4 GiB"),
        ("limits.output", |l| &mut l.output, 64 << 20, "64 MiB"),
        ("limits.log", |l| &mut l.log, 1 << 20, "1 MiB"),
        ("limits.wall", |l| &mut l.wall_ms, MAX_WALL_MS, "30 d"),
    ];
    for (name, limit, most, text) in all {
        let mut sample = samples::manifest();
        *limit(&mut sample.limits) = most;
        assert_eq!(manifest(&sample), Ok(()), "{name}");
        match refused(|m| *limit(&mut m.limits) = most + 1) {
            ManifestError::AboveBound { field, bound, .. } => {
                assert_eq!((&*field, &*bound), (name, text));
            }
            other => panic!("{other:?}"),
        }
        if name == "limits.log" {
            *limit(&mut sample.limits) = 0;
            assert_eq!(manifest(&sample), Ok(()));
        } else {
            assert_eq!(
                refused(|m| *limit(&mut m.limits) = 0),
                ManifestError::Zero {
                    field: name.to_owned()
                }
            );
        }
    }
}

#[test]
fn only_valid_numbers_of_seats_are_accepted() {
    // Two disjoint groups of `quorum` seats must not fit into `max_replicas`.
    for max in 0..8 {
        for replicas in 0..8 {
            for quorum in 0..8 {
                let valid = (1..=replicas).contains(&quorum)
                    && replicas <= max
                    && max <= 5
                    && max - quorum < quorum
                    && (max == 1 || quorum < max);
                assert_eq!(
                    quorum_seats(replicas, quorum, max).is_ok(),
                    valid,
                    "{quorum} of {replicas}, at most {max}"
                );
            }
        }
    }
}

#[test]
fn each_invalid_number_of_seats_has_its_own_error() {
    use ManifestError as E;
    assert_eq!(
        quorum_seats(3, 4, 5),
        Err(E::QuorumAboveReplicas {
            quorum: 4,
            replicas: 3
        })
    );
    assert_eq!(
        quorum_seats(5, 2, 5),
        Err(E::NoMajority {
            quorum: 2,
            max_replicas: 5,
            needed: 3
        })
    );
    assert_eq!(
        quorum_seats(3, 2, 2),
        Err(E::MaxReplicasBelowReplicas {
            max_replicas: 2,
            replicas: 3
        })
    );
    assert_eq!(
        quorum_seats(3, 2, 6),
        Err(E::TooManyReplicas { max_replicas: 6 })
    );
    assert_eq!(
        quorum_seats(u32::MAX, u32::MAX, u32::MAX),
        Err(E::TooManyReplicas {
            max_replicas: u32::MAX
        })
    );
    for (replicas, quorum, field) in [(0, 1, "verify.replicas"), (1, 0, "verify.quorum")] {
        let field = field.to_owned();
        assert_eq!(quorum_seats(replicas, quorum, 1), Err(E::Zero { field }));
    }
    assert_eq!(
        refused(|m| m.verify.quorum = 3),
        E::QuorumAboveReplicas {
            quorum: 3,
            replicas: 2
        }
    );
}

#[test]
fn a_file_name_with_a_path_is_refused() {
    let long = "a".repeat(256);
    for name in [
        "",
        ".",
        "..",
        "/",
        "a/b",
        "../a",
        "a\\b",
        "/etc/passwd",
        "a\0",
        "a\nb",
        &long,
    ] {
        let field_of = |error| match error {
            ManifestError::BadName {
                field, name: named, ..
            } => {
                assert_eq!(named, name);
                field
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(
            field_of(refused(|m| m.output = name.to_owned())),
            "join.output"
        );
        let with_input = |m: &mut Manifest| {
            let input = m.inputs.values().next().copied().unwrap();
            m.inputs.insert(name.to_owned(), input);
        };
        assert_eq!(field_of(refused(with_input)), "inputs");
    }
    for name in ["a", "a..b", "..a", ".hidden", "ä b", &long[1..]] {
        assert_eq!(file_name("inputs", name), Ok(()), "{name}");
    }
}

#[test]
fn a_job_name_is_short_and_printable() {
    let fits = "a".repeat(MAX_NAME_BYTES);
    assert_eq!(job_name(&fits), Ok(()));
    for name in ["", "a\u{1b}[2J", "a\n", &format!("{fits}a")] {
        assert!(matches!(
            refused(|m| m.name = name.to_owned()),
            ManifestError::BadText { field, text, .. } if field == "name" && text == name
        ));
    }
}

#[test]
fn texts_for_the_program_hold_no_zero_byte() {
    let field = |error| match error {
        ManifestError::BadText { field, .. } => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(refused(|m| m.args.push("a\0".to_owned()))), "args");
    for (name, value) in [("", "v"), ("a=b", "v"), ("a\0", "v"), ("a", "v\0")] {
        let insert = |m: &mut Manifest| {
            m.env.insert(name.to_owned(), value.to_owned());
        };
        assert_eq!(field(refused(insert)), "env", "{name:?}");
    }
    let join = Join::Program {
        digest: [0; 32],
        args: vec!["\0".to_owned()],
    };
    assert_eq!(field(refused(|m| m.join = join)), "join.args");
}

#[test]
fn a_tag_is_1_to_16_visible_ascii_characters() {
    for text in ["a", "eu-west", "1234567890abcdef"] {
        assert_eq!(tag("requirement.region", text), Ok(()));
    }
    for text in ["", "1234567890abcdefg", "eu west", "zürich", "a\t"] {
        assert!(matches!(
            tag("requirement.region", text),
            Err(ManifestError::BadText { field, .. }) if field == "requirement.region"
        ));
    }
}

#[test]
fn a_job_has_1_to_1024_shards() {
    assert_eq!(refused(|m| m.shards.clear()), ManifestError::NoShards);
    let shard = ShardInput::Inline {
        text: "x".to_owned(),
    };
    let mut most = samples::manifest();
    most.shards = vec![shard.clone(); MAX_SHARDS];
    assert_eq!(manifest(&most), Ok(()));
    assert!(matches!(
        refused(|m| m.shards = vec![shard; MAX_SHARDS + 1]),
        ManifestError::TooManyShards { shards: 1025, .. }
    ));
}

#[test]
fn a_shard_with_an_empty_or_overflowing_input_is_refused() {
    let blob = |offset, len| ShardInput::Blob {
        digest: [0; 32],
        offset,
        len,
    };
    let inline = ShardInput::Inline {
        text: String::new(),
    };
    for shard in [blob(0, 0), blob(u64::MAX, 1), blob(1, u64::MAX), inline] {
        assert_eq!(
            refused(|m| m.shards[1] = shard),
            ManifestError::BadShard { index: 1 }
        );
    }
}

#[test]
fn audits_and_challenges_start_with_one_seat_and_need_two_that_agree() {
    use ManifestError as E;
    use VerifyMode::{Audit, Challenge};
    for mode in [Audit, Challenge] {
        for (quorum, most) in [(2, 3), (3, 4)] {
            assert!(seats(mode, 1, quorum, most).is_ok());
        }
        assert_eq!(seats(mode, 2, 2, 3), Err(E::NotOneReplica { replicas: 2 }));
        for (quorum, max_replicas) in [(1, 1), (4, 3)] {
            let expected = E::ReviewQuorum {
                quorum,
                max_replicas,
            };
            assert_eq!(seats(mode, 1, quorum, max_replicas), Err(expected));
        }
        assert!(matches!(seats(mode, 1, 2, 4), Err(E::NoMajority { .. })));
    }
    assert!(seats(Audit, 1, 3, 5).is_ok());
    let expected = E::TooManyChallenged { max_replicas: 5 };
    assert_eq!(seats(Challenge, 1, 3, 5), Err(expected));
}
