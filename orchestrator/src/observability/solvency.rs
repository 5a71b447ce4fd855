//! Compares the balances that the program's accounts record with the token accounts. Each account is read
//! together with its vaults, at one slot, so that timing causes no difference.

use millrace_client::accounts::{AccountSnapshot, AnyAccount};
use millrace_client::cache::accounts::AccountCache;
use millrace_client::rpc::client::Rpc;
use millrace_client::{ChainError, Pubkey, pda};
use std::collections::{BTreeMap, BTreeSet};

/// Accounts per call.
const PER_CALL: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Vault {
    /// A client's escrow.
    Escrow,
    /// A provider's stake.
    Stake,
    /// A provider's unclaimed earnings.
    Earnings,
}

impl Vault {
    /// Name in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Escrow => "escrow",
            Self::Stake => "stake",
            Self::Earnings => "earnings",
        }
    }
}

/// All vaults of a kind together, base units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VaultBalance {
    pub vault: Vault,
    pub mint: Pubkey,
    /// Recorded by the program's accounts.
    pub recorded: u128,
    /// Held by the token accounts.
    pub vaults: u128,
    /// Sum of the deficits of the vaults that hold less than recorded.
    pub missing: u128,
}

/// An account of the program and its vaults, read together.
#[derive(Clone, Debug, PartialEq, Eq)]
struct VaultGroup {
    book: Pubkey,
    vaults: Vec<(Vault, Pubkey)>,
}

/// All accounts in the cache that have vaults: clients by their jobs, and providers.
fn groups(cache: &AccountCache) -> Vec<VaultGroup> {
    let clients: BTreeSet<Pubkey> = cache.jobs().values().map(|job| job.client).collect();
    let clients = clients.into_iter().map(|owner| {
        let book = pda::client(&owner);
        let vaults = vec![(Vault::Escrow, pda::escrow(&book))];
        VaultGroup { book, vaults }
    });
    let providers = cache.providers().keys().map(|book| VaultGroup {
        book: *book,
        vaults: vec![
            (Vault::Stake, pda::stake_vault(book)),
            (Vault::Earnings, pda::earnings_vault(book)),
        ],
    });
    clients.chain(providers).collect()
}

/// The recorded balance of one vault; `None` if the account does not exist.
fn booked(book: &Pubkey, data: &[u8], vault: Vault) -> Option<u64> {
    match (AnyAccount::decode(book, data)?, vault) {
        (AnyAccount::Client(client), Vault::Escrow) => Some(client.held),
        (AnyAccount::Provider(p), Vault::Stake) => Some(p.active.saturating_add(p.unbonding)),
        (AnyAccount::Provider(p), Vault::Earnings) => Some(p.earned.saturating_sub(p.claimed)),
        _ => None,
    }
}

/// The mint and the amount of a token account: SPL Token's layout.
fn holding(data: &[u8]) -> Option<(Pubkey, u64)> {
    let mint: [u8; 32] = data.get(..32)?.try_into().ok()?;
    let amount: [u8; 8] = data.get(64..72)?.try_into().ok()?;
    Some((Pubkey::new_from_array(mint), u64::from_le_bytes(amount)))
}

/// Sums one reading of `groups`.
fn add_up(
    groups: &[VaultGroup],
    reading: &AccountSnapshot,
    sums: &mut BTreeMap<(Vault, Pubkey), VaultBalance>,
) {
    let found = |key: &Pubkey| {
        let mut accounts = reading.accounts.iter();
        accounts
            .find(|(address, _)| address == key)
            .map(|(_, data)| data.as_slice())
    };
    for group in groups {
        let Some(book) = found(&group.book) else {
            continue;
        };
        for (vault, address) in &group.vaults {
            let Some(recorded) = booked(&group.book, book, *vault) else {
                continue;
            };
            let Some((mint, held)) = found(address).and_then(holding) else {
                continue;
            };
            let sum = sums.entry((*vault, mint)).or_insert(VaultBalance {
                vault: *vault,
                mint,
                recorded: 0,
                vaults: 0,
                missing: 0,
            });
            sum.recorded += u128::from(recorded);
            sum.vaults += u128::from(held);
            sum.missing += u128::from(recorded.saturating_sub(held));
        }
    }
}

/// Compares all recorded balances with the vaults.
///
/// # Errors
/// If an endpoint does not answer.
pub(crate) async fn compare(
    rpc: &Rpc,
    groups_of: VaultGroups,
) -> Result<Vec<VaultBalance>, ChainError> {
    let mut sums = BTreeMap::new();
    let mut rest = groups_of.0.as_slice();
    while !rest.is_empty() {
        let (some, keys) = first_call(rest);
        let reading = rpc.snapshot(&keys).await?;
        add_up(&rest[..some], &reading, &mut sums);
        rest = &rest[some..];
    }
    Ok(sums.into_values().collect())
}

pub(crate) struct VaultGroups(Vec<VaultGroup>);

impl VaultGroups {
    /// All groups of a cache.
    pub(crate) fn of(cache: &AccountCache) -> Self {
        Self(groups(cache))
    }
}

/// Groups that fit into one call, with their accounts.
fn first_call(groups: &[VaultGroup]) -> (usize, Vec<Pubkey>) {
    let mut keys = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        if keys.len() + 1 + group.vaults.len() > PER_CALL {
            return (at, keys);
        }
        keys.push(group.book);
        keys.extend(group.vaults.iter().map(|(_, address)| *address));
    }
    (groups.len(), keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anchor_lang::Discriminator;
    use millrace_client::program::state::Client;

    const MINT: Pubkey = Pubkey::new_from_array([3; 32]);

    fn key(number: u8) -> Pubkey {
        Pubkey::new_from_array([number; 32])
    }

    fn client(held: u64) -> Vec<u8> {
        let mut client: Client = bytemuck::Zeroable::zeroed();
        client.held = held;
        [Client::DISCRIMINATOR, bytemuck::bytes_of(&client)].concat()
    }

    fn tokens(amount: u64) -> Vec<u8> {
        let mut data = vec![0; 165];
        data[..32].copy_from_slice(MINT.as_ref());
        data[64..72].copy_from_slice(&amount.to_le_bytes());
        data
    }

    fn group(number: u8) -> VaultGroup {
        let vaults = vec![(Vault::Escrow, key(number + 100))];
        VaultGroup {
            book: key(number),
            vaults,
        }
    }

    #[test]
    fn a_donation_to_one_vault_does_not_hide_what_is_missing_in_another() {
        let groups = [group(1), group(2)];
        let accounts = vec![
            (key(1), client(50)),
            (key(101), tokens(80)),
            (key(2), client(20)),
            (key(102), tokens(15)),
        ];
        let mut sums = BTreeMap::new();
        add_up(&groups, &AccountSnapshot { slot: 1, accounts }, &mut sums);
        let sum = &sums[&(Vault::Escrow, MINT)];
        assert_eq!((sum.recorded, sum.vaults, sum.missing), (70, 95, 5));
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        let accounts = vec![(key(1), Vec::new()), (key(101), tokens(80))];
        let mut sums = BTreeMap::new();
        add_up(
            &[group(1)],
            &AccountSnapshot { slot: 1, accounts },
            &mut sums,
        );
        assert!(sums.is_empty());
    }

    #[test]
    fn a_book_and_its_vaults_are_read_by_the_same_call() {
        let groups: Vec<VaultGroup> = (1..=80).map(group).collect();
        let (some, keys) = first_call(&groups);
        assert_eq!((some, keys.len()), (50, 100));
        assert_eq!(first_call(&groups[some..]).0, 30);
    }
}
