//! The program's events, read by its IDL: a name, and fields by name. An event that this build does not
//! know is kept as its bytes, so that no history is lost to an older reader.

use crate::pda::PROGRAM;

use crate::pda::event_authority;
use anchor_lang::event::EVENT_IX_TAG_LE;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use solana_sdk::pubkey::Pubkey;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The name of what this build does not know.
pub const UNKNOWN: &str = "Unknown";

static IDL: LazyLock<Idl> = LazyLock::new(|| {
    // A test reads it: what is in this binary can be read.
    serde_json::from_str(include_str!("../../../idl/millrace_program.json")).unwrap_or_default()
});

/// An event. Keys are base58, other bytes lowercase hex, amounts base units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its name in the IDL.
    pub name: String,
    /// Its fields by name.
    pub fields: Map<String, Value>,
}

impl Event {
    /// Reads an event from its discriminator and fields.
    pub fn read(data: &[u8]) -> Self {
        read(data).unwrap_or_else(|| Self {
            name: UNKNOWN.to_owned(),
            fields: Map::from_iter([("data".to_owned(), hex(data))]),
        })
    }

    /// The job that it is about, where it is about one.
    pub fn job(&self) -> Option<&str> {
        self.fields.get("job")?.as_str()
    }
}

/// An instruction that another one called, with its accounts looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The program that was called.
    pub program: Pubkey,
    /// Its accounts.
    pub accounts: Vec<Pubkey>,
    /// Its data.
    pub data: Vec<u8>,
}

impl Invocation {
    /// The event that the program recorded with this call, if that is what it is: a call of our program
    /// with its event authority as the only account. Only the program itself can sign for that key, so
    /// that in a transaction that went through nobody else can have made such a call.
    pub fn event(&self) -> Option<Event> {
        if self.program != PROGRAM || self.accounts != [event_authority()] {
            return None;
        }
        let data = self.data.strip_prefix(EVENT_IX_TAG_LE)?;
        Some(Event::read(data))
    }
}

#[derive(Default, Deserialize)]
struct Idl {
    events: Vec<Named>,
    types: Vec<IdlType>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    discriminator: Vec<u8>,
}

#[derive(Deserialize)]
struct IdlType {
    name: String,
    #[serde(rename = "type")]
    layout: Layout,
}

#[derive(Deserialize)]
struct Layout {
    #[serde(default)]
    fields: Vec<Value>,
}

fn read(data: &[u8]) -> Option<Event> {
    static LAYOUTS: LazyLock<HashMap<&str, &Layout>> = LazyLock::new(|| {
        let types = IDL.types.iter();
        types.map(|t| (t.name.as_str(), &t.layout)).collect()
    });
    let known = IDL
        .events
        .iter()
        .find(|event| data.starts_with(&event.discriminator))?;
    let mut reader = Reader {
        rest: &data[known.discriminator.len()..],
        layouts: &LAYOUTS,
    };
    let fields = reader.layout(&known.name)?;
    // More bytes than the IDL has fields: it is of another version.
    reader.rest.is_empty().then(|| Event {
        name: known.name.clone(),
        fields,
    })
}

/// Reads Borsh by types of the IDL.
struct Reader<'a> {
    rest: &'a [u8],
    layouts: &'a HashMap<&'static str, &'static Layout>,
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.number()?)).ok()
    }

    fn layout(&mut self, name: &str) -> Option<Map<String, Value>> {
        let layout = *self.layouts.get(name)?;
        let fields = layout.fields.iter().map(|field| {
            let name = field.get("name")?.as_str()?.to_owned();
            Some((name, self.value(field.get("type")?)?))
        });
        fields.collect()
    }

    fn value(&mut self, kind: &Value) -> Option<Value> {
        if let Some(name) = kind.as_str() {
            return self.plain(name);
        }
        if let Some(name) = kind.pointer("/defined/name") {
            return self.layout(name.as_str()?).map(Value::Object);
        }
        if let Some(each) = kind.get("vec") {
            let count = self.length()?;
            return (0..count).map(|_| self.value(each)).collect();
        }
        let (each, count) = (kind.pointer("/array/0")?, kind.pointer("/array/1")?);
        let count = usize::try_from(count.as_u64()?).ok()?;
        match each.as_str() {
            Some("u8") => Some(hex(self.take(count)?)),
            _ => (0..count).map(|_| self.value(each)).collect(),
        }
    }

    fn plain(&mut self, name: &str) -> Option<Value> {
        Some(match name {
            "bool" => (self.number::<1>()? != [0]).into(),
            "u8" => u8::from_le_bytes(self.number()?).into(),
            "u16" => u16::from_le_bytes(self.number()?).into(),
            "u32" => u32::from_le_bytes(self.number()?).into(),
            "u64" => u64::from_le_bytes(self.number()?).into(),
            "i64" => i64::from_le_bytes(self.number()?).into(),
            "pubkey" => Pubkey::new_from_array(self.number()?).to_string().into(),
            "bytes" => {
                let count = self.length()?;
                hex(self.take(count)?)
            }
            _ => return None,
        })
    }
}

