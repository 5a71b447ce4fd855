#![allow(clippy::unwrap_used)]
use super::*;
use crate::documented::{documented_fields, fields_of};
use serde_json::{Value, json};

const KEY: Key = Key([1; 32]);

fn task() -> Task {
    Task {
        job: KEY,
        shard: 2,
        attempt: 3,
        seat: 4,
        network_id: [5; 32],
        program: Key([6; 32]),
        manifest: [7; 32],
        commit_by: 1_700_000_000,
        reveal_by: -1,
    }
}

fn to_agent() -> Vec<(&'static str, ToAgent)> {
    let (job, shard, attempt) = (KEY, 2, 3);
    vec![
        (
            "challenge",
            ToAgent::Challenge {
                protocol: PROTOCOL_VERSION,
                nonce: [1; 32],
                network_id: [2; 32],
                genesis: "genesis".to_owned(),
            },
        ),
        ("welcome", ToAgent::Welcome { provider: KEY }),
        (
            "refused",
            ToAgent::Refused {
                reason: "no".to_owned(),
            },
        ),
        ("run", ToAgent::Run { task: task() }),
        (
            "reveal",
            ToAgent::Reveal {
                job,
                shard,
                attempt,
            },
        ),
        (
            "release",
            ToAgent::Release {
                job,
                shard,
                attempt,
                outcome: "paid".to_owned(),
            },
        ),
        ("ping", ToAgent::Ping { n: u64::MAX }),
    ]
}

fn from_agent() -> Vec<(&'static str, FromAgent)> {
    let (job, shard, attempt, seat) = (KEY, 2, 3, 4);
    vec![
        (
            "hello",
            FromAgent::Hello {
                protocol: PROTOCOL_VERSION,
                provider: KEY,
                operator: Key([2; 32]),
                signature: [3; 64],
                capacity: 4,
                version: "0.1.0".to_owned(),
            },
        ),
        (
            "committed",
            FromAgent::Committed {
                job,
                shard,
                attempt,
                seat,
                commitment: [5; 32],
                signature: [6; 64],
            },
        ),
        (
            "revealed",
            FromAgent::Revealed {
                job,
                shard,
                attempt,
                seat,
                result: ShardResult {
                    root: [5; 32],
                    units: u64::MAX,
                    salt: [6; 32],
                    output: [8; 32],
                    output_bytes: 7,
                    fuel: 1,
                    exit: -1,
                    reason: "out of fuel".to_owned(),
                },
            },
        ),
        (
            "failed",
            FromAgent::Failed {
                job,
                shard,
                attempt,
                reason: "no blob".to_owned(),
                retry: true,
            },
        ),
        (
            "progress",
            FromAgent::Progress {
                job,
                shard,
                attempt,
                fuel: 1,
                fuel_limit: 2,
            },
        ),
        ("draining", FromAgent::Draining),
        ("pong", FromAgent::Pong { n: u64::MAX }),
    ]
}

#[test]
fn every_message_round_trips_and_names_its_type() {
    for (name, message) in to_agent() {
        let text = encode(&message).unwrap();
        assert_eq!(decode::<ToAgent>(&text).unwrap(), message);
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["type"], name);
    }
    for (name, message) in from_agent() {
        let text = encode(&message).unwrap();
        assert_eq!(decode::<FromAgent>(&text).unwrap(), message);
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["type"], name);
    }
}

#[test]
fn a_task_is_encoded_as_hex_and_base58() {
    let text = encode(&ToAgent::Run { task: task() }).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap(),
        json!({"type": "run", "task": {
            "job": bs58::encode([1; 32]).into_string(),
            "shard": 2,
            "attempt": 3,
            "seat": 4,
            "network_id": "05".repeat(32),
            "program": bs58::encode([6; 32]).into_string(),
            "manifest": "07".repeat(32),
            "commit_by": 1_700_000_000,
            "reveal_by": -1,
        }})
    );
}

