//! Events as JSON. Field names come from the program's structs; the compiler checks that none is left out.

use millrace_program::events::Payment;
use millrace_program::state::{NetworkParameters, Offer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use solana_sdk::pubkey::Pubkey;

/// The JSON form of an event.
#[derive(Serialize, Deserialize)]
pub(super) struct NamedFields {
    pub(super) name: String,
    pub(super) fields: Map<String, Value>,
}

/// A value in an event.
pub(super) trait JsonValue: Sized {
    fn to_json(&self) -> Value;
    /// `None` if `value` is not what [`Self::to_json`] writes.
    fn from_json(value: &Value) -> Option<Self>;
}

/// A struct in an event, or an event itself.
pub(super) trait JsonFields: Sized {
    fn to_fields(&self) -> Map<String, Value>;
    /// `None` unless `fields` has exactly the fields of the struct.
    fn from_fields(fields: &Map<String, Value>) -> Option<Self>;
}

impl<T: JsonFields> JsonValue for T {
    fn to_json(&self) -> Value {
        Value::Object(self.to_fields())
    }

    fn from_json(value: &Value) -> Option<Self> {
        Self::from_fields(value.as_object()?)
    }
}

macro_rules! json_fields {
    ($type:ident { $($field:ident),+ }) => {
        impl $crate::events::json::JsonFields for $type {
            fn to_fields(&self) -> ::serde_json::Map<String, ::serde_json::Value> {
                use $crate::events::json::JsonValue as _;
                // Without `..`: a new field of the program's struct does not compile until it is listed.
                let Self { $($field),+ } = self;
                [$((stringify!($field).to_owned(), $field.to_json())),+]
                    .into_iter()
                    .collect()
            }

            fn from_fields(
                fields: &::serde_json::Map<String, ::serde_json::Value>,
            ) -> Option<Self> {
                use $crate::events::json::JsonValue;
                let read = Self {
                    $($field: JsonValue::from_json(fields.get(stringify!($field))?)?),+
                };
                (fields.len() == [$(stringify!($field)),+].len()).then_some(read)
            }
        }
    };
}
pub(super) use json_fields;

json_fields!(Payment { provider, amount });
json_fields!(Offer {
    sealing_key,
    supplier,
    region,
    gpu_model,
    ask_price,
    memory_mb,
    cores,
    gpus,
    max_open_seats,
    max_seat_lock
});
json_fields!(NetworkParameters {
    min_stake,
    min_bond,
    lock_bps,
    sortition_start,
    reward_bps,
    unbonding_secs,
    min_window_secs,
    max_window_secs,
    accept_secs,
    max_deadline_secs,
    max_shards,
    fee_bps,
    slash_bps,
    late_bps,
    max_replicas,
    draw_slots
});

macro_rules! json_scalar {
    ($($type:ty),+) => {
        $(impl JsonValue for $type {
            fn to_json(&self) -> Value {
                (*self).into()
            }

            fn from_json(value: &Value) -> Option<Self> {
                Self::deserialize(value).ok()
            }
        })+
    };
}

json_scalar!(bool, u8, u16, u32, u64, i64);

impl JsonValue for Pubkey {
    fn to_json(&self) -> Value {
        self.to_string().into()
    }

    fn from_json(value: &Value) -> Option<Self> {
        value.as_str()?.parse().ok()
    }
}

impl<const N: usize> JsonValue for [u8; N] {
    fn to_json(&self) -> Value {
        hex::encode(self).into()
    }

    fn from_json(value: &Value) -> Option<Self> {
        hex::decode(value.as_str()?).ok()?.try_into().ok()
    }
}

impl JsonValue for Vec<u8> {
    fn to_json(&self) -> Value {
        hex::encode(self).into()
    }

    fn from_json(value: &Value) -> Option<Self> {
        hex::decode(value.as_str()?).ok()
    }
}

macro_rules! json_list {
    ($($item:ty),+) => {
        $(impl JsonValue for Vec<$item> {
            fn to_json(&self) -> Value {
                self.iter().map(JsonValue::to_json).collect()
            }

            fn from_json(value: &Value) -> Option<Self> {
                value.as_array()?.iter().map(JsonValue::from_json).collect()
            }
        })+
    };
}

json_list!(Pubkey, Payment);
