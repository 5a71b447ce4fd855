//! The network on a chain: made once, used for one sequence after another.

mod build;
mod compare;
pub mod directory;

use crate::chain::directory::Directory;
use crate::world::vaults::{Mint, Vault, Vaults, WHOS, Who};
use crate::world::{
    CLIENTS, Client, Conductor, Provider, Rewards, Schedule, Shard as Model, WORKERS, World,
};
use millrace_client::pda::TOKEN_PROGRAM;
use millrace_client::{instructions, pda};
use millrace_fixture::{Ledger, Market, Outcome, PARAMETERS, SOL, Setup};
use millrace_program::state::{Job, Network, NetworkParameters, RewardSchedule, Shard};
use serde::{Deserialize, Serialize};
use solana_sdk::account::Account;
use solana_sdk::instruction::Instruction;
use solana_sdk::message::Message;
use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;
use std::array::from_fn;

/// Cores of each worker's machine.
pub const CORES: [u16; WORKERS] = [8, 8, 2, 8, 8];
const PRICES: [u64; WORKERS] = [4, 5, 4, 7, 6];
const PLACES: [u16; WORKERS] = [4, 8, 4, 3, 8];
/// Stake of each worker, and what it has left in its purse.
const STAKE: u64 = 120_000;
const LEFT: u64 = 20_000;
/// What the clients have: the second one little.
const PURSES: [u64; CLIENTS] = [1_000_000, 90_000];
/// What everybody else has of each mint.
const OTHERS: u64 = 150_000;
/// Rewards: 40,000 in each of the first two epochs of five minutes, then half of it.
const REWARDS: RewardSchedule = RewardSchedule {
    epoch_secs: 300,
    emission: 40_000,
    halving_epochs: 2,
};
/// The newer token program.
const TOKEN_2022: Pubkey = pubkey!("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
/// A slot after which the first sequence begins, above that of a new machine.
const SLOTS_FROM: u64 = 1 << 40;
/// Slots between the beginnings of sequences.
const SLOTS: u64 = 40_000;
/// Most bytes of a transaction.
const PACKET: usize = 1_232;
/// Hashes that a sequence begins with.
const BLOCKS_AT_FIRST: u64 = 4;

/// What a network's tokens are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Currency {
    /// One mint for stake and payments.
    One,
    /// Two mints.
    Two,
    /// One mint, of Token-2022.
    New,
    /// Stake is of Token-2022, and payments are not.
    Mixed,
}

impl Currency {
    /// That of the sequence of a seed.
    pub fn of(seed: u64) -> Self {
        // With one mint clients are compensated, which is worth more sequences.
        let all = [
            Self::One,
            Self::Two,
            Self::New,
            Self::One,
            Self::Mixed,
            Self::New,
        ];
        all[(seed % 6) as usize]
    }

    fn is_one(self) -> bool {
        matches!(self, Self::One | Self::New)
    }

    fn programs(self) -> [Pubkey; 2] {
        match self {
            Self::One | Self::Two => [TOKEN_PROGRAM; 2],
            Self::New => [TOKEN_2022; 2],
            Self::Mixed => [TOKEN_2022, TOKEN_PROGRAM],
        }
    }
}

/// A network with everything that a sequence needs.
pub struct Town {
    pub market: Market,
    pub directory: Directory,
    /// The network's account.
    pub network: Pubkey,
    /// The account of the book of rewards.
    pub rewards: Pubkey,
    one_mint: bool,
    beginning: Vec<(Pubkey, Account)>,
    ledger: Ledger,
    schedule: Schedule,
    parameters: NetworkParameters,
    began_at: i64,
    job: Box<Job>,
}

