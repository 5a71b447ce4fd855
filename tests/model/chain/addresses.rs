//! Keys and addresses of all parties and accounts, derived once.

use crate::world::vaults::{Mint, PARTIES, Party, Vault};
use crate::world::{Answer, CLIENTS, JobId, ORCHESTRATORS, WORKERS};
use millrace_client::instructions::{Mints, SignedStatement};
use millrace_client::pda;
use millrace_client::pda::PROGRAM;
use millrace_fixture::key;
use millrace_protocol::commitment;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;
use std::cell::RefCell;
use std::collections::HashMap;

/// Hot keys of a worker, one of which is in use.
pub(crate) const OPERATORS: usize = 2;
/// The network id of all test networks.
const NETWORK_ID: [u8; 32] = [9; 32];

pub(crate) struct AddressBook {
    pub mints: Mints,
    keys: [Keypair; PARTIES],
    /// Hot keys of the workers: the first key of each, then the second of each.
    operators: Vec<Keypair>,
    pub providers: Vec<Pubkey>,
    pub clients: Vec<Pubkey>,
    pub buckets: Vec<Pubkey>,
    /// Orchestrator accounts.
    pub orchestrators: Vec<Pubkey>,
    vaults: Vec<(Vault, Pubkey)>,
    epochs: RefCell<HashMap<u32, Pubkey>>,
    jobs: RefCell<HashMap<JobId, Pubkey>>,
    shards: RefCell<HashMap<(JobId, u32), [Pubkey; 2]>>,
}

/// The seat that a statement is signed for.
pub(crate) struct Place {
    job: Pubkey,
    shard: u32,
    attempt: u8,
    provider: Pubkey,
}

impl AddressBook {
    pub(crate) fn new(mints: Mints) -> Self {
        let keys = Party::ALL.map(|who| match who {
            Party::Client(n) => key([5, 10][n]),
            Party::Worker(n) => key(20 + n as u8),
            Party::Orchestrator(n) => key([4, 11, 13][n]),
            Party::Stranger => key(12),
            Party::Authority => key(3),
        });
        let of = |who: Party| keys[who.at()].pubkey();
        let providers: Vec<Pubkey> = (0..WORKERS)
            .map(|n| pda::provider(&of(Party::Worker(n))))
            .collect();
        let clients: Vec<Pubkey> = (0..CLIENTS)
            .map(|n| pda::client(&of(Party::Client(n))))
            .collect();
        let orchestrators: Vec<Pubkey> = (0..ORCHESTRATORS)
            .map(|n| pda::orchestrator(&of(Party::Orchestrator(n))))
            .collect();
        let token_account = |who, mint| match mint {
            Mint::Stake => mints.stake_account(&of(who)),
            Mint::Payment => mints.payment_account(&of(who)),
        };
        let all = Vault::all(mints.stake == mints.payment).into_iter();
        let vaults = all.map(|vault| {
            let address = match vault {
                Vault::Wallet(who, m) => token_account(who, m),
                Vault::Escrow(n) => pda::escrow(&clients[n]),
                Vault::Stake(n) => pda::stake_vault(&providers[n]),
                Vault::Earnings(n) => pda::earnings_vault(&providers[n]),
                Vault::Bond(n) => pda::bond_vault(&orchestrators[n]),
                Vault::Rewards => pda::rewards_vault(),
                Vault::Treasury(bucket) => pda::treasury(&mints.payment, bucket),
            };
            (vault, address)
        });
        Self {
            mints,
            vaults: vaults.collect(),
            orchestrators,
            buckets: (0..8).map(pda::bucket).collect(),
            operators: (0..OPERATORS * WORKERS)
                .map(|n| key(60 + n as u8))
                .collect(),
            providers,
            clients,
            keys,
            epochs: RefCell::default(),
            jobs: RefCell::default(),
            shards: RefCell::default(),
        }
    }

    pub(crate) fn key(&self, who: Party) -> &Keypair {
        &self.keys[who.at()]
    }

    pub(crate) fn address(&self, who: Party) -> Pubkey {
        self.key(who).pubkey()
    }

    pub(crate) fn vaults(&self) -> &[(Vault, Pubkey)] {
        &self.vaults
    }

