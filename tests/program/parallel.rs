//! Accounts that settlements of different jobs write together. The fewer there are, the more
//! settlements fit into a block. A client, a provider and a bucket are each written by their own
//! settlements, and no account by all of them.

use millrace_client::pda;
use millrace_fixture::{RIGHT, SOL, Setup, TestNetwork, key};
use millrace_program::constants::BUCKETS;
use millrace_program::state::bucket_of;
use solana_sdk::instruction::Instruction;
use solana_sdk::message::Message;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::collections::{BTreeSet, HashSet};

/// Costs that Agave adds to the compute units of a transaction (solana-cost-model 4.2.2,
/// `block_cost_limits.rs` and `cost_model.rs`): units of a signature and of a write lock, bytes of
/// instruction data for each unit, and units for each page of loaded accounts.
const SIGNATURE: u64 = 720;
const WRITE_LOCK: u64 = 300;
const DATA_BYTES: u64 = 4;
const PAGE: (u64, u64) = (32 * 1_024, 8);

/// Two clients and two groups of three providers.
fn network() -> TestNetwork {
    let mut network = Setup {
        workers: 6,
        ..Setup::default()
    }
    .build();
    let mints = network.mints;
    let second = key(7);
    let fund = (&mints.payment, 1_000_000);
    network.machine.open_wallet(&second.pubkey(), mints, fund);
    network.open_client(&second).unwrap();
    network
}

/// A job that is due, of this client and these providers, in a bucket that `fits` accepts.
fn due(
    network: &mut TestNetwork,
    client: u8,
    workers: [usize; 3],
    fits: impl Fn(u8) -> bool,
) -> Pubkey {
    network.owner = key(client);
    network.machine.airdrop(&key(client).pubkey(), SOL);
    // The bucket follows from the job's address, so jobs are cancelled until one fits.
    let job = loop {
        let job = network.post_with(|_| ());
        if fits(bucket_of(&job)) {
            break job;
        }
        network.cancel(&job).unwrap();
        network.close(&job, &[]).unwrap();
    };
    network.run_seats(&job, 0, &workers.map(|worker| (worker, RIGHT)));
    job
}

/// Whether a transaction takes a write lock on an account.
fn is_locked(message: &Message, at: usize) -> bool {
    message.is_maybe_writable_with_reserved_addresses(at, None::<&HashSet<Pubkey>>)
}

/// Write locks of a transaction with one instruction, without the fee payer.
fn write_locks(instruction: &Instruction) -> BTreeSet<Pubkey> {
    let payer = key(99).pubkey();
    let message = Message::new(std::slice::from_ref(instruction), Some(&payer));
    let keys = message.account_keys.iter().enumerate();
    let locked = keys.filter(|(at, _)| is_locked(&message, *at));
    let locked: BTreeSet<Pubkey> = locked.map(|(_, key)| *key).collect();
    locked.into_iter().filter(|key| *key != payer).collect()
}

/// Accounts that two settlements write together, after both have landed.
fn shared(network: &mut TestNetwork, [one, other]: [Pubkey; 2]) -> BTreeSet<Pubkey> {
    let pair = [one, other].map(|job| network.settle_instruction(&job, 0));
    for settle in &pair {
        network
            .machine
            .send(std::slice::from_ref(settle), &[])
            .unwrap();
    }
    let [one, other] = pair.map(|settle| write_locks(&settle));
    assert!(one.len() > 10 && other.len() > 10);
    one.intersection(&other).copied().collect()
}

const FIRST: [usize; 3] = [0, 1, 2];
const SECOND: [usize; 3] = [3, 4, 5];

