//! The smallest and the largest amounts, and rounding: ten thousand settlements neither lose nor create
//! a unit.

use millrace_client::{instructions, pda};
use millrace_fixture::{Answer, PARAMETERS, RIGHT, SOL, Setup, TestNetwork, WRONG, refused};
use millrace_program::PostJobArgs;
use millrace_program::state::{ShardState, bucket_of};
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

/// Number of settlements; every remainder of the fee occurs.
const SETTLEMENTS: u64 = 10_000;
const SHARDS: u32 = 1_000;
/// Asks of the workers.
const PRICES: [u64; 3] = [1, 3, 7];
const CLOSED_AT_ONCE: usize = 15;
/// Fee, basis points.
const FEE: u128 = PARAMETERS.fee_bps as u128;

/// `part ÷ 10,000` without rounding: whole base units and ten-thousandths.
fn exact(part: u128) -> (u64, u128) {
    ((part / 10_000) as u64, part % 10_000)
}

/// Assigns one seat, then commits, reveals and settles in one transaction.
fn settle_alone(
    network: &mut TestNetwork,
    job: &Pubkey,
    index: u32,
    (worker, answer): (usize, Answer),
) {
    network.assign(job, index, &[worker]).unwrap();
    let (own, place) = (
        network.orchestrator.insecure_clone(),
        network.shard_ref(job, index),
    );
    let claim = network.signed_commitment(job, index, (worker, answer));
    let entry = network.reveal_entry(job, index, (worker, answer));
    let [check, record] = instructions::record_commitments(place, &[claim]);
    let reveal = instructions::record_reveals(own.pubkey(), place, vec![entry]);
    let settle = network.settle_instruction(job, index);
    let actions = [check, record, reveal, settle];
    network.machine.send(&actions, &[&own]).unwrap();
}

fn close_in_batches(network: &mut TestNetwork, job: &Pubkey) {
    let all: Vec<u32> = (0..SHARDS).collect();
    for few in all.chunks(CLOSED_AT_ONCE) {
        network.close(job, few).unwrap();
    }
}

fn fees(network: &TestNetwork) -> u64 {
    let vaults = (0..8).map(|bucket| pda::treasury(&network.mints.payment, bucket));
    vaults.map(|vault| network.machine.tokens(&vault)).sum()
}

/// Settles half of ten thousand shards of one seat, each with a different remainder of the fee.
fn settle_a_half(which: u64) {
    const WALLET_BALANCE: u64 = 1_000_000_000;
    const HALF: u64 = SETTLEMENTS / 2;
    let mut parameters = PARAMETERS;
    parameters.max_shards = SHARDS;
    let mut network = Setup {
        parameters,
        workers: 0,
        wallet_balance: WALLET_BALANCE,
        ..Setup::default()
    }
    .build();
    network
        .machine
        .airdrop(&network.orchestrator.pubkey(), 100 * SOL);
    for price in PRICES {
        network.add_staked_provider(200_000, |args| args.offer.ask_price = price);
    }
    let (mut paid, mut charged, mut lost) = ([0; 3], 0, 0);
    for number in which * HALF..(which + 1) * HALF {
        let index = (number % u64::from(SHARDS)) as u32;
        let nonce = (number - which * HALF) / u64::from(SHARDS);
        let job = pda::job(&network.owner.pubkey(), nonce);
        if index == 0 {
            network.post_with(|t| {
                (t.replicas, t.quorum, t.max_replicas) = (1, 1, 1);
                (t.shards, t.price_cap, t.max_units) = (SHARDS, 7, 10_000);
            });
        }
        // A prime step, so every number of units occurs once, and every remainder with it.
        let units = 1 + number * 7_919 % 10_000;
        let worker = (number % 3) as usize;
        settle_alone(
            &mut network,
            &job,
            index,
            (worker, Answer { units, ..RIGHT }),
        );
        let amount = PRICES[worker] * units;
        let (fee, rest) = exact(u128::from(amount) * FEE);
        paid[worker] += amount;
        charged += fee;
        lost += rest;
        if index + 1 == SHARDS {
            let account = network.job(&job);
            assert_eq!(
                (account.settled, account.paid + account.fee),
                (SHARDS, account.deposited - account.held().unwrap())
            );
            close_in_batches(&mut network, &job);
            network.machine.landed.clear();
        }
    }
    let all: u64 = paid.iter().sum();
    // Rounding favoured the client by less than a base unit for each fee.
    let (whole, rest) = exact(u128::from(all) * FEE);
    assert_eq!(exact(lost), (whole - charged, rest));
    assert!(
        lost > 2_000 * 10_000 && lost < u128::from(HALF) * 10_000,
        "{lost}"
    );
    assert_eq!(fees(&network), charged);
    assert_eq!(network.machine.ledger.rewards.points, 0);
    for (worker, paid) in paid.into_iter().enumerate() {
        let account = network.provider(worker);
        assert_eq!((account.earned, account.locked), (paid, 0));
        let vault = pda::earnings_vault(&network.workers[worker].account);
        assert_eq!(network.machine.tokens(&vault), paid);
    }
    let token_account = pda::token_account(&network.owner.pubkey(), &network.mints.payment);
    assert_eq!(
        network.machine.tokens(&token_account),
        WALLET_BALANCE - all - charged
    );
    let escrow = pda::escrow(&pda::client(&network.owner.pubkey()));
    assert_eq!(network.machine.tokens(&escrow), 0);
}