impl Town {
    /// A new one.
    pub fn new(currency: Currency) -> Self {
        let one_mint = currency.is_one();
        let setup = Setup {
            parameters: NetworkParameters {
                max_deadline_secs: 3_600,
                unbonding_secs: 3_600,
                max_window_secs: 600,
                ..PARAMETERS
            },
            workers: 0,
            purse: PURSES[0],
            one_mint,
            token_programs: currency.programs(),
            rewards: REWARDS,
            ..Setup::default()
        };
        let mut market = setup.build();
        let directory = Directory::new(market.mints);
        let mints = market.mints;
        for worker in 0..WORKERS {
            market.hire(STAKE + LEFT, |args| {
                args.offer.ask_price = PRICES[worker];
                args.offer.max_open_seats = PLACES[worker];
                args.offer.cores = CORES[worker];
            });
            market.stake(worker, STAKE).unwrap();
        }
        let second = directory.key(Who::Conductor(1)).insecure_clone();
        let newcomers = [
            (Who::Owner(1), PURSES[1]),
            (Who::Conductor(0), OTHERS),
            (Who::Conductor(1), OTHERS),
            (Who::Conductor(2), OTHERS),
            (Who::Stranger, OTHERS),
            (Who::Authority, OTHERS),
        ];
        for (who, tokens) in newcomers {
            let wallet = directory.address(who);
            market
                .machine
                .open_wallet(&wallet, mints, (&mints.payment, tokens));
        }
        if !one_mint {
            for who in Who::ALL {
                let stake = directory.vault(Vault::Purse(who, Mint::Stake));
                let payment = directory.vault(Vault::Purse(who, Mint::Payment));
                let (mint, purse) = match who {
                    Who::Worker(_) => (mints.payment, payment),
                    _ => (mints.stake, stake),
                };
                market.machine.mint(&mint, &purse, OTHERS);
            }
        }
        market.register_orchestrator(&second.pubkey()).unwrap();
        let open = instructions::open_rewards(market.authority.pubkey(), mints);
        market.machine.send(&[open], &[&market.authority]).unwrap();
        market.machine.airdrop(&second.pubkey(), SOL);
        // A job to take the form of others from.
        let posted = market.posted(|_| ());
        let job = Box::new(market.job(&posted));
        market.cancel(&posted).unwrap();
        market.close(&posted, &[]).unwrap();
        // Who registers in the second of a job's posting is not drawn for it.
        market.warp(1);

        let network: Network = market.read(&pda::network());
        let mut town = Self {
            began_at: market.machine.now(),
            network: pda::network(),
            rewards: pda::rewards(),
            parameters: parameters_of(&network),
            schedule: Schedule {
                from: network.epochs_started_at,
                secs: network.epoch_secs,
                emission: network.emission,
                halving: network.halving_epochs,
            },
            market,
            directory,
            one_mint,
            beginning: Vec::new(),
            ledger: Ledger::default(),
            job,
        };
        town.beginning = town.everything();
        town.ledger = town.market.machine.ledger.clone();
        town
    }

    /// All accounts that a sequence changes, and all of the program's.
    fn everything(&self) -> Vec<(Pubkey, Account)> {
        let machine = &self.market.machine;
        let mut all = machine.of_the_program();
        let wallets = Who::ALL.map(|who| self.directory.address(who));
        let vaults = self.directory.vaults().iter().map(|(_, address)| *address);
        let rest = vaults.chain(wallets).chain([payer(self)]);
        // What is not there yet is put back as nothing.
        all.extend(rest.map(|address| (address, machine.account(&address).unwrap_or_default())));
        all
    }

    /// Puts everything back as it was, and returns the model of it. Which slot it is then depends on the
    /// seed alone.
    pub fn begin(&mut self, seed: u64) -> World {
        let known: Vec<Pubkey> = self.beginning.iter().map(|(key, _)| *key).collect();
        for (address, _) in self.market.machine.of_the_program() {
            if !known.contains(&address) {
                self.market.machine.place(address, Account::default());
            }
        }
        for (address, account) in self.beginning.clone() {
            self.market.machine.place(address, account);
        }
        self.market.machine.landed.clear();
        self.market.machine.ledger = self.ledger.clone();
        self.market.machine.warp_to(self.began_at);
        let slot = SLOTS_FROM + (seed & 0xFFFF_FFFF) * SLOTS;
        let machine = &mut self.market.machine;
        machine.go_to_slot(slot);
        machine.remember_blocks(slot - BLOCKS_AT_FIRST, slot, seed);
        self.world(seed)
    }

