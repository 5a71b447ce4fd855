#![allow(clippy::unwrap_used)]
use super::*;
use bytemuck::Zeroable;

/// Parameters well within their bounds.
const FITTING: NetworkParameters = NetworkParameters {
    min_stake: 10,
    min_bond: 3,
    lock_bps: 20_000,
    sortition_start: 10,
    unbonding_secs: 7_000,
    min_window_secs: 10,
    max_window_secs: 3_600,
    accept_secs: 7,
    max_deadline_secs: 6_000,
    max_shards: 8,
    fee_bps: 250,
    slash_bps: 5_000,
    late_bps: 1_000,
    reward_bps: 5_000,
    max_replicas: 4,
    draw_slots: 5,
};

type Set = fn(&mut NetworkParameters, u64);

#[test]
fn each_parameter_is_allowed_up_to_its_bound() {
    // Each with the last allowed value and the first refused one.
    let bounds: [(Set, u64, u64); 23] = [
        (|p, v| p.min_stake = v, 1, 0),
        (|p, v| p.lock_bps = v, 1, 0),
        (|p, v| p.lock_bps = v, MAX_LOCK_BPS, MAX_LOCK_BPS + 1),
        (|p, v| p.sortition_start = v, 1, 0),
        (|p, v| p.min_window_secs = v as u32, 3_600, 3_601),
        (|p, v| p.max_window_secs = v as u32, 10, 9),
        (
            |p, v| p.max_window_secs = v as u32,
            MAX_WINDOW_SECS.into(),
            u64::from(MAX_WINDOW_SECS) + 1,
        ),
        (|p, v| p.accept_secs = v as u32, 7, 8),
        (|p, v| p.max_deadline_secs = v as u32, 1, 0),
        (|p, v| p.max_deadline_secs = v as u32, 7_000, 7_001),
        (
            |p, v| {
                p.unbonding_secs = MAX_UNBONDING_SECS;
                p.max_deadline_secs = v as u32;
            },
            MAX_DEADLINE_SECS.into(),
            u64::from(MAX_DEADLINE_SECS) + 1,
        ),
        (|p, v| p.unbonding_secs = v as u32, 6_000, 5_999),
        (
            |p, v| p.unbonding_secs = v as u32,
            MAX_UNBONDING_SECS.into(),
            u64::from(MAX_UNBONDING_SECS) + 1,
        ),
        (|p, v| p.max_shards = v as u32, 1, 0),
        (
            |p, v| p.max_shards = v as u32,
            MAX_SHARDS.into(),
            u64::from(MAX_SHARDS) + 1,
        ),
        (
            |p, v| p.fee_bps = v as u16,
            MAX_FEE_BPS.into(),
            u64::from(MAX_FEE_BPS) + 1,
        ),
        (|p, v| p.slash_bps = v as u16, BPS, BPS + 1),
        (
            |p, v| p.late_bps = v as u16,
            MAX_LATE_BPS.into(),
            u64::from(MAX_LATE_BPS) + 1,
        ),
        (|p, v| p.reward_bps = v, BPS, BPS + 1),
        (
            |p, v| p.min_window_secs = v as u32,
            u64::from(FITTING.accept_secs + LANDING_SECS) + 1,
            u64::from(FITTING.accept_secs + LANDING_SECS),
        ),
        (|p, v| p.max_replicas = v as u8, 1, 0),
        (
            |p, v| p.max_replicas = v as u8,
            MAX_SEATS as u64,
            MAX_SEATS as u64 + 1,
        ),
        (
            |p, v| p.draw_slots = v as u8,
            MAX_DRAW_SLOTS.into(),
            u64::from(MAX_DRAW_SLOTS) + 1,
        ),
    ];
    FITTING.validate(true).unwrap();
    for (number, (set, last, beyond)) in bounds.iter().enumerate() {
        let mut parameters = FITTING;
        set(&mut parameters, *last);
        parameters
            .validate(true)
            .unwrap_or_else(|error| panic!("bound {number}: {error}"));
        set(&mut parameters, *beyond);
        let refused = err!(MillraceError::ParameterOutOfBounds);
        assert_eq!(parameters.validate(true), refused, "bound {number}");
    }
    let no_draw = NetworkParameters {
        draw_slots: 0,
        ..FITTING
    };
    assert!(no_draw.validate(true).is_err());
}

