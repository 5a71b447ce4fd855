#![allow(clippy::unwrap_used)]
use super::*;
use bytemuck::Zeroable;

fn provider(active: u64, unbonding: u64) -> Provider {
    Provider {
        active,
        unbonding,
        deposited: active + unbonding,
        max_seat_lock: 1 << 40,
        max_open_seats: 2,
        ..Provider::zeroed()
    }
}

#[test]
fn a_penalty_takes_unbonding_stake_last_and_at_most_all_stake() {
    let mut p = provider(60, 40);
    p.take_seat(50).unwrap();
    assert_eq!(p.leave_seat(50, 80).unwrap(), 80);
    assert_eq!((p.active, p.unbonding, p.slashed), (0, 20, 80));
    p.invariant().unwrap();
    let mut p = provider(30, 0);
    p.take_seat(30).unwrap();
    assert_eq!(p.leave_seat(30, 31).unwrap(), 30);
    p.invariant().unwrap();
}

#[test]
fn locked_stake_can_not_back_a_second_seat() {
    let mut p = provider(100, 100);
    p.take_seat(60).unwrap();
    assert_eq!(p.take_seat(41), err!(MillraceError::InsufficientFreeStake));
    p.take_seat(40).unwrap();
    assert_eq!(p.take_seat(0), err!(MillraceError::ProviderAtCapacity));
}

#[test]
fn the_invariant_refuses_stake_that_was_not_deposited() {
    let mut p = provider(100, 0);
    p.active = 101;
    assert!(p.invariant().is_err());
}

#[test]
fn tags_are_printable_and_padded() {
    validate_tag(b"eu-west\0\0").unwrap();
    assert!(validate_tag(b"eu west\0\0").is_err());
    assert!(validate_tag(b"eu\0west\0").is_err());
}

#[test]
fn deposits_unbonding_and_withdrawals_are_accounted_for() {
    let mut p = provider(100, 0);
    p.deposit(50).unwrap();
    assert_eq!((p.active, p.deposited), (150, 150));
    p.take_seat(90).unwrap();
    assert_eq!(
        p.unbond(61, 500),
        err!(MillraceError::InsufficientFreeStake)
    );
    assert_eq!(p.withdraw(500), err!(MillraceError::AmountZero));
    p.unbond(60, 500).unwrap();
    assert_eq!((p.active, p.unbonding, p.unbonding_until), (90, 60, 500));
    assert_eq!(p.withdraw(499), err!(MillraceError::TooEarly));
    assert_eq!(p.withdraw(500).unwrap(), 60);
    assert_eq!((p.unbonding, p.withdrawn, p.unbonding_until), (0, 60, 0));
    p.invariant().unwrap();
}

#[test]
fn the_invariant_refuses_unbacked_seats_and_unearned_claims() {
    let mut p = provider(100, 50);
    (p.locked, p.earned, p.claimed) = (100, 5, 5);
    p.invariant().unwrap();
    let broken = || err!(MillraceError::InvariantBroken);
    p.locked = 101;
    assert_eq!(p.invariant(), broken());
    (p.locked, p.claimed) = (100, 6);
    assert_eq!(p.invariant(), broken());
}

#[test]
fn a_provider_is_settled_once_nothing_is_left() {
    let leftovers: [fn(&mut Provider); 6] = [
        |p| p.open_seats = 1,
        |p| p.active = 1,
        |p| p.unbonding = 1,
        |p| p.earned = 8,
        |p| p.reward_due = 1,
        |p| p.points[MAX_PROVIDER_EPOCHS - 1].amount = 1,
    ];
    let mut p = provider(0, 0);
    (p.earned, p.claimed) = (7, 7);
    assert!(p.is_settled());
    for (part, leave) in leftovers.iter().enumerate() {
        let mut p = p;
        leave(&mut p);
        assert!(!p.is_settled(), "part {part}");
    }
}

#[test]
fn earnings_and_points_add_up() {
    let mut p = provider(0, 0);
    p.earn(5).unwrap();
    p.earn(6).unwrap();
    assert_eq!((p.earned, p.agreed), (11, 2));
    for epoch in 0..MAX_PROVIDER_EPOCHS as u32 {
        assert!(p.has_room(epoch));
        p.add_points(epoch, 10 + u64::from(epoch)).unwrap();
    }
    p.add_points(3, 100).unwrap();
    assert_eq!((p.points[3].epoch, p.points[3].amount), (3, 113));
    let full = MAX_PROVIDER_EPOCHS as u32;
    assert!(p.has_room(3) && !p.has_room(full));
    // Points without room are not given.
    p.add_points(full, 1).unwrap();
    assert!(p.points.iter().all(|points| points.epoch != full));
}

#[test]
fn an_offer_needs_a_price_seats_and_valid_tags() {
    let offer = Offer {
        sealing_key: [1; 32],
        supplier: *b"own\0\0\0\0\0\0\0\0\0\0\0\0\0",
        region: *b"eu-west\0\0\0\0\0\0\0\0\0",
        gpu_model: [0; 16],
        ask_price: 1,
        memory_mb: 2,
        cores: 3,
        gpus: 4,
        max_seat_lock: 1 << 40,
        max_open_seats: 1,
    };
    offer.validate().unwrap();
    type Change = fn(&mut Offer);
    let refusals: [(Change, MillraceError); 5] = [
        (|o| o.ask_price = 0, MillraceError::PriceZero),
        (|o| o.max_open_seats = 0, MillraceError::SeatsZero),
        (|o| o.supplier[0] = b' ', MillraceError::TagInvalid),
        (|o| o.region[0] = b' ', MillraceError::TagInvalid),
        (|o| o.gpu_model[0] = b' ', MillraceError::TagInvalid),
    ];
    for (change, refusal) in refusals {
        let mut offer = offer.clone();
        change(&mut offer);
        assert_eq!(offer.validate(), Err(refusal.into()));
    }
    let mut p = provider(0, 0);
    p.set_offer(&offer);
    let stored = Offer {
        sealing_key: p.sealing_key,
        supplier: p.supplier,
        region: p.region,
        gpu_model: p.gpu_model,
        ask_price: p.ask_price,
        memory_mb: p.memory_mb,
        cores: p.cores,
        gpus: p.gpus,
        max_seat_lock: 1 << 40,
        max_open_seats: p.max_open_seats,
    };
    assert_eq!(stored, offer);
}

#[test]
fn earnings_that_overflow_restart_from_what_is_not_claimed() {
    let mut p = provider(1, 0);
    (p.earned, p.claimed) = (u64::MAX - 5, u64::MAX - 7);
    p.credit(5).unwrap();
    assert_eq!((p.earned, p.claimed), (u64::MAX, u64::MAX - 7));
    p.credit(1).unwrap();
    assert_eq!((p.earned, p.claimed), (8, 0));
    p.invariant().unwrap();
    assert_eq!(p.credit(u64::MAX), err!(MillraceError::AmountOverflow));
}