fn hex(bytes: &[u8]) -> Value {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    digits.collect::<String>().into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use anchor_lang::Event as _;
    use millrace_program::events::{JobPosted, Payment, SeatsAssigned, ShardSettled};

    const JOB: Pubkey = Pubkey::new_from_array([3; 32]);

    fn recorded(data: Vec<u8>) -> Invocation {
        Invocation {
            program: PROGRAM,
            accounts: vec![event_authority()],
            data: [EVENT_IX_TAG_LE, &data].concat(),
        }
    }

    fn posted() -> Vec<u8> {
        let posted = JobPosted {
            job: JOB,
            client: Pubkey::new_from_array([4; 32]),
            nonce: 5,
            manifest: [0xab; 32],
            shards: 6,
            deposited: u64::MAX,
            client_held_after: 7,
        };
        posted.data()
    }

    #[test]
    fn an_event_is_read_by_the_idl_as_the_program_wrote_it() {
        let event = recorded(posted()).event().unwrap();
        assert_eq!(event.name, "JobPosted");
        assert_eq!(event.job(), Some(JOB.to_string().as_str()));
        assert_eq!(event.fields["manifest"], "ab".repeat(32));
        assert_eq!(event.fields["deposited"], u64::MAX);
        assert_eq!(event.fields.len(), 7);
    }

    #[test]
    fn lists_and_structures_within_events_are_read() {
        let settled = ShardSettled {
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
        };
        let event = Event::read(&settled.data());
        assert_eq!(event.name, "ShardSettled");
        assert_eq!(event.fields["payments"][0]["amount"], 4);
        assert_eq!(event.fields["released"][1], JOB.to_string());
        assert_eq!(event.fields["held_after"], 9);
        let seated = SeatsAssigned {
            job: JOB,
            shard: 0,
            attempt: 1,
            providers: Vec::new(),
            locked: 2,
            commit_by: -3,
        };
        assert_eq!(Event::read(&seated.data()).fields["commit_by"], -3);
    }

    #[test]
    fn every_event_of_the_idl_has_a_layout() {
        assert!(IDL.events.len() > 40);
        for event in &IDL.events {
            // Zeros are a value of every type, and no type has none.
            let data = [event.discriminator.as_slice(), &[0; 600]].concat();
            let layouts: HashMap<&str, &Layout> = IDL
                .types
                .iter()
                .map(|t| (t.name.as_str(), &t.layout))
                .collect();
            let mut reader = Reader {
                rest: &data[8..],
                layouts: &layouts,
            };
            assert!(reader.layout(&event.name).is_some(), "{}", event.name);
        }
    }

    #[test]
    fn look_alikes_are_not_heard() {
        let real = recorded(posted());
        let stranger = Pubkey::new_from_array([8; 32]);
        let by_another = Invocation {
            program: stranger,
            ..real.clone()
        };
        let other_authority = Invocation {
            accounts: vec![stranger],
            ..real.clone()
        };
        let more_accounts = Invocation {
            accounts: vec![event_authority(), stranger],
            ..real.clone()
        };
        let untagged = Invocation {
            data: posted(),
            ..real.clone()
        };
        for fake in [by_another, other_authority, more_accounts, untagged] {
            assert_eq!(fake.event(), None);
        }
        assert!(real.event().is_some());
    }

    #[test]
    fn what_a_later_version_writes_is_kept_as_it_is() {
        let longer = [posted(), vec![1]].concat();
        for data in [longer, vec![9; 20], vec![]] {
            let event = Event::read(&data);
            assert_eq!((event.name.as_str(), event.job()), (UNKNOWN, None));
            assert_eq!(event.fields["data"], hex(&data));
        }
    }
}
