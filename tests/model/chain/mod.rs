//! The test network on a chain. It is created once and reset for each sequence.

pub(crate) mod addresses;
mod build;
mod compare;

use crate::chain::addresses::AddressBook;
use crate::world::vaults::{Mint, PARTIES, Party, Vault, Vaults};
use crate::world::{
    CLIENTS, Client, Orchestrator, Provider, Rewards, Schedule, Shard as Model, Status, WORKERS,
    World,
};
use millrace_client::{instructions, pda};
use millrace_fixture::{
    Ledger, MintSetup, Outcome, PARAMETERS, SOL, Setup, TOKEN_2022, TestNetwork,
};
use millrace_program::state::{Job, Network, NetworkParameters, RewardSchedule, Shard};
use solana_sdk::account::Account;
use solana_sdk::instruction::Instruction;
use solana_sdk::message::Message;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;
use std::array::from_fn;

/// Cores of each worker's machine.
pub(crate) const CORES: [u16; WORKERS] = [8, 8, 2, 8, 8];
const PRICES: [u64; WORKERS] = [4, 5, 4, 7, 6];
const PLACES: [u16; WORKERS] = [4, 8, 4, 3, 8];
/// The most stake that each worker locks for a seat.
const LOCKS: [u64; WORKERS] = [u64::MAX, u64::MAX, 13_000, 15_000, u64::MAX];
/// Stake of each worker, and the rest of its tokens.
const STAKE: u64 = 120_000;
const LEFT: u64 = 20_000;
/// Balances of the clients. The second one has little.
const CLIENT_BALANCES: [u64; CLIENTS] = [1_000_000, 90_000];
/// Balance of every other party in each mint.
const OTHERS: u64 = 150_000;
/// Rewards: at most 300 in each of the first two epochs of five minutes, then half of that.
const REWARDS: RewardSchedule = RewardSchedule {
    epoch_secs: 300,
    emission: 300,
    halving_epochs: 2,
};
/// The slot after which the first sequence starts, higher than that of a new machine.
const SLOTS_FROM: u64 = 1 << 40;
/// Slots between the starts of two sequences.
const SLOTS: u64 = 40_000;
/// Largest transaction, bytes.
const PACKET: usize = 1_232;
/// Block hashes at the start of a sequence.
const BLOCKS_AT_FIRST: u64 = 4;

/// The mint setup of a seed's sequence.
pub(crate) fn mint_setup_of(seed: u64) -> MintSetup {
    // Stake and payments that share a mint have more ways to be confused, so those setups come twice as often.
    let all = [
        MintSetup::OneMint,
        MintSetup::TwoMints,
        MintSetup::OneToken2022Mint,
        MintSetup::OneMint,
        MintSetup::MixedPrograms,
        MintSetup::OneToken2022Mint,
    ];
    all[(seed % 6) as usize]
}

pub(crate) struct TestChain {
    pub network: TestNetwork,
    pub addresses: AddressBook,
    /// The address of the program's Network account.
    pub network_address: Pubkey,
    /// The address of the Rewards account.
    pub rewards: Pubkey,
    one_mint: bool,
    beginning: Vec<(Pubkey, Account)>,
    ledger: Ledger,
    schedule: Schedule,
    parameters: NetworkParameters,
    began_at: i64,
    job: Box<Job>,
}

