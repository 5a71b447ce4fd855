//! What one shard needs next.

use super::matcher::{Matcher, SeatDemand, Seating, Vacancy};
use super::{Action, ConflictKey, Snapshot};
use crate::submissions::model::SeatKey;
use millrace_client::Pubkey;
use millrace_client::instructions::{SignedCommitment, SignedStatement};
use millrace_client::program::RevealEntry;
use millrace_client::program::math::verdict::{Verdict, verdict};
use millrace_client::program::state::{
    Job, Mode, Network, Review, Seat, SeatStatus, Shard, ShardState,
};
use millrace_protocol::agent::Task;
use millrace_protocol::commitment;

/// Reveals of more seats than this do not fit one transaction with the settlement.
const SEATS_SETTLED_AT_ONCE: usize = 3;
/// Commitments with their ed25519 checks that fit one transaction of 1,232 bytes.
const COMMITMENTS_AT_ONCE: usize = 3;
/// Latest part of a window in which what is there is sent without waiting for the rest: a quarter.
const MARGIN_PART: i64 = 4;
/// Seconds that a transaction may take to land where the chain is slow. What is sent later than this
/// before the end of a window makes honest providers late; in shorter windows nothing waits.
const LANDING_SECS: i64 = 8;

/// Plans the next step of a shard.
pub fn plan_shard(
    snapshot: &Snapshot,
    network: &Network,
    matcher: &mut Matcher,
    (address, job): (Pubkey, &Job),
    shard: &Shard,
    actions: &mut Vec<Action>,
) {
    if !shard.is_live() {
        return;
    }
    message_agents(snapshot, network, (address, job), shard, actions);
    if snapshot
        .busy
        .contains(&ConflictKey::Shard(address, shard.index))
    {
        return;
    }
    let next = settle(snapshot, (address, job), shard)
        .or_else(|| draw(snapshot, (address, job), shard))
        .or_else(|| reveal(snapshot, (address, job), shard))
        .or_else(|| commit(snapshot, network, (address, job), shard))
        .or_else(|| expire(snapshot, address, shard))
        .or_else(|| refill(snapshot, network, matcher, (address, job), shard));
    actions.extend(next);
}

/// The key under which papers about a seat are kept.
pub fn seat_key(shard: &Shard, seat: &Seat) -> SeatKey {
    SeatKey {
        job: shard.job,
        shard: shard.index,
        attempt: seat.attempt,
        provider: seat.provider,
    }
}

fn occupied(shard: &Shard, status: SeatStatus) -> impl Iterator<Item = (u8, &Seat)> {
    let seats = shard.seats.iter().enumerate();
    seats
        .filter(move |(_, s)| s.status() == status)
        .map(|(at, seat)| (at as u8, seat))
}

/// Whether a window is so near its end that what is there should be sent.
fn is_near_end(now: i64, end: i64, length: u32) -> bool {
    now >= end - (i64::from(length) / MARGIN_PART).max(LANDING_SECS)
}

/// Tells the agents in the seats what to do; repeated messages change nothing there.
fn message_agents(
    snapshot: &Snapshot,
    network: &Network,
    (_, job): (Pubkey, &Job),
    shard: &Shard,
    actions: &mut Vec<Action>,
) {
    let may_commit = snapshot.now < shard.commit_by;
    for (at, seat) in occupied(shard, SeatStatus::Assigned).filter(|_| may_commit) {
        let key = seat_key(shard, seat);
        let connected = snapshot.agents.contains_key(&seat.provider);
        if connected && !snapshot.submissions.by_seat.contains_key(&key) {
            let task = Task {
                job: shard.job.to_bytes().into(),
                shard: shard.index,
                attempt: seat.attempt,
                seat: at,
                network_id: network.network_id,
                program: millrace_client::pda::PROGRAM.to_bytes().into(),
                manifest: job.manifest,
                commit_by: shard.commit_by,
                reveal_by: shard.reveal_by,
            };
            actions.push(Action::Run {
                provider: seat.provider,
                task,
            });
        }
    }
    if snapshot.now < shard.reveal_by && shard.reveals_open(snapshot.now) {
        for (_, seat) in occupied(shard, SeatStatus::Committed) {
            let key = seat_key(shard, seat);
            let shown = snapshot
                .submissions
                .by_seat
                .get(&key)
                .is_some_and(|p| p.revealed.is_some());
            if !shown && snapshot.agents.contains_key(&seat.provider) {
                actions.push(Action::AskReveal { seat: key });
            }
        }
    }
}

fn settle(snapshot: &Snapshot, (address, job): (Pubkey, &Job), shard: &Shard) -> Option<Action> {
    let due = verdict(&shard.seats, &shard.verdict_input(job, snapshot.now)) != Verdict::Wait;
    due.then_some(Action::Settle {
        job: address,
        shard: shard.index,
    })
}

/// Draws an audit once the blocks that decide must be there.
fn draw(snapshot: &Snapshot, (address, job): (Pubkey, &Job), shard: &Shard) -> Option<Action> {
    let decided = shard.slot + 2 + u64::from(job.draw_slots);
    let due = shard.review() == Review::Pending && snapshot.slot > decided;
    due.then_some(Action::DrawAudit {
        job: address,
        shard: shard.index,
    })
}

