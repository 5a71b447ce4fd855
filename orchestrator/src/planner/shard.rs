//! The next step of a shard on chain, and the messages to the agents in its seats.

use super::action::{AgentMessage, ChainAction, ConflictKey, Plan};
use super::eligibility::{SeatRequest, Vacancy};
use super::matcher::{Matcher, SeatDemand, Seating};
use super::seat::seat_key;
use super::snapshot::Snapshot;
use crate::submissions::model::Submission;
use millrace_client::instructions::{SignedCommitment, SignedStatement};
use millrace_client::program::RevealEntry;
use millrace_client::program::math::verdict::{Verdict, verdict};
use millrace_client::program::state::{
    Job, Mode, Network, Review, Seat, SeatStatus, Shard, ShardState,
};
use millrace_client::{Pubkey, pda};
use millrace_protocol::agent::Task;
use millrace_protocol::commitment;

/// Reveals of more seats than this do not fit one transaction with the settlement.
const MAX_SEATS_REVEALED_AND_SETTLED: usize = 3;
/// Commitments that, with their ed25519 checks, fit one transaction of 1,232 bytes.
const MAX_COMMITMENTS_PER_TRANSACTION: usize = 3;
/// In the last quarter of a window, what has arrived is sent without waiting for the rest.
const MARGIN_DIVISOR: i64 = 4;
/// Seconds that a transaction may take to land on a slow cluster. Sending any later before the end of a
/// window would make honest providers late; in windows shorter than this nothing waits.
const LANDING_SECS: i64 = 8;

/// A shard with assigned seats, and what its next step depends on.
pub(super) struct ShardPlanner<'a> {
    pub snapshot: &'a Snapshot<'a>,
    pub network: &'a Network,
    /// Address of the job.
    pub address: Pubkey,
    pub job: &'a Job,
    pub shard: &'a Shard,
}

/// Whether a window is so close to its end that what has arrived should be sent.
fn is_closing(now: i64, end: i64, length: u32) -> bool {
    now >= end - (i64::from(length) / MARGIN_DIVISOR).max(LANDING_SECS)
}

