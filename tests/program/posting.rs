//! The bounds of a job's terms.

use millrace_client::{instructions, pda};
use millrace_fixture::{PARAMETERS, Setup, TestNetwork, key, refused, replace_account, tag};
use millrace_program::PostJobArgs;
use millrace_program::state::Mode;
use solana_sdk::signer::Signer;

const RICH: u64 = 100_000_000;

fn network() -> TestNetwork {
    Setup {
        workers: 0,
        wallet_balance: RICH,
        ..Setup::default()
    }
    .build()
}

#[track_caller]
fn posts(network: &mut TestNetwork, change: impl FnOnce(&mut PostJobArgs)) {
    network.post_with(change);
}

#[track_caller]
fn does_not_post(network: &mut TestNetwork, error: &str, change: impl FnOnce(&mut PostJobArgs)) {
    let mut terms = network.terms();
    change(&mut terms);
    refused(network.post(terms), error);
}

#[test]
fn deposit_covers_every_seat_at_the_cap_and_the_fee() {
    let mut network = network();
    let job = network.post_with(|t| {
        t.shards = 2;
        t.max_replicas = 5;
        t.quorum = 3;
    });
    // 5 × 1,000 × 5 seats = 25,000 for each shard, and 2.5 % of it.
    assert_eq!(network.job(&job).deposited, 51_250);
    assert_eq!(network.balances(&job).escrow, 51_250);
    assert_eq!(network.balances(&job).client, RICH - 51_250);
    assert_eq!(network.job(&job).seat_lock, 10_000);
}

#[test]
fn shard_count_is_bounded_by_the_network() {
    let mut network = network();
    let most = PARAMETERS.max_shards;
    for shards in [1, most] {
        posts(&mut network, |t| t.shards = shards);
    }
    for shards in [0, most + 1, u32::MAX] {
        does_not_post(&mut network, "ShardsOutOfBounds", |t| t.shards = shards);
    }
}

#[test]
fn quorum_is_a_majority_of_max_replicas_and_at_most_replicas() {
    let mut network = network();
    let seats =
        |q, r, m| move |t: &mut PostJobArgs| (t.quorum, t.replicas, t.max_replicas) = (q, r, m);
    for (q, r, m) in [(1, 1, 1), (2, 2, 3), (2, 3, 3), (3, 3, 5), (4, 5, 5)] {
        posts(&mut network, seats(q, r, m));
    }
    let refusals = [
        // One dissenter would void the result.
        (2, 2, 2),
        (3, 3, 3),
        (5, 5, 5),
        (0, 1, 1),
        (2, 1, 3),
        (1, 1, 2),
        (1, 2, 2),
        (2, 3, 4),
        (2, 3, 5),
        (3, 4, 3),
        (4, 5, 6),
        (0, 0, 0),
        (255, 255, 255),
    ];
    for (q, r, m) in refusals {
        does_not_post(&mut network, "QuorumOutOfBounds", seats(q, r, m));
    }
}

#[test]
fn windows_are_bounded_by_the_network() {
    let mut network = network();
    let (least, most) = (PARAMETERS.min_window_secs, PARAMETERS.max_window_secs);
    for seconds in [least, most] {
        let deadline = network.machine.now() + 80_000;
        posts(&mut network, |t| {
            (t.commit_secs, t.deadline) = (seconds, deadline)
        });
        posts(&mut network, |t| {
            (t.reveal_secs, t.deadline) = (seconds, deadline)
        });
    }
    for seconds in [0, least - 1, most + 1, u32::MAX] {
        let error = "WindowOutOfBounds";
        does_not_post(&mut network, error, |t| t.commit_secs = seconds);
        does_not_post(&mut network, error, |t| t.reveal_secs = seconds);
    }
}

#[test]
fn challenge_window_is_bounded_by_the_network() {
    let mut network = network();
    let (least, most) = (PARAMETERS.min_window_secs, PARAMETERS.max_window_secs);
    let deadline = network.machine.now() + 80_000;
    let challenged = |seconds| {
        move |t: &mut PostJobArgs| {
            (t.mode, t.challenge_secs, t.deadline) = (Mode::Challenge, seconds, deadline);
            (t.replicas, t.quorum, t.max_replicas) = (1, 2, 3);
        }
    };
    for seconds in [least, most] {
        posts(&mut network, challenged(seconds));
    }
    for seconds in [0, least - 1, most + 1] {
        does_not_post(&mut network, "WindowOutOfBounds", challenged(seconds));
    }
}

