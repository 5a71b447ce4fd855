#![allow(clippy::unwrap_used)]
use super::*;
use anchor_lang::Event as _;
use millrace_program::events::Payment;
use millrace_program::state::Offer;
use serde_json::json;
use std::collections::BTreeSet;

const JOB: Pubkey = Pubkey::new_from_array([3; 32]);

fn posted() -> JobPosted {
    JobPosted {
        job: JOB,
        client: Pubkey::new_from_array([4; 32]),
        nonce: 5,
        manifest: [0xab; 32],
        shards: 6,
        deposited: u64::MAX,
        client_held_after: 7,
    }
}

fn settled() -> ShardSettled {
    ShardSettled {
        job: JOB,
        shard: 1,
        root: [2; 32],
        units: 3,
        paid: 4,
        fee: 5,
        points: 6,
        payments: vec![Payment {
            provider: JOB,
            amount: 4,
        }],
        released: vec![JOB, JOB],
        held_after: 9,
    }
}

#[test]
fn events_decode_as_the_program_writes_them() {
    let event = ProgramEvent::decode(&posted().data()).unwrap();
    assert_eq!(event, ProgramEvent::JobPosted(posted()));
    assert_eq!((event.name(), event.job()), ("JobPosted", Some(JOB)));
    let funded = RewardsFunded {
        amount: 1,
        funded_after: 2,
    };
    let event = ProgramEvent::decode(&funded.data()).unwrap();
    assert_eq!((event.name(), event.job()), ("RewardsFunded", None));
}

#[test]
fn json_has_every_field_and_reads_back_as_the_same_event() {
    let events = [
        ProgramEvent::JobPosted(posted()),
        ProgramEvent::ShardSettled(settled()),
        ProgramEvent::SeatsAssigned(SeatsAssigned {
            job: JOB,
            shard: 0,
            attempt: 1,
            providers: Vec::new(),
            locked: 2,
            commit_by: -3,
        }),
        ProgramEvent::CommitmentsRecorded(CommitmentsRecorded {
            job: JOB,
            shard: 0,
            seats: vec![0, 2],
        }),
        ProgramEvent::ProviderUpdated(ProviderUpdated {
            provider: JOB,
            offer: Offer {
                sealing_key: [1; 32],
                supplier: *b"acme\0\0\0\0\0\0\0\0\0\0\0\0",
                region: [0; 16],
                gpu_model: [0; 16],
                ask_price: 4,
                memory_mb: 5,
                cores: 6,
                gpus: 0,
                max_open_seats: 8,
                max_seat_lock: 9,
            },
        }),
        ProgramEvent::decode(&[9; 20]).unwrap(),
    ];
    for event in events {
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(
            serde_json::from_str::<ProgramEvent>(&json).unwrap(),
            event,
            "{json}"
        );
    }
    let json = serde_json::to_value(ProgramEvent::ShardSettled(settled())).unwrap();
    assert_eq!(json["name"], "ShardSettled");
    let fields = &json["fields"];
    assert_eq!(fields["root"], "02".repeat(32));
    assert_eq!(fields["payments"][0]["amount"], 4);
    assert_eq!(fields["released"][1], JOB.to_string());
    assert_eq!(fields.as_object().unwrap().len(), 10);
    let json = serde_json::to_value(ProgramEvent::JobPosted(posted())).unwrap();
    assert_eq!(json["fields"]["deposited"], u64::MAX);
}

#[test]
fn incomplete_json_is_never_read_as_zeros() {
    let read = |fields: Value| {
        let json = json!({ "name": "JobExpired", "fields": fields });
        serde_json::from_value::<ProgramEvent>(json).unwrap()
    };
    let job = JOB.to_string();
    let whole = read(json!({ "job": job, "shards": 2 }));
    assert_eq!(
        whole,
        ProgramEvent::JobExpired(JobExpired {
            job: JOB,
            shards: 2
        })
    );
    for fields in [
        json!({ "job": job }),
        json!({ "job": job, "shards": "2" }),
        json!({ "job": job, "shards": -2 }),
        json!({ "job": job, "shards": u64::MAX }),
        json!({ "job": "", "shards": 2 }),
        json!({ "job": job, "shards": 2, "more": 1 }),
    ] {
        let event = read(fields.clone());
        assert!(event.is_unknown(), "{fields}");
        assert_eq!(Value::Object(event.fields()), fields);
    }
}

#[test]
fn unrecognized_events_keep_their_bytes() {
    let longer = [posted().data(), vec![1]].concat();
    for data in [longer, vec![9; 20], vec![9; 8]] {
        let event = ProgramEvent::decode(&data).unwrap();
        assert!(event.is_unknown());
        assert_eq!((event.name(), event.job()), ("Unknown", None));
        assert_eq!(event.fields()["data"], hex::encode(&data));
    }
    assert_eq!(ProgramEvent::decode(&[9; 7]), None);
    let newer = json!({ "name": "JobMoved", "fields": { "job": "x" } });
    let event: ProgramEvent = serde_json::from_value(newer.clone()).unwrap();
    assert_eq!((event.name(), event.job()), ("JobMoved", None));
    assert_eq!(serde_json::to_value(event).unwrap(), newer);
}

#[test]
fn every_event_of_the_idl_is_decoded_with_the_fields_of_the_idl() {
    let idl: Value =
        serde_json::from_str(include_str!("../../../../idl/millrace_program.json")).unwrap();
    let names = idl["events"].as_array().unwrap().iter();
    let names: BTreeSet<&str> = names.map(|event| event["name"].as_str().unwrap()).collect();
    assert_eq!(names, ProgramEvent::NAMES.iter().copied().collect());
    for event in idl["events"].as_array().unwrap() {
        let discriminator: Vec<u8> =
            serde_json::from_value(event["discriminator"].clone()).unwrap();
        // Zeros are a value of every type. How many of them an event takes follows from its layout.
        let decoded = (0..600).find_map(|length| {
            let data = [discriminator.clone(), vec![0; length]].concat();
            ProgramEvent::decode(&data).filter(|event| !event.is_unknown())
        });
        let (decoded, name) = (decoded.unwrap(), event["name"].as_str().unwrap());
        assert_eq!(decoded.name(), name);
        let types = idl["types"].as_array().unwrap();
        let layout = types.iter().find(|found| found["name"] == *name).unwrap();
        let fields = layout["type"]["fields"].as_array().unwrap().iter();
        let fields: BTreeSet<&str> = fields.map(|f| f["name"].as_str().unwrap()).collect();
        let found = decoded.fields();
        assert_eq!(
            found.keys().map(String::as_str).collect::<BTreeSet<_>>(),
            fields
        );
    }
}