impl TestChain {
    pub(crate) fn new(mint_setup: MintSetup) -> Self {
        let one_mint = mint_setup.has_one_mint();
        let setup = Setup {
            parameters: NetworkParameters {
                max_deadline_secs: 3_600,
                unbonding_secs: 3_600,
                max_window_secs: 600,
                ..PARAMETERS
            },
            workers: 0,
            wallet_balance: CLIENT_BALANCES[0],
            one_mint,
            token_programs: mint_setup.token_programs(),
            rewards: REWARDS,
            ..Setup::default()
        };
        let mut network = setup.build();
        let addresses = AddressBook::new(network.mints);
        let mints = network.mints;
        for worker in 0..WORKERS {
            network.add_provider(STAKE + LEFT, |args| {
                args.offer.ask_price = PRICES[worker];
                args.offer.max_open_seats = PLACES[worker];
                args.offer.max_seat_lock = LOCKS[worker];
                args.offer.cores = CORES[worker];
            });
            network.stake(worker, STAKE).unwrap();
        }
        let second = addresses.key(Party::Orchestrator(1)).insecure_clone();
        let newcomers = [
            (Party::Client(1), CLIENT_BALANCES[1]),
            (Party::Orchestrator(0), OTHERS),
            (Party::Orchestrator(1), OTHERS),
            (Party::Orchestrator(2), OTHERS),
            (Party::Stranger, OTHERS),
            (Party::Authority, OTHERS),
        ];
        for (who, tokens) in newcomers {
            let wallet = addresses.address(who);
            network
                .machine
                .open_wallet(&wallet, mints, (&mints.payment, tokens));
        }
        if !one_mint {
            for who in Party::ALL {
                let stake = addresses.vault(Vault::Wallet(who, Mint::Stake));
                let payment = addresses.vault(Vault::Wallet(who, Mint::Payment));
                let (mint, token_account) = match who {
                    Party::Worker(_) => (mints.payment, payment),
                    _ => (mints.stake, stake),
                };
                network.machine.mint(&mint, &token_account, OTHERS);
            }
        }
        network.register_orchestrator(&second.pubkey()).unwrap();
        let open = instructions::open_rewards(network.authority.pubkey(), mints);
        network
            .machine
            .send(&[open], &[&network.authority])
            .unwrap();
        network.machine.airdrop(&second.pubkey(), SOL);
        // A job that serves as a template for `as_stored`.
        let posted = network.post_with(|_| ());
        let job = Box::new(network.job(&posted));
        network.cancel(&posted).unwrap();
        network.close(&posted, &[]).unwrap();
        // Providers that register in the second of a job's posting are not admitted to it.
        network.warp(1);

        let account: Network = network.read(&pda::network());
        let mut chain = Self {
            began_at: network.machine.now(),
            network_address: pda::network(),
            rewards: pda::rewards(),
            parameters: parameters_of(&account),
            schedule: Schedule {
                from: account.epochs_started_at,
                secs: account.epoch_secs,
                emission: account.emission,
                halving: account.halving_epochs,
            },
            network,
            addresses,
            one_mint,
            beginning: Vec::new(),
            ledger: Ledger::default(),
            job,
        };
        chain.beginning = chain.everything();
        chain.ledger = chain.network.machine.ledger.clone();
        chain
    }

    /// All accounts of the program, and all others that a sequence changes.
    fn everything(&self) -> Vec<(Pubkey, Account)> {
        let machine = &self.network.machine;
        let mut all = machine.program_accounts();
        let wallets = Party::ALL.map(|who| self.addresses.address(who));
        let vaults = self.addresses.vaults().iter().map(|(_, address)| *address);
        // Penalties change the supply of stake.
        let mints = [self.addresses.mints.stake, self.addresses.mints.payment];
        let rest = vaults.chain(wallets).chain(mints).chain([payer(self)]);
        // Accounts that do not exist yet are restored as empty.
        all.extend(rest.map(|address| (address, machine.account(&address).unwrap_or_default())));
        all
    }

    /// Restores the initial accounts and returns their model. The slot depends on the seed alone.
    pub(crate) fn begin(&mut self, seed: u64) -> World {
        let known: Vec<Pubkey> = self.beginning.iter().map(|(key, _)| *key).collect();
        for (address, _) in self.network.machine.program_accounts() {
            if !known.contains(&address) {
                self.network
                    .machine
                    .set_account(address, Account::default());
            }
        }
        for (address, account) in self.beginning.clone() {
            self.network.machine.set_account(address, account);
        }
        self.network.machine.landed.clear();
        self.network.machine.ledger = self.ledger.clone();
        self.network.machine.set_time(self.began_at);
        let slot = SLOTS_FROM + (seed & 0xFFFF_FFFF) * SLOTS;
        let machine = &mut self.network.machine;
        machine.set_slot(slot);
        machine.set_block_hashes(slot - BLOCKS_AT_FIRST, slot, seed);
        self.world(seed)
    }