/// Accounts written together by settlements with different clients, providers and buckets; then by
/// those with the same providers, the same bucket, and the same client.
fn overlaps() -> [BTreeSet<Pubkey>; 4] {
    let pairs: [(u8, [usize; 3], bool); 4] = [
        (7, SECOND, false),
        (7, FIRST, false),
        (7, SECOND, true),
        (5, SECOND, false),
    ];
    pairs.map(|(client, workers, same_bucket)| {
        let mut network = network();
        let one = due(&mut network, 5, FIRST, |_| true);
        let bucket = bucket_of(&one);
        let fits = |b| (b == bucket) == same_bucket;
        let other = due(&mut network, client, workers, fits);
        shared(&mut network, [one, other])
    })
}

fn set<const N: usize>(keys: [Pubkey; N]) -> BTreeSet<Pubkey> {
    keys.into()
}

#[test]
fn unrelated_settlements_share_no_writable_account() {
    let [unrelated, ..] = overlaps();
    assert_eq!(unrelated, BTreeSet::new());
}

#[test]
fn related_settlements_share_only_their_common_accounts() {
    let [_, providers, bucket, client] = overlaps();
    let network = network();
    let accounts = network.provider_accounts(&FIRST);
    let vaults = |p: &Pubkey| [*p, pda::stake_vault(p), pda::earnings_vault(p)];
    let expected: BTreeSet<Pubkey> = accounts.iter().flat_map(vaults).collect();
    assert_eq!(providers, expected);
    let own = pda::client(&key(5).pubkey());
    assert_eq!(client, set([own, pda::escrow(&own)]));
    let mints = network.mints;
    let of_bucket = |index| set([pda::bucket(index), pda::treasury(&mints.payment, index)]);
    assert!((0..BUCKETS).any(|index| of_bucket(index) == bucket));
}

#[test]
fn no_account_is_written_by_every_settlement() {
    let mut network = network();
    let mut common: Option<BTreeSet<Pubkey>> = None;
    for (client, workers) in [(5, FIRST), (7, SECOND)] {
        for index in [0, BUCKETS - 1] {
            let job = due(&mut network, client, workers, |b| b == index);
            let locks = write_locks(&network.settle_instruction(&job, 0));
            network.settle(&job, 0).unwrap();
            common = Some(match common {
                None => locks,
                Some(known) => known.intersection(&locks).copied().collect(),
            });
        }
    }
    assert_eq!(common, Some(BTreeSet::new()));
}

/// The block cost of the last transaction.
fn block_cost(network: &TestNetwork) -> u64 {
    let landed = network.machine.landed.last().unwrap();
    let payer = network.machine.payer.pubkey();
    let message = Message::new(&landed.instructions, Some(&payer));
    let locks = (0..message.account_keys.len()).filter(|at| is_locked(&message, *at));
    let size = |key: &Pubkey| {
        network
            .machine
            .account(key)
            .map_or(0, |a| a.data.len() as u64)
    };
    let loaded: u64 = message.account_keys.iter().map(size).sum();
    let pages = (loaded + size(&pda::program_data())).div_ceil(PAGE.0);
    let data: usize = landed.instructions.iter().map(|i| i.data.len()).sum();
    landed.meta.compute_units_consumed
        + SIGNATURE * (landed.signatures as u64 + 1)
        + WRITE_LOCK * locks.count() as u64
        + data as u64 / DATA_BYTES
        + PAGE.1 * pages
}

/// Figures for the benchmark: the block cost of settling three seats, and how many accounts two
/// settlements write together.
pub(crate) fn figures() -> Vec<(&'static str, u64, &'static str)> {
    let mut network = network();
    let job = due(&mut network, 5, FIRST, |_| true);
    network.settle(&job, 0).unwrap();
    let cost = block_cost(&network);
    let [unrelated, providers, bucket, client] = overlaps().map(|shared| shared.len() as u64);
    vec![
        ("chain.settle_cost.k3", cost, "cu"),
        ("chain.settle_shares.nothing", unrelated, "accounts"),
        ("chain.settle_shares.providers", providers, "accounts"),
        ("chain.settle_shares.bucket", bucket, "accounts"),
        ("chain.settle_shares.client", client, "accounts"),
    ]
}
