//! The network on a chain: made once, used for one sequence after another.

use super::directory::Directory;
use super::vaults::{Mint, Vault, Vaults, WHOS, Who};
use super::world::{CLIENTS, CONDUCTORS, Client, Provider, Shard as Model, WORKERS, World};
use crate::fixture::{Ledger, Market, Outcome, PARAMETERS, SOL, Setup};
use millrace_chain::address;
use millrace_program::state::{Job, Network, NetworkParameters, Shard};
use solana_sdk::account::Account;
use solana_sdk::instruction::Instruction;
use solana_sdk::message::Message;
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
/// A slot after which the first sequence begins, above that of a new machine.
const SLOTS_FROM: u64 = 1 << 40;
/// Slots between the beginnings of sequences.
const SLOTS: u64 = 40_000;
/// Most bytes of a transaction.
const PACKET: usize = 1_232;
/// Hashes that a sequence begins with.
const BLOCKS_AT_FIRST: u64 = 4;

/// A network with everything that a sequence needs.
pub struct Town {
    pub market: Market,
    pub directory: Directory,
    /// The network's account.
    pub network: Pubkey,
    one_mint: bool,
    beginning: Vec<(Pubkey, Account)>,
    ledger: Ledger,
    epochs: (i64, u32),
    parameters: NetworkParameters,
    began_at: i64,
    job: Box<Job>,
}

impl Town {
    /// A new one.
    pub fn new(one_mint: bool) -> Self {
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
        market
            .open_client(&directory.key(Who::Owner(1)).insecure_clone())
            .unwrap();
        market.machine.airdrop(&second.pubkey(), SOL);
        // A job to take the form of others from.
        let posted = market.posted(|_| ());
        let job = Box::new(market.job(&posted));
        market.cancel(&posted).unwrap();
        market.close(&posted, &[]).unwrap();

        let network: Network = market.read(&address::network());
        let mut town = Self {
            began_at: market.machine.now(),
            network: address::network(),
            parameters: parameters_of(&network),
            epochs: (network.epochs_from, network.epoch_secs),
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
        all.extend(rest.map(|address| (address, machine.account(&address).unwrap())));
        all
    }

    /// Puts everything back as it was, and returns the model of it. Slots go on; which slot it is now
    /// depends on the seed alone where seeds are taken in their order.
    pub fn begin(&mut self, seed: u64) -> World {
        let known: Vec<Pubkey> = self.beginning.iter().map(|(key, _)| *key).collect();
        for (address, _) in self.market.machine.of_the_program() {
            assert!(known.contains(&address), "{address} was left over");
        }
        for (address, account) in self.beginning.clone() {
            self.market.machine.place(address, account);
        }
        self.market.machine.landed.clear();
        self.market.machine.ledger = self.ledger.clone();
        self.market.machine.warp_to(self.began_at);
        let slot = SLOTS_FROM + (seed & 0xFFFF_FFFF) * SLOTS;
        let machine = &mut self.market.machine;
        assert!(machine.slot() < slot, "seeds must go up");
        machine.pass_slots(slot - machine.slot(), seed);
        machine.remember_blocks(slot - BLOCKS_AT_FIRST, slot, seed);
        self.world(seed)
    }

    /// The model of the network as a sequence begins.
    fn world(&self, seed: u64) -> World {
        let machine = &self.market.machine;
        let mut vaults = Vaults::new(self.one_mint);
        for (vault, address) in self.directory.vaults() {
            vaults.set(*vault, machine.tokens(address));
        }
        let providers = from_fn(|n| Provider {
            price: PRICES[n],
            places: PLACES[n],
            cores: CORES[n],
            active: STAKE,
            deposited: STAKE,
            ..Provider::default()
        });
        let clients = from_fn(|n| Client {
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
            retired: [false; CONDUCTORS],
            parameters: self.parameters,
            epochs: self.epochs,
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

    /// Everybody's lamports as a sequence begins.
    pub fn lamports_at_first(&self) -> [u64; WHOS] {
        let of = |who| {
            let address = self.directory.address(who);
            let mut first = self.beginning.iter();
            first.find(|(key, _)| *key == address).unwrap().1.lamports
        };
        Who::ALL.map(of)
    }

    /// A job and a shard of the model as the instructions' builder wants them: the client, and who sits
    /// where.
    pub fn as_stored(&self, client: usize, shard: Option<&Model>) -> (Job, Shard) {
        let mut job = *self.job;
        job.client = self.directory.address(Who::Owner(client));
        // The only way to an empty shard from outside of the program: bytes with a version.
        let mut bytes = vec![0; Job::SIZE + Shard::inline_bytes(5)];
        bytes[Job::SIZE + VERSION_BEHIND_JOB] = 1;
        let mut stored = Shard::of_job(&Pubkey::default(), &bytes).unwrap();
        let Some(shard) = shard else {
            return (job, stored);
        };
        stored.doubt = shard.doubt as u8;
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