#[test]
fn a_schedule_needs_epochs_within_bounds_and_a_halving() {
    let schedule = |epoch_secs, halving_epochs| RewardSchedule {
        epoch_secs,
        emission: 1,
        halving_epochs,
    };
    let (shortest, longest) = (MIN_EPOCH_SECS, MAX_EPOCH_SECS);
    schedule(shortest, 1).validate().unwrap();
    schedule(longest, 2).validate().unwrap();
    for (epoch_secs, halving_epochs) in [(shortest - 1, 1), (longest + 1, 1), (shortest, 0)] {
        let refused = err!(MillraceError::ParameterOutOfBounds);
        assert_eq!(schedule(epoch_secs, halving_epochs).validate(), refused);
    }
}

#[test]
fn each_parameter_is_stored_in_its_own_field() {
    let mut network = Network::zeroed();
    network.set_parameters(&FITTING);
    let stored = NetworkParameters {
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
        reward_bps: network.reward_bps,
        max_replicas: network.max_replicas,
        draw_slots: network.draw_slots,
    };
    assert_eq!(stored, FITTING);
}

#[test]
fn a_paused_network_does_not_run() {
    let mut network = Network::zeroed();
    network.require_running().unwrap();
    network.paused = 1;
    let refused = err!(MillraceError::NetworkPaused);
    assert_eq!(network.require_running(), refused);
}

#[test]
fn a_network_has_a_single_mint_if_both_are_equal() {
    let mut network = Network::zeroed();
    assert!(network.has_single_mint());
    network.stake_mint = Pubkey::new_from_array([1; 32]);
    assert!(!network.has_single_mint());
}

#[test]
fn an_epoch_ends_in_the_second_in_which_the_next_begins() {
    let network = Network {
        epochs_started_at: 1_000,
        epoch_secs: 60,
        ..Network::zeroed()
    };
    assert_eq!((network.epoch_at(999), network.epoch_at(1_000)), (0, 0));
    assert_eq!((network.epoch_at(1_179), network.epoch_at(1_180)), (2, 3));
    assert_eq!(network.epoch_end(0), 1_060);
    assert_eq!(network.epoch_end(2), 1_180);
    assert_eq!(network.epoch_at(i64::MAX), u32::MAX);
    assert_eq!(Network::zeroed().epoch_at(1_000), 0);
}

#[test]
fn the_emission_halves_on_schedule() {
    let network = Network {
        emission: 1_000,
        halving_epochs: 4,
        ..Network::zeroed()
    };
    let scheduled = |number| network.scheduled_emission(number);
    assert_eq!((scheduled(0), scheduled(3)), (1_000, 1_000));
    assert_eq!((scheduled(4), scheduled(8)), (500, 250));
    assert_eq!(scheduled(4 * 64), 0);
}

#[test]
fn the_emission_is_at_most_a_share_of_the_fees() {
    let network = Network {
        emission: 1_000,
        halving_epochs: 4,
        reward_bps: 5_000,
        ..Network::zeroed()
    };
    assert_eq!(
        (network.emission(0, 100), network.emission(0, 1_999)),
        (50, 999)
    );
    assert_eq!(
        (network.emission(0, 2_001), network.emission(4, 2_001)),
        (1_000, 500)
    );
    assert_eq!(network.emission(0, u64::MAX), 1_000);
    let foreign = NetworkParameters {
        reward_bps: BPS + 1,
        ..FITTING
    };
    foreign.validate(false).unwrap();
}