#[test]
fn ten_thousand_settlements_lose_no_unit_first_half() {
    settle_a_half(0);
}

#[test]
fn ten_thousand_settlements_lose_no_unit_second_half() {
    settle_a_half(1);
}

/// Terms of a shard of three seats with a maximum payment of `amount`.
fn at_most(amount: u64) -> impl Fn(&mut PostJobArgs) {
    move |terms| (terms.price_cap, terms.max_units) = (1, amount)
}

fn dust(one_mint: bool) -> TestNetwork {
    let mut network = Setup {
        workers: 0,
        one_mint,
        ..Setup::default()
    }
    .build();
    for _ in 0..3 {
        network.add_staked_provider(100_000, |args| args.offer.ask_price = 1);
    }
    network
}

#[test]
fn small_penalties_are_burnt_to_the_last_unit() {
    for one_mint in [true, false] {
        let mut network = dust(one_mint);
        for amount in 1..=60 {
            let job = network.post_with(at_most(amount));
            let wrong = Answer {
                units: amount,
                ..WRONG
            };
            let truth = Answer {
                units: amount,
                ..RIGHT
            };
            network.run_seats(&job, 0, &[(0, truth), (1, wrong), (2, truth)]);
            let before = (network.balances(&job), network.provider(1));
            let (account, shard) = (network.job(&job), network.shard(&job, 0));
            let place = network.shard_ref(&job, 0);
            let settle = instructions::settle_shard(place, &account, &shard, network.mints, None);
            network.machine.send(&[settle], &[]).unwrap();

            // The lock is twice the highest payment, and a wrong result costs half of the lock.
            let penalty = amount;
            assert_eq!(network.provider(1).slashed - before.1.slashed, penalty);
            assert_eq!(network.balances(&job).burnt - before.0.burnt, penalty);
            network.close(&job, &[0]).unwrap();
        }
    }
}

#[test]
fn one_base_unit_is_paid_without_fee_and_points() {
    let mut network = dust(true);
    let job = network.post_with(at_most(1));
    assert_eq!(network.job(&job).deposited, 3);
    let one = Answer { units: 1, ..RIGHT };
    network.run_seats(&job, 0, &[(0, one), (1, one), (2, one)]);
    network.settle(&job, 0).unwrap();
    let account = network.job(&job);
    assert_eq!(
        (account.paid, account.fee, account.held().unwrap()),
        (3, 0, 0)
    );
    assert_eq!(network.provider(0).points[0].amount, 0);
    network.claim_earnings(0).unwrap();
    network.close(&job, &[0]).unwrap();
    assert_eq!(network.balances(&job).client, 1_000_000 - 3);
}

#[test]
fn late_penalty_that_rounds_to_zero_takes_nothing() {
    let mut network = dust(false);
    // A lock of 8, a tenth of which is taken.
    let job = network.post_with(at_most(4));
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    network.warp(60);
    network.expire_seat(&job, 0, 0).unwrap();
    let account = network.provider(0);
    assert_eq!((account.late, account.slashed, account.locked), (1, 0, 0));
}

/// The largest payment of one seat whose deposit, with the fee, fits into 64 bits.
const LARGEST: u64 = 17_996_823_486_545_904_015;

/// A network in which nearly all possible tokens go through one job: the supply of each mint fits into
/// 64 bits, and so does the lock.
fn vast() -> TestNetwork {
    let mut parameters = PARAMETERS;
    parameters.lock_bps = 1_000;
    let mut network = Setup {
        parameters,
        workers: 0,
        wallet_balance: u64::MAX,
        ..Setup::default()
    }
    .build();
    network.add_staked_provider(u64::MAX, |args| args.offer.ask_price = 1);
    network
}

fn vast_terms(amount: u64) -> impl Fn(&mut PostJobArgs) {
    move |terms| {
        (terms.replicas, terms.quorum, terms.max_replicas) = (1, 1, 1);
        (terms.price_cap, terms.max_units) = (1, amount);
    }
}

