//! Decodes the program's accounts.

use crate::error::ChainError;
use anchor_lang::Discriminator;
use bytemuck::AnyBitPattern;
use millrace_program::state::{
    Bucket, Challenge, Client, Epoch, Job, Network, Orchestrator, Provider, Rewards, Shard,
};
use solana_sdk::pubkey::Pubkey;

/// Accounts that were read together.
#[derive(Clone, Debug, Default)]
pub struct AccountSnapshot {
    /// The slot at which they were read.
    pub slot: u64,
    /// Address and bytes of each account.
    pub accounts: Vec<(Pubkey, Vec<u8>)>,
}

/// Any account of the program.
#[derive(Clone, Debug)]
pub enum AnyAccount {
    /// The network.
    Network(Box<Network>),
    /// An orchestrator.
    Orchestrator(Orchestrator),
    /// A provider.
    Provider(Box<Provider>),
    /// A client.
    Client(Client),
    /// A job. If it has one shard, which was ever assigned, its account contains the shard too.
    Job(Box<Job>, Option<Box<Shard>>),
    /// A shard in an account of its own.
    Shard(Box<Shard>),
    /// A bucket.
    Bucket(Box<Bucket>),
    /// The totals of rewards.
    Rewards(Rewards),
    /// A closed epoch.
    Epoch(Epoch),
    /// A challenge.
    Challenge(Challenge),
}

impl AnyAccount {
    /// Decodes the account at `address` by its discriminator. `None` if the bytes are not an account of the
    /// program.
    pub fn decode(address: &Pubkey, data: &[u8]) -> Option<Self> {
        let discriminator = data.get(..8)?;
        Some(match discriminator {
            d if d == Network::DISCRIMINATOR => Self::Network(Box::new(pod(data)?)),
            d if d == Provider::DISCRIMINATOR => Self::Provider(Box::new(pod(data)?)),
            d if d == Job::DISCRIMINATOR => Self::Job(
                Box::new(pod(data)?),
                Shard::from_job_account(address, data).map(Box::new),
            ),
            d if d == Shard::DISCRIMINATOR => Self::Shard(Box::new(Shard::from_account(data)?)),
            d if d == Bucket::DISCRIMINATOR => Self::Bucket(Box::new(pod(data)?)),
            d if d == Rewards::DISCRIMINATOR => Self::Rewards(pod(data)?),
            d if d == Epoch::DISCRIMINATOR => Self::Epoch(pod(data)?),
            d if d == Challenge::DISCRIMINATOR => Self::Challenge(pod(data)?),
            d if d == Orchestrator::DISCRIMINATOR => Self::Orchestrator(pod(data)?),
            d if d == Client::DISCRIMINATOR => Self::Client(pod(data)?),
            _ => return None,
        })
    }
}

fn pod<T: AnyBitPattern>(data: &[u8]) -> Option<T> {
    let bytes = data.get(8..8 + size_of::<T>())?;
    bytemuck::try_pod_read_unaligned(bytes).ok()
}

/// A type of account.
pub trait TypedAccount: Sized {
    /// Name of the type in messages.
    const NAME: &'static str;
    /// The account, if it has this type.
    fn of(account: AnyAccount) -> Option<Self>;
}

macro_rules! typed {
    ($type:ident, $what:literal, $pattern:pat => $value:expr) => {
        impl TypedAccount for $type {
            const NAME: &'static str = $what;
            fn of(account: AnyAccount) -> Option<Self> {
                match account {
                    $pattern => Some($value),
                    _ => None,
                }
            }
        }
    };
}

typed!(Network, "network", AnyAccount::Network(x) => *x);
typed!(Provider, "provider", AnyAccount::Provider(x) => *x);
typed!(Job, "job", AnyAccount::Job(x, _) => *x);
typed!(Bucket, "bucket", AnyAccount::Bucket(x) => *x);
typed!(Rewards, "rewards", AnyAccount::Rewards(x) => x);
typed!(Epoch, "epoch", AnyAccount::Epoch(x) => x);
typed!(Challenge, "challenge", AnyAccount::Challenge(x) => x);
typed!(Shard, "shard", AnyAccount::Shard(x) => *x);
typed!(Orchestrator, "orchestrator", AnyAccount::Orchestrator(x) => x);
typed!(Client, "client", AnyAccount::Client(x) => x);

/// Decodes an account of type `T`.
///
/// # Errors
/// [`ChainError::Layout`] if the bytes are something else.
pub fn decode<T: TypedAccount>(address: Pubkey, data: &[u8]) -> Result<T, ChainError> {
    AnyAccount::decode(&address, data)
        .and_then(T::of)
        .ok_or(ChainError::Layout {
            address,
            expected: T::NAME,
        })
}