/// Reveals once all committed seats have shown their results, or the window is nearly over.
fn reveal(snapshot: &Snapshot, (address, job): (Pubkey, &Job), shard: &Shard) -> Option<Action> {
    let now = snapshot.now;
    if now >= shard.reveal_by || !shard.reveals_open(now) {
        return None;
    }
    let committed: Vec<_> = occupied(shard, SeatStatus::Committed).collect();
    let shown: Vec<(usize, RevealEntry)> = committed
        .iter()
        .filter_map(|(at, seat)| {
            let submission = snapshot.submissions.by_seat.get(&seat_key(shard, seat))?;
            let revealed = submission.revealed.as_ref()?;
            let entry = RevealEntry {
                seat: *at,
                root: revealed.root,
                units: revealed.units,
                salt: revealed.salt,
            };
            Some((usize::from(*at), entry))
        })
        .collect();
    let all = shown.len() == committed.len();
    if shown.is_empty() || !(all || is_near_end(now, shard.reveal_by, job.reveal_secs)) {
        return None;
    }
    let mut after = *shard;
    after.state = ShardState::Revealing as u8;
    for (at, entry) in &shown {
        let seat = &mut after.seats[*at];
        seat.digest = entry.root;
        seat.units = entry.units;
        seat.status = SeatStatus::Revealed as u8;
        seat.delivered = 1;
    }
    if job.mode() == Some(Mode::Challenge) && after.is_single(job) {
        after.challenge_by = now.saturating_add(i64::from(job.challenge_secs));
    }
    let ends = verdict(&after.seats, &after.verdict_input(job, now)) != Verdict::Wait;
    Some(Action::Reveal {
        job: address,
        shard: shard.index,
        settle: ends && shard.live_seats() <= SEATS_SETTLED_AT_ONCE,
        entries: shown.into_iter().map(|(_, entry)| entry).collect(),
    })
}

/// Commits once every seat has handed in, or the window is nearly over.
fn commit(
    snapshot: &Snapshot,
    network: &Network,
    (address, job): (Pubkey, &Job),
    shard: &Shard,
) -> Option<Action> {
    if shard.state() != Some(ShardState::Assigned) || snapshot.now >= shard.commit_by {
        return None;
    }
    let waiting: Vec<_> = occupied(shard, SeatStatus::Assigned).collect();
    let mut commitments: Vec<SignedCommitment> = waiting
        .iter()
        .filter_map(|(at, seat)| {
            let submission = snapshot.submissions.by_seat.get(&seat_key(shard, seat))?;
            let provider = snapshot.cache.providers().get(&seat.provider)?;
            let place = commitment::SeatContext {
                network_id: &network.network_id,
                program: millrace_client::pda::PROGRAM.as_array(),
                job: address.as_array(),
                shard: shard.index,
                attempt: seat.attempt,
                provider: seat.provider.as_array(),
            };
            Some(SignedCommitment {
                seat: *at,
                provider: seat.provider,
                commitment: submission.commitment,
                signed: SignedStatement {
                    operator: provider.operator,
                    statement: place.statement(&submission.commitment),
                    signature: submission.signature,
                },
            })
        })
        .collect();
    let all = commitments.len() == waiting.len();
    let send = all || is_near_end(snapshot.now, shard.commit_by, job.commit_secs);
    // The rest follows in the next transaction.
    commitments.truncate(COMMITMENTS_AT_ONCE);
    (send && !commitments.is_empty()).then_some(Action::Commit {
        job: address,
        shard: shard.index,
        commitments,
    })
}

/// Frees a late seat, unless enough have committed to go on without it.
fn expire(snapshot: &Snapshot, address: Pubkey, shard: &Shard) -> Option<Action> {
    let over = snapshot.now >= shard.commit_by && shard.state() == Some(ShardState::Assigned);
    if !over || shard.reveals_open(snapshot.now) {
        return None;
    }
    let (seat, late) = occupied(shard, SeatStatus::Assigned).next()?;
    let provider = late.provider;
    Some(Action::ExpireSeat {
        job: address,
        shard: shard.index,
        seat,
        provider,
    })
}

/// Fills free seats of a shard that is under way, as many as can be; not where enough have committed
/// to go on without them.
fn refill(
    snapshot: &Snapshot,
    network: &Network,
    matcher: &mut Matcher,
    (address, job): (Pubkey, &Job),
    shard: &Shard,
) -> Option<Action> {
    let free = shard.free_seats();
    let goes_on = shard.count(SeatStatus::Committed) > 0 && shard.reveals_open(snapshot.now);
    let fits = match shard.is_single(job) {
        true => job.first_round_fits(snapshot.now),
        false => job.round_fits(snapshot.now),
    };
    if free == 0 || goes_on || !fits || network.paused != 0 {
        return None;
    }
    let live = shard.seats.iter().filter(|seat| seat.is_live());
    let seated: Vec<Pubkey> = live.map(|seat| seat.provider).collect();
    let wanted = SeatDemand {
        most: free,
        least: 1,
    };
    let Seating {
        providers,
        selection,
    } = matcher.seat((address, job), Vacancy::of(shard), &seated, wanted)?;
    Some(Action::Assign {
        job: address,
        shard: shard.index,
        providers,
        selection,
    })
}

/// How a seat ended, for its agent.
pub fn seat_ending(shard: &Shard, key: &SeatKey) -> String {
    let mut seats = shard.seats.iter();
    let seat = seats.find(|s| s.provider == key.provider && s.attempt == key.attempt);
    let word = match seat.map(Seat::status) {
        Some(SeatStatus::Agreed) => "paid",
        Some(SeatStatus::Disagreed) => "slashed: the quorum has another result",
        Some(SeatStatus::Late) => "late",
        Some(SeatStatus::Released) => "released without payment",
        _ => "the seat is over",
    };
    word.to_owned()
}