#[test]
fn largest_amounts_are_locked_paid_and_refunded() {
    let mut network = vast();
    for beyond in [LARGEST + 1, u64::MAX] {
        let mut terms = network.terms();
        vast_terms(beyond)(&mut terms);
        refused(network.post(terms), "AmountOverflow");
    }
    let job = network.post_with(vast_terms(LARGEST));
    let fee = exact(u128::from(LARGEST) * FEE).0;
    assert_eq!(network.job(&job).deposited, LARGEST + fee);
    assert_eq!(network.job(&job).seat_lock, LARGEST / 10);
    let answer = Answer {
        units: LARGEST,
        ..RIGHT
    };
    network.run_seats(&job, 0, &[(0, answer)]);
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    let after = network.balances(&job);
    assert_eq!((after.earnings[0], after.fees), (LARGEST, fee));
    assert_eq!(after.client, u64::MAX - LARGEST - fee);
    network.claim_earnings(0).unwrap();
    network.request_unstake(0, u64::MAX).unwrap();
    network.warp(7 * 86_400);
    network.withdraw_stake(0).unwrap();
}

/// Transfers all payment tokens of a worker's wallet to the client.
fn give_back(network: &mut TestNetwork, worker: usize) {
    const TRANSFER: u8 = 3;
    let own = network.workers[worker].authority.insecure_clone();
    let [from, to] =
        [own.pubkey(), network.owner.pubkey()].map(|o| network.mints.payment_account(&o));
    let amount = network.machine.tokens(&from);
    let transfer = Instruction {
        program_id: pda::TOKEN_PROGRAM,
        accounts: vec![
            AccountMeta::new(from, false),
            AccountMeta::new(to, false),
            AccountMeta::new_readonly(own.pubkey(), true),
        ],
        data: [&[TRANSFER][..], &amount.to_le_bytes()].concat(),
    };
    network.machine.send(&[transfer], &[&own]).unwrap();
}

#[test]
fn earnings_beyond_64_bits_do_not_block_settlement() {
    let mut network = vast();
    let half = LARGEST / 2;
    let answer = Answer {
        units: half,
        ..RIGHT
    };
    for round in 1..=5_u64 {
        let job = network.post_with(vast_terms(half));
        network.run_seats(&job, 0, &[(0, answer)]);
        network.settle(&job, 0).unwrap();
        network.close(&job, &[0]).unwrap();
        assert_eq!(network.balances(&job).earnings, [half], "{round}");
        network.claim_earnings(0).unwrap();
        give_back(&mut network, 0);
        let bucket = bucket_of(&job);
        let (own, mints) = (network.authority.insecure_clone(), network.mints);
        let token_account = mints.payment_account(&network.owner.pubkey());
        let fee = network.balances(&job).fees;
        let refund =
            instructions::withdraw_treasury(own.pubkey(), mints, bucket, token_account, fee);
        network.machine.send(&[refund], &[&own]).unwrap();
    }
    // Totals that no longer fit have restarted.
    let account = network.provider(0);
    assert_eq!(
        (account.earned, account.claimed, account.agreed),
        (half, half, 5)
    );
}

#[test]
fn units_beyond_64_bits_of_payment_are_paid_up_to_the_maximum() {
    let mut network = vast();
    let job = network.post_with(vast_terms(10));
    let answer = Answer {
        units: u64::MAX,
        ..RIGHT
    };
    network.run_seats(&job, 0, &[(0, answer)]);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.balances(&job).earnings, [10]);
}

#[test]
fn largest_stake_is_slashed_without_overflow() {
    let mut parameters = PARAMETERS;
    (parameters.slash_bps, parameters.lock_bps) = (10_000, 10_000_000);
    let mut network = Setup {
        parameters,
        workers: 0,
        ..Setup::default()
    }
    .build();
    let third = u64::MAX / 3;
    for _ in 0..3 {
        network.add_staked_provider(third, |args| args.offer.ask_price = 1);
    }
    // A lock for a thousand units is nearly all that each worker has.
    let most = third / 1_000;
    let mut terms = network.terms();
    (terms.price_cap, terms.max_units) = (1, most);
    // The client has less than that, and the deposit for a lower price is enough because the lock is
    // the same.
    let owner = pda::token_account(&network.owner.pubkey(), &network.mints.payment);
    let mint = network.mints.payment;
    network.machine.mint(&mint, &owner, 4 * most);
    let job = pda::job(&network.owner.pubkey(), terms.nonce);
    network.post(terms).unwrap();
    let wrong = Answer { units: 1, ..WRONG };
    let truth = Answer { units: 1, ..RIGHT };
    network.run_seats(&job, 0, &[(0, truth), (1, wrong), (2, truth)]);
    network.settle(&job, 0).unwrap();
    assert_eq!(network.shard(&job, 0).state(), Some(ShardState::Settled));
    assert_eq!(network.provider(1).slashed, most * 1_000);
    assert_eq!(network.provider(1).active, third - most * 1_000);
}