    /// The model of the initial state.
    fn world(&self, seed: u64) -> World {
        let (machine, mints) = (&self.network.machine, self.addresses.mints);
        let mut vaults = Vaults::new(self.one_mint);
        for (vault, address) in self.addresses.vaults() {
            vaults.set(*vault, machine.tokens_if_any(address).unwrap_or(0));
        }
        let registered_at = self.began_at - 1;
        let bytes = |vault| {
            let account = machine.account(&self.addresses.vault(vault));
            account.unwrap().data.len() as u64
        };
        let orchestrator = |_| Orchestrator {
            active: true,
            retired_at: 0,
            bonded: 0,
            payer: Party::Authority,
        };
        let providers = from_fn(|n| Provider {
            registered: true,
            registered_at,
            price: PRICES[n],
            max_seats: PLACES[n],
            max_lock: LOCKS[n],
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
        let lamports: [u64; PARTIES] =
            Party::ALL.map(|who| machine.lamports_of(&self.addresses.address(who)));
        World {
            now: machine.now(),
            slot: machine.slot(),
            blocks: (machine.slot() - BLOCKS_AT_FIRST, machine.slot()),
            block_seed: seed,
            one_mint: self.one_mint,
            paused: false,
            vault_bytes: [bytes(Vault::Stake(0)), bytes(Vault::Earnings(0))],
            newer: [mints.stake_program, mints.payment_program].map(|p| p == TOKEN_2022),
            authority: Party::Authority,
            pending: None,
            pauser: Party::Authority,
            orchestrators: [Some(orchestrator(0)), Some(orchestrator(1)), None],
            parameters: self.parameters,
            schedule: self.schedule,
            rewards: Rewards::default(),
            epochs: Default::default(),
            providers,
            clients,
            jobs: Vec::new(),
            vaults,
            donated: Vaults::new(self.one_mint),
            burnt: 0,
            lamports,
            buckets: Default::default(),
            notes: Vec::new(),
        }
    }

    /// The job and the shard as the instruction builders expect them: only the client and the live
    /// seats with their results are set.
    pub(crate) fn as_stored(&self, client: usize, shard: Option<&Model>) -> (Job, Shard) {
        let mut job = *self.job;
        job.client = self.addresses.address(Party::Client(client));
        // The only way to create an empty shard outside the program: zeros and a version.
        let mut bytes = vec![0; Job::SIZE + Shard::inline_bytes(5)];
        bytes[Job::SIZE + VERSION_BEHIND_JOB] = 1;
        let mut stored = Shard::from_job_account(&Pubkey::default(), &bytes).unwrap();
        let Some(shard) = shard else {
            return (job, stored);
        };
        stored.review = shard.review as u8;
        for (at, seat) in shard.live() {
            stored.seats[at].provider = self.addresses.providers[seat.worker];
            stored.seats[at].status = seat.status as u8;
            stored.seats[at].digest = seat.digest;
            if seat.status == Status::Revealed {
                stored.seats[at].units = seat.answer.map_or(0, |answer| answer.units);
            }
        }
        (job, stored)
    }

    /// The size of a transaction, bytes.
    pub(crate) fn bytes(&self, instructions: &[Instruction], signers: usize) -> usize {
        let message = Message::new(instructions, Some(&payer(self)));
        1 + 64 * (1 + signers) + message.serialize().len()
    }

    pub(crate) fn fits(&self, instructions: &[Instruction], signers: usize) -> bool {
        self.bytes(instructions, signers) <= PACKET
    }

    pub(crate) fn send(&mut self, instructions: &[Instruction], signers: &[Party]) -> Outcome {
        let keys: Vec<&Keypair> = signers.iter().map(|who| self.addresses.key(*who)).collect();
        self.network.machine.send(instructions, &keys)
    }
}

/// Offset of a shard's version behind a job: after four times, an index and seven bytes.
const VERSION_BEHIND_JOB: usize = 4 * 8 + 4 + 7;

fn payer(chain: &TestChain) -> Pubkey {
    chain.network.machine.payer.pubkey()
}

/// The parameters stored in a Network account.
pub(crate) fn parameters_of(network: &Network) -> NetworkParameters {
    NetworkParameters {
        min_stake: network.min_stake,
        min_bond: network.min_bond,
        lock_bps: network.lock_bps,
        sortition_start: network.sortition_start,
        reward_bps: network.reward_bps,
        unbonding_secs: network.unbonding_secs,
        min_window_secs: network.min_window_secs,
        max_window_secs: network.max_window_secs,
        accept_secs: network.accept_secs,
        max_deadline_secs: network.max_deadline_secs,
        max_shards: network.max_shards,
        fee_bps: network.fee_bps,
        slash_bps: network.slash_bps,
        late_bps: network.late_bps,
        max_replicas: network.max_replicas,
        draw_slots: network.draw_slots,
    }
}