impl ShardPlanner<'_> {
    /// Adds what is due for the shard to the plan.
    pub(super) fn plan(&self, matcher: &mut Matcher, plan: &mut Plan) {
        if !self.shard.is_live() {
            return;
        }
        plan.messages.extend(self.messages());
        let key = ConflictKey::Shard(self.address, self.shard.index);
        if self.snapshot.busy.contains(&key) {
            return;
        }
        let next = self
            .settle()
            .or_else(|| self.draw_audit())
            .or_else(|| self.reveal())
            .or_else(|| self.attest())
            .or_else(|| self.commit())
            .or_else(|| self.expire_seat())
            .or_else(|| self.refill(matcher));
        plan.chain.extend(next);
    }

    fn seats(&self, status: SeatStatus) -> impl Iterator<Item = (u8, &Seat)> {
        let seats = self.shard.seats.iter().enumerate();
        seats
            .filter(move |(_, seat)| seat.status() == status)
            .map(|(at, seat)| (at as u8, seat))
    }

    fn submission(&self, seat: &Seat) -> Option<&Submission> {
        let key = seat_key(self.shard, seat);
        self.snapshot.submissions.by_seat.get(&key)
    }

    fn reveals_open(&self) -> bool {
        self.shard.reveals_open(self.snapshot.now)
    }

    /// Asks seats without a commitment to run the shard, and seats with one to reveal, as long as either
    /// is possible.
    fn messages(&self) -> Vec<AgentMessage> {
        let (now, mut messages) = (self.snapshot.now, Vec::new());
        let is_connected = |seat: &Seat| self.snapshot.agents.contains_key(&seat.provider);
        if now < self.shard.commit_by {
            let seats = self.seats(SeatStatus::Assigned);
            let pending =
                seats.filter(|(_, seat)| is_connected(seat) && self.submission(seat).is_none());
            messages.extend(pending.map(|(at, seat)| AgentMessage::Run {
                provider: seat.provider,
                task: self.task(at, seat),
            }));
        }
        let can_reveal = now < self.shard.reveal_by && self.reveals_open();
        let committed = self.seats(SeatStatus::Committed).filter(|_| can_reveal);
        let can_attest = self.shard.can_attest(self.job, now);
        let undelivered = self.undelivered().filter(|_| can_attest);
        let pending = committed.chain(undelivered).filter(|(_, seat)| {
            let submission = self.submission(seat);
            is_connected(seat) && submission.is_none_or(|one| one.revealed.is_none())
        });
        messages.extend(pending.map(|(_, seat)| AgentMessage::Reveal {
            seat: seat_key(self.shard, seat),
        }));
        messages
    }

    /// Seats whose result was revealed by someone else, and whose output no orchestrator has attested: not
    /// this seat's, and not an equal one.
    fn undelivered(&self) -> impl Iterator<Item = (u8, &Seat)> {
        let seats = self.seats(SeatStatus::Revealed);
        seats.filter(|(_, seat)| {
            let mut agreeing = self.shard.seats.iter().filter(|one| one.agrees_with(seat));
            agreeing.all(|one| one.delivered == 0)
        })
    }

    fn task(&self, at: u8, seat: &Seat) -> Task {
        Task {
            job: self.shard.job.to_bytes().into(),
            shard: self.shard.index,
            attempt: seat.attempt,
            seat: at,
            network_id: self.network.network_id,
            program: pda::PROGRAM.to_bytes().into(),
            manifest: self.job.manifest,
            commit_by: self.shard.commit_by,
            reveal_by: self.shard.reveal_by,
        }
    }

    fn settle(&self) -> Option<ChainAction> {
        let input = self.shard.verdict_input(self.job, self.snapshot.now);
        let is_due = verdict(&self.shard.seats, &input) != Verdict::Wait;
        is_due.then_some(ChainAction::Settle {
            job: self.address,
            shard: self.shard.index,
        })
    }

    /// Draws an audit once the blocks that decide it exist.
    fn draw_audit(&self) -> Option<ChainAction> {
        let last_block = self.shard.slot + 2 + u64::from(self.job.draw_slots);
        let is_due = self.shard.review() == Review::Pending && self.snapshot.slot > last_block;
        is_due.then_some(ChainAction::DrawAudit {
            job: self.address,
            shard: self.shard.index,
        })
    }

    /// Reveals once every committed seat has revealed to this orchestrator, or the window is closing.
    fn reveal(&self) -> Option<ChainAction> {
        let now = self.snapshot.now;
        if now >= self.shard.reveal_by || !self.reveals_open() {
            return None;
        }
        let entries = self.entries(self.seats(SeatStatus::Committed));
        let is_complete = entries.len() == self.shard.count(SeatStatus::Committed);
        let send = is_complete || is_closing(now, self.shard.reveal_by, self.job.reveal_secs);
        if entries.is_empty() || !send {
            return None;
        }
        Some(ChainAction::Reveal {
            job: self.address,
            shard: self.shard.index,
            settle: self.settles_with(&entries),
            entries,
        })
    }

    /// The results of these seats that this orchestrator has.
    fn entries<'s>(&self, seats: impl Iterator<Item = (u8, &'s Seat)>) -> Vec<RevealEntry> {
        let entries = seats.filter_map(|(at, seat)| {
            let revealed = self.submission(seat)?.revealed.as_ref()?;
            Some(RevealEntry {
                seat: at,
                root: revealed.root,
                units: revealed.units,
                salt: revealed.salt,
            })
        });
        entries.collect()
    }

    /// Attests the delivery of outputs whose results someone else has revealed.
    fn attest(&self) -> Option<ChainAction> {
        if !self.shard.can_attest(self.job, self.snapshot.now) {
            return None;
        }
        let mut entries = self.entries(self.undelivered());
        entries.truncate(MAX_SEATS_REVEALED_AND_SETTLED);
        (!entries.is_empty()).then(|| ChainAction::Reveal {
            job: self.address,
            shard: self.shard.index,
            settle: self.settles_with(&entries),
            entries,
        })
    }

    /// Whether the shard can settle in the transaction that reveals these results.
    fn settles_with(&self, entries: &[RevealEntry]) -> bool {
        if self.shard.live_seats() > MAX_SEATS_REVEALED_AND_SETTLED {
            return false;
        }
        let now = self.snapshot.now;
        // An attestation of a revealed result does not open the reveals of a new round.
        let reveals = entries.iter().any(|entry| {
            self.shard.seats[usize::from(entry.seat)].status() == SeatStatus::Committed
        });
        let mut after = *self.shard;
        for entry in entries {
            let seat = &mut after.seats[usize::from(entry.seat)];
            seat.digest = entry.root;
            seat.units = entry.units;
            seat.status = SeatStatus::Revealed as u8;
            seat.delivered = 1;
        }
        if reveals {
            after.state = ShardState::Revealing as u8;
            if self.job.mode() == Some(Mode::Challenge) && after.is_single(self.job) {
                after.challenge_by = now.saturating_add(i64::from(self.job.challenge_secs));
            }
        }
        verdict(&after.seats, &after.verdict_input(self.job, now)) != Verdict::Wait
    }

    /// Commits once every seat has committed to this orchestrator, or the window is closing.
    fn commit(&self) -> Option<ChainAction> {
        let now = self.snapshot.now;
        if self.shard.state() != Some(ShardState::Assigned) || now >= self.shard.commit_by {
            return None;
        }
        let seats = self.seats(SeatStatus::Assigned);
        let mut commitments: Vec<SignedCommitment> = seats
            .filter_map(|(at, seat)| self.signed_commitment(at, seat))
            .collect();
        let is_complete = commitments.len() == self.shard.count(SeatStatus::Assigned);
        let send = is_complete || is_closing(now, self.shard.commit_by, self.job.commit_secs);
        // The rest goes into the next transaction.
        commitments.truncate(MAX_COMMITMENTS_PER_TRANSACTION);
        (send && !commitments.is_empty()).then_some(ChainAction::Commit {
            job: self.address,
            shard: self.shard.index,
            commitments,
        })
    }

    fn signed_commitment(&self, at: u8, seat: &Seat) -> Option<SignedCommitment> {
        let submission = self.submission(seat)?;
        let provider = self.snapshot.cache.providers().get(&seat.provider)?;
        let signed_seat = commitment::SeatContext {
            network_id: &self.network.network_id,
            program: pda::PROGRAM.as_array(),
            job: self.address.as_array(),
            shard: self.shard.index,
            attempt: seat.attempt,
            provider: seat.provider.as_array(),
        };
        Some(SignedCommitment {
            seat: at,
            provider: seat.provider,
            commitment: submission.commitment,
            signed: SignedStatement {
                operator: provider.operator,
                statement: signed_seat.statement(&submission.commitment),
                signature: submission.signature,
            },
        })
    }

    /// Frees a late seat, unless enough seats have committed to continue without it.
    fn expire_seat(&self) -> Option<ChainAction> {
        let is_assigned = self.shard.state() == Some(ShardState::Assigned);
        if !is_assigned || self.snapshot.now < self.shard.commit_by || self.reveals_open() {
            return None;
        }
        let (seat, late) = self.seats(SeatStatus::Assigned).next()?;
        Some(ChainAction::ExpireSeat {
            job: self.address,
            shard: self.shard.index,
            seat,
            provider: late.provider,
        })
    }

    /// Assigns as many free seats as possible, unless enough seats have committed to continue without
    /// them.
    fn refill(&self, matcher: &mut Matcher) -> Option<ChainAction> {
        let (shard, now) = (self.shard, self.snapshot.now);
        let free = shard.free_seats();
        let continues = shard.count(SeatStatus::Committed) > 0 && self.reveals_open();
        let fits = if shard.is_single(self.job) {
            self.job.first_round_fits(now)
        } else {
            self.job.round_fits(now)
        };
        if free == 0 || continues || !fits || self.network.paused != 0 {
            return None;
        }
        let live = shard.seats.iter().filter(|seat| seat.is_live());
        let seated: Vec<Pubkey> = live.map(|seat| seat.provider).collect();
        let demand = SeatDemand { max: free, min: 1 };
        let request = SeatRequest {
            address: self.address,
            job: self.job,
            vacancy: Vacancy::of(shard),
            seated: &seated,
        };
        let Seating {
            providers,
            selection,
        } = matcher.seat(request, demand)?;
        Some(ChainAction::Assign {
            job: self.address,
            shard: shard.index,
            providers,
            selection,
        })
    }
}
