//! The parties and all token accounts.

use crate::world::{CLIENTS, ORCHESTRATORS, WORKERS};
use serde::{Deserialize, Serialize};

/// A key with a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Party {
    Client(usize),
    Worker(usize),
    Orchestrator(usize),
    Stranger,
    Authority,
}

/// Number of parties.
pub(crate) const PARTIES: usize = CLIENTS + WORKERS + ORCHESTRATORS + 2;

impl Party {
    pub(crate) const ALL: [Self; PARTIES] = [
        Self::Client(0),
        Self::Client(1),
        Self::Worker(0),
        Self::Worker(1),
        Self::Worker(2),
        Self::Worker(3),
        Self::Worker(4),
        Self::Orchestrator(0),
        Self::Orchestrator(1),
        Self::Orchestrator(2),
        Self::Stranger,
        Self::Authority,
    ];

    /// Its index in [`Party::ALL`].
    pub(crate) fn at(self) -> usize {
        match self {
            Self::Client(n) => n,
            Self::Worker(n) => CLIENTS + n,
            Self::Orchestrator(n) => CLIENTS + WORKERS + n,
            Self::Stranger => PARTIES - 2,
            Self::Authority => PARTIES - 1,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mint {
    Stake,
    Payment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Vault {
    Wallet(Party, Mint),
    Escrow(usize),
    Stake(usize),
    Earnings(usize),
    Bond(usize),
    Rewards,
    /// The treasury vault of a bucket.
    Treasury(u8),
}

const BUCKETS: usize = 8;
const WALLETS: usize = 2 * PARTIES;
const BONDS: usize = WALLETS + CLIENTS + 2 * WORKERS;
const REWARDS: usize = BONDS + ORCHESTRATORS;
const COUNT: usize = REWARDS + 1 + BUCKETS;

impl Vault {
    /// All token accounts of a network. With one mint, the accounts for payments are those for stake.
    pub(crate) fn all(one_mint: bool) -> Vec<Self> {
        let mints: &[Mint] = if one_mint {
            &[Mint::Stake]
        } else {
            &[Mint::Stake, Mint::Payment]
        };
        let mut all = Vec::new();
        for mint in mints {
            all.extend(Party::ALL.map(|who| Self::Wallet(who, *mint)));
        }
        all.extend((0..BUCKETS).map(|b| Self::Treasury(b as u8)));
        all.extend((0..CLIENTS).map(Self::Escrow));
        all.extend((0..WORKERS).flat_map(|w| [Self::Stake(w), Self::Earnings(w)]));
        all.extend((0..ORCHESTRATORS).map(Self::Bond));
        all.push(Self::Rewards);
        all
    }

    pub(crate) fn mint(self) -> Mint {
        match self {
            Self::Wallet(_, mint) => mint,
            Self::Stake(_) | Self::Bond(_) | Self::Rewards => Mint::Stake,
            Self::Escrow(_) | Self::Earnings(_) | Self::Treasury(_) => Mint::Payment,
        }
    }
}

/// The balance of each token account, base units.
#[derive(Clone, Debug)]
pub(crate) struct Vaults {
    one_mint: bool,
    amounts: [u64; COUNT],
}

impl Vaults {
    pub(crate) fn new(one_mint: bool) -> Self {
        Self {
            one_mint,
            amounts: [0; COUNT],
        }
    }

    fn at(&self, vault: Vault) -> usize {
        let second = |mint| usize::from(mint == Mint::Payment && !self.one_mint);
        match vault {
            Vault::Wallet(who, mint) => second(mint) * PARTIES + who.at(),
            Vault::Escrow(client) => WALLETS + client,
            Vault::Stake(worker) => WALLETS + CLIENTS + worker,
            Vault::Earnings(worker) => WALLETS + CLIENTS + WORKERS + worker,
            Vault::Bond(orchestrator) => BONDS + orchestrator,
            Vault::Rewards => REWARDS,
            Vault::Treasury(bucket) => REWARDS + 1 + usize::from(bucket),
        }
    }

    pub(crate) fn get(&self, vault: Vault) -> u64 {
        self.amounts[self.at(vault)]
    }

    pub(crate) fn set(&mut self, vault: Vault, amount: u64) {
        self.amounts[self.at(vault)] = amount;
    }

    pub(crate) fn add(&mut self, vault: Vault, amount: u64) {
        self.amounts[self.at(vault)] += amount;
    }

    /// Burns tokens. Panics if the vault has too few, which means that the model is wrong.
    pub(crate) fn burn(&mut self, from: Vault, amount: u64) {
        let from = self.at(from);
        self.amounts[from] -= amount;
    }

    /// Moves tokens. Panics if the vault has too few, which means that the model is wrong.
    pub(crate) fn send(&mut self, from: Vault, to: Vault, amount: u64) {
        let (from, to) = (self.at(from), self.at(to));
        self.amounts[from] -= amount;
        self.amounts[to] += amount;
    }
}