#[test]
fn audited_job_cannot_require_every_seat_to_agree() {
    let mut network = network();
    let needing = |quorum| {
        move |t: &mut PostJobArgs| {
            (t.mode, t.audit_bps) = (Mode::Audit, 100);
            (t.replicas, t.quorum, t.max_replicas) = (1, quorum, 3);
        }
    };
    posts(&mut network, needing(2));
    for quorum in [3, 4] {
        does_not_post(&mut network, "QuorumOutOfBounds", needing(quorum));
    }
}

#[test]
fn deadline_leaves_room_for_a_round_and_is_bounded() {
    let mut network = network();
    let now = network.machine.now();
    let furthest = now + i64::from(PARAMETERS.max_deadline_secs);
    for deadline in [now + 90, furthest] {
        posts(&mut network, |t| t.deadline = deadline);
    }
    for deadline in [now + 89, now, now - 1, furthest + 1, i64::MIN, i64::MAX] {
        does_not_post(&mut network, "DeadlineOutOfBounds", |t| {
            t.deadline = deadline
        });
    }
}

#[test]
fn prices_and_units_are_positive_and_their_product_fits() {
    let mut network = network();
    does_not_post(&mut network, "PriceZero", |t| t.price_cap = 0);
    does_not_post(&mut network, "PriceZero", |t| t.max_units = 0);
    let overflow = "AmountOverflow";
    does_not_post(&mut network, overflow, |t| t.price_cap = u64::MAX);
    does_not_post(&mut network, overflow, |t| t.max_units = u64::MAX / 5);
    does_not_post(&mut network, overflow, |t| {
        (t.price_cap, t.max_units, t.shards) = (1 << 31, 1 << 31, 8);
    });
    posts(&mut network, |t| (t.price_cap, t.max_units) = (1, 1));
}

#[test]
fn deposit_never_exceeds_max_deposit() {
    let mut network = network();
    posts(&mut network, |t| t.max_deposit = 15_375);
    does_not_post(&mut network, "DepositAboveMaximum", |t| {
        t.max_deposit = 15_374
    });
}

#[test]
fn deposit_never_exceeds_the_clients_balance() {
    let mut network = Setup {
        workers: 0,
        wallet_balance: 15_374,
        ..Setup::default()
    }
    .build();
    does_not_post(&mut network, "InsufficientFunds", |_| ());
    let (mint, owner) = (network.mints.payment, network.owner.pubkey());
    let token_account = pda::token_account(&owner, &mint);
    network.machine.mint(&mint, &token_account, 1);
    posts(&mut network, |_| ());
}

#[test]
fn required_tag_is_printable_and_zero_padded() {
    let mut network = network();
    posts(&mut network, |t| t.supplier = tag(b"0123456789abcdef"));
    does_not_post(&mut network, "TagInvalid", |t| t.supplier = tag(b"a b"));
    does_not_post(&mut network, "TagInvalid", |t| t.region = tag(b"eu\0west"));
    does_not_post(&mut network, "TagInvalid", |t| t.region = tag(b"\x7f"));
}

#[test]
fn unknown_enum_values_are_refused() {
    let mut network = network();
    const SCENARIO: usize = 8 + 8 + 32 + 32;
    for (at, unknown) in [(SCENARIO, 3), (SCENARIO + 1, 3), (SCENARIO + 2, 1)] {
        let owner = network.owner.pubkey();
        let mut post = instructions::post_job(owner, network.mints, network.terms());
        post.data[at] = unknown;
        let outcome = network.machine.send(&[post], &[&network.owner]);
        refused(outcome, "InstructionDidNotDeserialize");
    }
}

#[test]
fn job_is_paid_in_the_networks_mint_from_the_clients_escrow() {
    let mut network = network();
    let mints = network.mints;
    let (owner, stranger) = (network.owner.pubkey(), key(6));
    let fund = (&mints.payment, 100_000);
    network.machine.open_wallet(&stranger.pubkey(), mints, fund);
    network.open_client(&stranger).unwrap();
    let post = instructions::post_job(owner, mints, network.terms());

    let in_stake = replace_account(post.clone(), mints.payment, mints.stake);
    let outcome = network.machine.send(&[in_stake], &[&network.owner]);
    refused(outcome, "WrongAccount");

    let [own, theirs] = [owner, stranger.pubkey()].map(|o| pda::client(&o));
    let [own_vault, other_vault] = [own, theirs].map(|c| pda::escrow(&c));
    let into_another = replace_account(post.clone(), own_vault, other_vault);
    let outcome = network.machine.send(&[into_another], &[&network.owner]);
    refused(outcome, "WrongAccount");

    let for_another = replace_account(replace_account(post, own, theirs), own_vault, other_vault);
    let outcome = network.machine.send(&[for_another], &[&network.owner]);
    refused(outcome, "NotAuthorized");
}