    /// The address of a token account. With one mint, a party's two token accounts are the same.
    pub(crate) fn vault(&self, vault: Vault) -> Pubkey {
        let one_mint = self.mints.stake == self.mints.payment;
        let vault = match vault {
            Vault::Wallet(who, _) if one_mint => Vault::Wallet(who, Mint::Stake),
            other => other,
        };
        let found = self.vaults.iter().find(|(known, _)| *known == vault);
        found.unwrap().1
    }

    pub(crate) fn epoch(&self, number: u32) -> Pubkey {
        let mut epochs = self.epochs.borrow_mut();
        *epochs.entry(number).or_insert_with(|| pda::epoch(number))
    }

    pub(crate) fn job(&self, id: JobId) -> Pubkey {
        let owner = self.address(Party::Client(id.0));
        let mut jobs = self.jobs.borrow_mut();
        *jobs.entry(id).or_insert_with(|| pda::job(&owner, id.1))
    }

    fn of_shard(&self, id: JobId, index: u32) -> [Pubkey; 2] {
        let job = self.job(id);
        let mut shards = self.shards.borrow_mut();
        let derive = || [pda::shard(&job, index), pda::challenge(&job, index)];
        *shards.entry((id, index)).or_insert_with(derive)
    }

    pub(crate) fn shard(&self, id: JobId, index: u32) -> Pubkey {
        self.of_shard(id, index)[0]
    }

    pub(crate) fn challenge(&self, id: JobId, index: u32) -> Pubkey {
        self.of_shard(id, index)[1]
    }

    pub(crate) fn place(&self, (id, shard): (JobId, u32), attempt: u8, worker: usize) -> Place {
        Place {
            job: self.job(id),
            shard,
            attempt,
            provider: self.providers[worker],
        }
    }

    pub(crate) fn operator(&self, worker: usize, number: usize) -> &Keypair {
        &self.operators[number * WORKERS + worker]
    }

    /// Signs a statement with one of a worker's hot keys.
    pub(crate) fn sign(
        &self,
        (worker, number): (usize, usize),
        statement: [u8; 32],
    ) -> SignedStatement {
        let operator = self.operator(worker, number);
        SignedStatement {
            operator: operator.pubkey(),
            statement,
            signature: operator.sign_message(&statement).into(),
        }
    }

    /// Another account of the same kind, selected by `number`; `None` for accounts that may be
    /// arbitrary.
    pub(crate) fn counterpart(
        &self,
        of: &Pubkey,
        token_accounts: bool,
        number: u64,
    ) -> Option<Pubkey> {
        let one_mint = self.mints.stake == self.mints.payment;
        let mut kinds: Vec<Vec<Pubkey>> = vec![
            self.providers.clone(),
            self.clients.clone(),
            self.buckets.clone(),
            self.orchestrators.clone(),
        ];
        if !one_mint {
            kinds.push(vec![self.mints.stake, self.mints.payment]);
        }
        let vaults = |fits: fn(&Vault) -> bool| {
            let fitting = self.vaults.iter().filter(|(vault, _)| fits(vault));
            fitting.map(|(_, address)| *address).collect::<Vec<_>>()
        };
        if token_accounts {
            kinds.push(vaults(|v| matches!(v, Vault::Wallet(..))));
        }
        kinds.push(vaults(|v| !matches!(v, Vault::Wallet(..))));
        let kind = kinds.into_iter().find(|kind| kind.contains(of))?;
        let others: Vec<Pubkey> = kind.into_iter().filter(|other| other != of).collect();
        Some(others[(number % others.len() as u64) as usize])
    }
}

impl Place {
    fn seat(&self) -> commitment::SeatContext<'_> {
        commitment::SeatContext {
            network_id: &NETWORK_ID,
            program: PROGRAM.as_array(),
            job: self.job.as_array(),
            shard: self.shard,
            attempt: self.attempt,
            provider: self.provider.as_array(),
        }
    }

    pub(crate) fn commitment(&self, answer: Answer, worker: usize) -> [u8; 32] {
        self.seat().commitment(&commitment::Reveal {
            root: &[answer.root; 32],
            units: answer.units,
            salt: &salt(worker),
        })
    }

    pub(crate) fn statement(&self, commitment: &[u8; 32]) -> [u8; 32] {
        self.seat().statement(commitment)
    }

    pub(crate) fn decline_statement(&self) -> [u8; 32] {
        self.seat().decline_statement()
    }
}

/// The salt of a worker's commitments.
pub(crate) fn salt(worker: usize) -> [u8; 32] {
    [100 + worker as u8; 32]
}