    /// The model of the network as a sequence begins.
    fn world(&self, seed: u64) -> World {
        let (machine, mints) = (&self.market.machine, self.directory.mints);
        let mut vaults = Vaults::new(self.one_mint);
        for (vault, address) in self.directory.vaults() {
            vaults.set(*vault, machine.tokens_if_any(address).unwrap_or(0));
        }
        let registered_at = self.began_at - 1;
        let bytes = |vault| {
            let account = machine.account(&self.directory.vault(vault));
            account.unwrap().data.len() as u64
        };
        let conductor = |_| Conductor {
            active: true,
            retired_at: 0,
            bonded: 0,
            payer: Who::Authority,
        };
        let providers = from_fn(|n| Provider {
            registered: true,
            registered_at,
            price: PRICES[n],
            places: PLACES[n],
            cores: CORES[n],
            active: STAKE,
            deposited: STAKE,
            ..Provider::default()
        });
        let clients = from_fn(|n| Client {
            opened: n == 0,
            nonce: [1, 0][n],
            ..Client::default()
        });
        let lamports: [u64; WHOS] =
            Who::ALL.map(|who| machine.lamports_of(&self.directory.address(who)));
        World {
            now: machine.now(),
            slot: machine.slot(),
            blocks: (machine.slot() - BLOCKS_AT_FIRST, machine.slot()),
            block_seed: seed,
            one_mint: self.one_mint,
            paused: false,
            vault_bytes: [bytes(Vault::Stake(0)), bytes(Vault::Earnings(0))],
            newer: [mints.stake_program, mints.payment_program].map(|p| p == TOKEN_2022),
            authority: Who::Authority,
            pending: None,
            pauser: Who::Authority,
            conductors: [Some(conductor(0)), Some(conductor(1)), None],
            parameters: self.parameters,
            schedule: self.schedule,
            rewards: Rewards::default(),
            epochs: Default::default(),
            providers,
            clients,
            jobs: Vec::new(),
            vaults,
            donated: Vaults::new(self.one_mint),
            lamports,
            buckets: Default::default(),
            notes: Vec::new(),
        }
    }

    /// A job and a shard of the model as the instructions' builder wants them: the client, and who sits
    /// where.
    pub fn as_stored(&self, client: usize, shard: Option<&Model>) -> (Job, Shard) {
        let mut job = *self.job;
        job.client = self.directory.address(Who::Owner(client));
        // The only way to an empty shard from outside of the program: bytes with a version.
        let mut bytes = vec![0; Job::SIZE + Shard::inline_bytes(5)];
        bytes[Job::SIZE + VERSION_BEHIND_JOB] = 1;
        let mut stored = Shard::from_job_account(&Pubkey::default(), &bytes).unwrap();
        let Some(shard) = shard else {
            return (job, stored);
        };
        stored.review = shard.review as u8;
        for (at, seat) in shard.live() {
            stored.seats[at].provider = self.directory.providers[seat.worker];
            stored.seats[at].status = seat.status as u8;
        }
        (job, stored)
    }

    /// The size of a transaction.
    pub fn bytes(&self, instructions: &[Instruction], signers: usize) -> usize {
        let message = Message::new(instructions, Some(&payer(self)));
        1 + 64 * (1 + signers) + message.serialize().len()
    }

    /// Whether a transaction is short enough to be sent.
    pub fn fits(&self, instructions: &[Instruction], signers: usize) -> bool {
        self.bytes(instructions, signers) <= PACKET
    }

    /// Sends a transaction.
    pub fn send(&mut self, instructions: &[Instruction], signers: &[Who]) -> Outcome {
        let keys: Vec<&Keypair> = signers.iter().map(|who| self.directory.key(*who)).collect();
        self.market.machine.send(instructions, &keys)
    }
}

/// Where a shard's version stands behind a job: after four times, an index, and seven bytes.
const VERSION_BEHIND_JOB: usize = 4 * 8 + 4 + 7;

fn payer(town: &Town) -> Pubkey {
    town.market.machine.payer.pubkey()
}

/// The parameters that stand in a network.
pub fn parameters_of(network: &Network) -> NetworkParameters {
    NetworkParameters {
        min_stake: network.min_stake,
        min_bond: network.min_bond,
        lock_bps: network.lock_bps,
        sortition_start: network.sortition_start,
        unbonding_secs: network.unbonding_secs,
        min_window_secs: network.min_window_secs,
        max_window_secs: network.max_window_secs,
        accept_secs: network.accept_secs,
        max_deadline_secs: network.max_deadline_secs,
        max_shards: network.max_shards,
        fee_bps: network.fee_bps,
        slash_bps: network.slash_bps,
        late_bps: network.late_bps,
        bounty_bps: network.bounty_bps,
        max_replicas: network.max_replicas,
        draw_slots: network.draw_slots,
    }
}
