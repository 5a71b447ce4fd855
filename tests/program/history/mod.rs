//! All balances of a network follow from its events alone. `testkit/fixture/src/ledger.rs` folds the
//! events. Every other test of the program ends with the same comparison, except for donations.

use anchor_lang::Discriminator;
use millrace_fixture::{Ledger, TestNetwork};
use millrace_program::events as e;
use solana_sdk::pubkey::Pubkey;
use std::collections::BTreeMap;

mod lifecycle;
use lifecycle::Lifecycle;

/// Events that must occur: all that move a balance, and those of each end of a job.
const NEEDED: [(&str, &[u8]); 33] = [
    ("NetworkInitialized", e::NetworkInitialized::DISCRIMINATOR),
    ("BucketOpened", e::BucketOpened::DISCRIMINATOR),
    ("TreasuryWithdrawn", e::TreasuryWithdrawn::DISCRIMINATOR),
    (
        "OrchestratorRegistered",
        e::OrchestratorRegistered::DISCRIMINATOR,
    ),
    ("BondDeposited", e::BondDeposited::DISCRIMINATOR),
    ("BondWithdrawn", e::BondWithdrawn::DISCRIMINATOR),
    ("ProviderRegistered", e::ProviderRegistered::DISCRIMINATOR),
    (
        "ProviderDeregistered",
        e::ProviderDeregistered::DISCRIMINATOR,
    ),
    ("StakeDeposited", e::StakeDeposited::DISCRIMINATOR),
    ("UnstakeRequested", e::UnstakeRequested::DISCRIMINATOR),
    ("StakeWithdrawn", e::StakeWithdrawn::DISCRIMINATOR),
    ("StakeSlashed", e::StakeSlashed::DISCRIMINATOR),
    ("EarningsClaimed", e::EarningsClaimed::DISCRIMINATOR),
    ("RewardsFunded", e::RewardsFunded::DISCRIMINATOR),
    ("EpochClosed", e::EpochClosed::DISCRIMINATOR),
    ("RewardsBanked", e::RewardsBanked::DISCRIMINATOR),
    ("RewardsClaimed", e::RewardsClaimed::DISCRIMINATOR),
    ("ClientOpened", e::ClientOpened::DISCRIMINATOR),
    ("JobPosted", e::JobPosted::DISCRIMINATOR),
    ("JobCancelled", e::JobCancelled::DISCRIMINATOR),
    ("JobExpired", e::JobExpired::DISCRIMINATOR),
    ("JobClosed", e::JobClosed::DISCRIMINATOR),
    ("SeatsAssigned", e::SeatsAssigned::DISCRIMINATOR),
    ("SeatDeclined", e::SeatDeclined::DISCRIMINATOR),
    ("SeatExpired", e::SeatExpired::DISCRIMINATOR),
    (
        "DeliveryAcknowledged",
        e::DeliveryAcknowledged::DISCRIMINATOR,
    ),
    ("AuditDrawn", e::AuditDrawn::DISCRIMINATOR),
    ("ShardChallenged", e::ShardChallenged::DISCRIMINATOR),
    ("ChallengeDecided", e::ChallengeDecided::DISCRIMINATOR),
    ("ShardReopened", e::ShardReopened::DISCRIMINATOR),
    ("ShardSettled", e::ShardSettled::DISCRIMINATOR),
    ("ShardFailed", e::ShardFailed::DISCRIMINATOR),
    ("ParametersSet", e::ParametersSet::DISCRIMINATOR),
];

/// Checks that the totals of each account follow from its events, and that each vault holds exactly
/// that and its donations.
fn compare(network: &TestNetwork, donations: &BTreeMap<Pubkey, u64>) {
    network.compare_with_events();
    for (vault, (booked, found)) in network.expected_and_actual_vaults() {
        let given = donations.get(&vault).copied().unwrap_or(0);
        assert_eq!(found, booked + i128::from(given), "vault {vault}");
    }
}

/// Runs a lifecycle with a comparison after each step. Returns the ledger and the number of vaults that
/// are not empty at the end.
fn run_lifecycle(one_mint: bool) -> (Ledger, usize) {
    let mut lifecycle = Lifecycle::start(one_mint);
    for (name, step) in Lifecycle::STEPS {
        println!("{name}");
        step(&mut lifecycle);
        compare(&lifecycle.network, &lifecycle.donations);
    }
    let vaults = lifecycle.network.expected_and_actual_vaults();
    let filled = vaults.values().filter(|(booked, _)| *booked > 0).count();
    (lifecycle.network.machine.ledger.clone(), filled)
}

fn all_balances_follow_from_events(one_mint: bool) {
    let (ledger, filled) = run_lifecycle(one_mint);
    for (name, kind) in NEEDED {
        let seen = ledger.seen.get(kind).copied().unwrap_or(0);
        assert!(seen > 0, "no {name}");
    }
    // The comparison is not empty: there are totals of every kind.
    assert!(filled >= 15, "{filled} vaults");
    assert!(ledger.clients.values().filter(|c| c.held > 0).count() >= 2);
    let providers = || ledger.providers.values();
    assert!(providers().any(|p| p.locked > 0) && providers().any(|p| p.unbonding > 0));
    assert!(providers().any(|p| p.earned > p.claimed) && providers().any(|p| p.reward_due > 0));
    assert!(providers().any(|p| p.slashed > 0) && providers().any(|p| p.withdrawn > 0));
    assert!(ledger.jobs.values().any(|job| job.bonded > 0));
    assert!(ledger.jobs.values().any(|job| job.refunded > 0));
    assert!(ledger.bonds.values().any(|bond| *bond > 0));
    let rewards = &ledger.rewards;
    assert!(rewards.funded > rewards.promised && rewards.promised > rewards.paid);
}

#[test]
fn all_balances_follow_from_events_alone() {
    all_balances_follow_from_events(false);
}

#[test]
fn all_balances_follow_from_events_alone_with_one_mint() {
    all_balances_follow_from_events(true);
}