#[test]
fn unknown_fields_are_ignored() {
    let pong = decode::<FromAgent>(r#"{"type":"pong","n":1,"new":true}"#);
    assert_eq!(pong, Ok(FromAgent::Pong { n: 1 }));
}

#[test]
fn malformed_messages_are_refused() {
    for text in [
        "",
        "{}",
        "[]",
        r#"{"type":"unknown"}"#,
        r#"{"type":"pong"}"#,
        r#"{"type":"pong","n":-1}"#,
        r#"{"type":"ping","n":1}"#,
    ] {
        let refused = decode::<FromAgent>(text);
        assert!(
            matches!(refused, Err(MessageError::Malformed { .. })),
            "{text}: {refused:?}"
        );
    }
}

#[test]
fn a_revealed_result_is_encoded_as_fields_of_the_message() {
    let (_, revealed) = from_agent().swap_remove(2);
    let json: Value = serde_json::from_str(&encode(&revealed).unwrap()).unwrap();
    assert_eq!(
        json,
        json!({"type": "revealed", "job": KEY.to_string(), "shard": 2, "attempt": 3, "seat": 4,
            "root": "05".repeat(32), "units": u64::MAX, "salt": "06".repeat(32),
            "output": "08".repeat(32), "output_bytes": 7, "fuel": 1, "exit": -1,
            "reason": "out of fuel"})
    );
}

#[test]
fn only_an_equal_protocol_version_is_accepted() {
    assert_eq!(check_version("agent", PROTOCOL_VERSION), Ok(()));
    let refused = check_version("agent", PROTOCOL_VERSION + 1).unwrap_err();
    assert!(refused.to_string().contains("the agent speaks version 2"));
}

#[test]
fn a_peer_without_a_protocol_version_speaks_the_first() {
    let hex = "00".repeat(32);
    let text =
        format!(r#"{{"type":"challenge","nonce":"{hex}","network_id":"{hex}","genesis":"g"}}"#);
    let challenge = decode(&text).unwrap();
    assert!(matches!(challenge, ToAgent::Challenge { protocol: 1, .. }));
}

#[test]
fn a_signature_or_a_key_of_another_length_is_refused() {
    let hello = |signature: &str, provider: &str| {
        let text = json!({"type": "hello", "provider": provider, "operator": KEY.to_string(),
            "signature": signature, "capacity": 1, "version": ""});
        decode::<FromAgent>(&text.to_string())
    };
    let (signature, key) = ("00".repeat(64), KEY.to_string());
    assert!(hello(&signature, &key).is_ok());
    for (signature, key) in [
        ("00".repeat(63), &*key),
        ("00".repeat(65), &key),
        ("zz".repeat(64), &key),
        (signature.clone(), ""),
        (signature.clone(), &key[1..]),
        (signature.clone(), &format!("1{key}")),
        (signature.clone(), &"z".repeat(44)),
        (signature.clone(), "0OIl"),
        (signature, &"1".repeat(100_000)),
    ] {
        assert!(matches!(
            hello(&signature, key),
            Err(MessageError::Malformed { .. })
        ));
    }
}

#[test]
fn a_frame_longer_than_the_limit_is_refused() {
    let refused = |length: usize| {
        encode(&ToAgent::Refused {
            reason: "a".repeat(length),
        })
    };
    let around = refused(0).unwrap().len();
    let longest = refused(MAX_FRAME_BYTES - around).unwrap();
    assert_eq!(longest.len(), MAX_FRAME_BYTES);
    assert!(decode::<ToAgent>(&longest).is_ok());

    let too_long = Err(MessageError::TooLong {
        bytes: MAX_FRAME_BYTES + 1,
    });
    assert_eq!(refused(MAX_FRAME_BYTES - around + 1), too_long);
    assert_eq!(
        decode::<ToAgent>(&format!("{longest} ")).map(|_| String::new()),
        too_long
    );
}

#[test]
fn the_challenge_binds_network_nonce_and_provider() {
    let mut bytes = AGENT_DOMAIN.to_vec();
    for n in [1u8, 2, 3] {
        bytes.extend([n; 32]);
    }
    let base = agent_challenge(&[1; 32], &[2; 32], &[3; 32]);
    assert_eq!(base, sha256(&[&bytes]));
    assert_ne!(agent_challenge(&[0; 32], &[2; 32], &[3; 32]), base);
    assert_ne!(agent_challenge(&[1; 32], &[0; 32], &[3; 32]), base);
    assert_ne!(agent_challenge(&[1; 32], &[2; 32], &[0; 32]), base);
}

#[test]
fn every_message_and_field_is_documented() {
    let page = include_str!("../../../../docs/agent-protocol.md");
    let to = to_agent()
        .into_iter()
        .map(|(name, message)| (name, serde_json::to_value(message).unwrap()));
    let from = from_agent()
        .into_iter()
        .map(|(name, message)| (name, serde_json::to_value(message).unwrap()));
    let messages: Vec<_> = to.chain(from).collect();
    for (name, mut message) in messages.clone() {
        message.as_object_mut().unwrap().remove("type");
        let documented = documented_fields(page, &format!("### `{name}`"));
        assert_eq!(documented, fields_of(&message), "fields of {name}");
    }
    let headings = page.lines().filter(|line| line.starts_with("### `"));
    assert_eq!(headings.count(), messages.len());
}
