//! Assigning seats, committing, revealing and declining.

use crate::action::{Entry, Forgery, RevealedSeat};
use crate::chain::addresses::AddressBook;
use crate::rules::jobs::{rent, shard_bytes};
use crate::rules::sortition::ADMIT_ALL;
use crate::world::{
    Job, JobId, JobState, Mode, ModelError, ModelResult, NOT_THERE, Party, Review, Seat, Shard,
    ShardState, Status, World, need,
};

/// Number of attempts after which a seat can no longer be declined or expired.
const FREED: u8 = 200;

impl World {
    /// The shard, or a new one if no seat was ever assigned.
    fn opened(&mut self, id: JobId, index: u32, orchestrator: usize) -> ModelResult<Shard> {
        let job = self.job_mut(id)?;
        let slot = job.seed_slot;
        match &job.shards[index as usize] {
            // Its account is closed, so the shard looks new although all shards were created.
            Some(shard) if shard.closed && job.state == JobState::Open => {
                Err(ModelError("InvariantBroken"))
            }
            Some(shard) if shard.closed => Err(ModelError("WrongJobState")),
            Some(shard) => Ok(shard.clone()),
            None => {
                need(job.state == JobState::Open, "WrongJobState")?;
                job.created += 1;
                let alone = job.terms.shards == 1;
                let bytes = shard_bytes(&job.terms);
                job.live += u32::from(!alone);
                let shard = Shard {
                    state: ShardState::Assigned,
                    commit_by: 0,
                    reveal_by: 0,
                    challenge_by: 0,
                    slot,
                    attempt: 0,
                    target: job.terms.replicas,
                    quorum: match job.terms.mode {
                        Mode::Quorum => job.terms.quorum,
                        _ => 1,
                    },
                    review: Review::None,
                    winner: 0,
                    payer: orchestrator,
                    closed: false,
                    seats: [None; 5],
                    challenge: None,
                };
                if !alone {
                    self.lamports[Party::Orchestrator(orchestrator).at()] -= rent(bytes);
                }
                Ok(shard)
            }
        }
    }

    /// `assign_seats`.
    pub(crate) fn assign(
        &mut self,
        by: Party,
        (id, index): (JobId, u32),
        (workers, agreed): (&[usize], &[u64]),
        addresses: &AddressBook,
    ) -> ModelResult {
        let now = self.now;
        let wanted = self.job(id).map(|job| job.terms.orchestrator);
        let orchestrator = self.may_assign(by, wanted)?;
        need(index < self.job(id)?.terms.shards, "ShardsOutOfBounds")?;
        need((1..=5).contains(&workers.len()), "WrongListLength")?;
        let is_new = self.job(id)?.shards[index as usize].is_none();
        let mut shard = self.opened(id, index, orchestrator)?;
        let job = self.job(id)?.clone();
        let seeded = job.seed != 0 || self.parameters.sortition_start == ADMIT_ALL;
        need(seeded, "SeedNotSet")?;
        let needed = if shard.single(&job) {
            job.terms.first()
        } else {
            job.terms.round()
        };
        need(now + needed <= job.terms.deadline, "TooLate")?;
        need(shard.free() >= workers.len(), "NoFreeSeat")?;
        let known = shard.count(Status::Committed) > 0 && shard.reveals_open(now);
        need(!known, "RevealsOpen")?;
        let late = now >= shard.commit_by && shard.count(Status::Assigned) > 0;
        need(!late, "LateSeatsNotExpired")?;
        shard.start(&job.terms, now);
        let (mut seated, mut refusal) = (0, None);
        for (at, worker) in workers.iter().enumerate() {
            let most = agreed.get(at).copied().unwrap_or(u64::MAX);
            match self.take_seat(&job, &mut shard, (index, *worker), most, addresses) {
                Ok(()) => seated += 1,
                Err(reason) => refusal = refusal.or(Some(reason)),
            }
        }
        // A new shard does not start with fewer seats than must agree.
        let least = if is_new {
            workers.len().min(shard.quorum.into())
        } else {
            1
        };
        match (seated, refusal) {
            (seated, Some(reason)) if seated < least => return Err(reason),
            (_, Some(_)) => self.notes.push("a candidate was skipped"),
            _ => {}
        }
        if self.parameters.sortition_start != ADMIT_ALL {
            self.notes.push("drawn by sortition");
        }
        self.job_mut(id)?.shards[index as usize] = Some(shard);
        Ok(())
    }

    /// The orchestrator that assigns the seats.
    fn may_assign(&self, by: Party, wanted: ModelResult<Option<usize>>) -> ModelResult<usize> {
        let registered = self.need_registered(by);
        if registered == Err(ModelError(NOT_THERE)) {
            return Err(ModelError(NOT_THERE));
        }
        let wanted = wanted?;
        registered?;
        need(!self.paused, "NetworkPaused")?;
        self.need_serving(by, wanted)?;
        let Party::Orchestrator(orchestrator) = by else {
            return Err(ModelError("NotAuthorized"));
        };
        let bonded = self.orchestrators[orchestrator]
            .as_ref()
            .map_or(0, |c| c.bonded);
        need(bonded >= self.parameters.min_bond, "BondBelowMinimum")?;
        Ok(orchestrator)
    }

    /// Assigns a seat to a worker that asks at most `agreed`. Changes nothing if the worker is refused.
    fn take_seat(
        &mut self,
        job: &Job,
        shard: &mut Shard,
        (index, worker): (u32, usize),
        agreed: u64,
        addresses: &AddressBook,
    ) -> ModelResult {
        let provider = &self.providers[worker];
        let fits = provider.cores >= job.terms.min_cores;
        need(fits, "ProviderNotEligible")?;
        need(provider.price <= job.terms.price_cap, "PriceAboveCap")?;
        need(provider.price <= agreed, "PriceAboveAgreed")?;
        need(job.lock <= provider.max_lock, "LockAboveMaximum")?;
        let enough = provider.active >= self.parameters.min_stake;
        need(enough, "StakeBelowMinimum")?;
        let there = shard.live().any(|(_, seat)| seat.worker == worker);
        need(!there, "AlreadySeated")?;
        self.need_admitted((job, shard), (index, worker), addresses)?;
        let attempt = shard.attempt;
        let free = shard.seats.iter_mut().find(|seat| seat.is_none());
        let free = free.ok_or(ModelError("NoFreeSeat"))?;
        let provider = &mut self.providers[worker];
        need(provider.seats < provider.max_seats, "ProviderAtCapacity")?;
        let left = provider.active - provider.locked;
        need(left >= job.lock, "InsufficientFreeStake")?;
        provider.seats += 1;
        provider.locked += job.lock;
        *free = Some(Seat {
            worker,
            price: provider.price,
            attempt,
            status: Status::Assigned,
            digest: [0; 32],
            answer: None,
            delivered: false,
        });
        Ok(())
    }

    /// `record_commitments`.
    pub(crate) fn commit(
        &mut self,
        (id, index): (JobId, u32),
        entries: &[Entry],
        addresses: &AddressBook,
    ) -> ModelResult {
        let (now, slot) = (self.now, self.slot);
        let job = self.job_mut(id)?;
        job.need_account(index)?;
        need((1..=5).contains(&entries.len()), "WrongListLength")?;
        let audited = job.terms.mode == Mode::Audit && job.shard(index)?.single(job);
        let shard = job.shard_mut(index)?;
        need(shard.state == ShardState::Assigned, "WrongShardState")?;
        need(now < shard.commit_by, "TooLate")?;
        for entry in entries {
            let seat = shard.seats.get_mut(usize::from(entry.seat));
            let seat = seat
                .and_then(Option::as_mut)
                .ok_or(ModelError("WrongSeatStatus"))?;
            need(seat.status == Status::Assigned, "WrongSeatStatus")?;
            need(seat.worker == entry.worker, "WrongAccount")?;
            need(entry.forged == Forgery::None, "SignatureMismatch")?;
            seat.status = Status::Committed;
            seat.answer = Some(entry.answer);
            let place = addresses.place((id, index), seat.attempt, seat.worker);
            seat.digest = place.commitment(entry.answer, seat.worker);
        }
        if audited {
            shard.review = Review::Pending;
            shard.slot = slot;
        }
        Ok(())
    }

    /// `record_reveals` and `reveal_seats`.
    pub(crate) fn reveal(
        &mut self,
        by: Option<Party>,
        id: JobId,
        index: u32,
        all: &[RevealedSeat],
    ) -> ModelResult {
        let now = self.now;
        if let Some(by) = by {
            self.may_attest(by, id, index)?;
        }
        let job = self.job_mut(id)?;
        let challenge = i64::from(job.terms.challenge);
        let mode = job.terms.mode;
        let challenged = mode == Mode::Challenge && job.shard(index)?.single(job);
        let shard = job.shard_mut(index)?;
        need((1..=5).contains(&all.len()), "WrongListLength")?;
        need(shard.is_live(), "WrongShardState")?;
        let (in_time, open) = (now < shard.reveal_by, shard.reveals_open(now));
        let attestable = mode != Mode::Challenge || shard.attestable(now);
        let (mut revealed, mut attested) = (false, false);
        for reveal in all {
            let seat = shard.seats.get_mut(usize::from(reveal.seat));
            let seat = seat.ok_or(ModelError("WrongSeatStatus"))?;
            // An orchestrator attests the delivery of a result that is revealed already.
            let shown = |seat: &&mut Seat| seat.status == Status::Revealed;
            if by.is_some()
                && let Some(seat) = seat.as_mut().filter(shown)
            {
                need(seat.answer == Some(reveal.answer), "RevealMismatch")?;
                if !seat.delivered {
                    need(attestable, "TooLate")?;
                    seat.delivered = true;
                    attested = true;
                }
                continue;
            }
            need(in_time, "TooLate")?;
            need(open, "RevealsNotOpen")?;
            let seat = seat.as_mut().ok_or(ModelError("WrongSeatStatus"))?;
            need(seat.status == Status::Committed, "WrongSeatStatus")?;
            need(seat.answer == Some(reveal.answer), "RevealMismatch")?;
            seat.status = Status::Revealed;
            seat.digest = [reveal.answer.root; 32];
            seat.delivered = by.is_some();
            revealed = true;
        }
        if revealed {
            shard.state = ShardState::Revealing;
            if challenged {
                shard.challenge_by = now + challenge;
            }
        }
        if attested {
            self.notes.push("delivery attested");
        }
        Ok(())
    }

    /// Refuses unless an orchestrator may attest deliveries of the job.
    fn may_attest(&self, by: Party, id: JobId, index: u32) -> ModelResult {
        let registered = self.need_registered(by);
        if registered == Err(ModelError(NOT_THERE)) {
            return registered;
        }
        let job = self.job(id)?;
        job.need_account(index)?;
        let wanted = job.terms.orchestrator;
        registered?;
        self.need_serving(by, wanted)
    }

    /// `acknowledge_delivery`.
    pub(crate) fn acknowledge(
        &mut self,
        by: Party,
        id: JobId,
        index: u32,
        seat: u8,
    ) -> ModelResult {
        match by {
            Party::Orchestrator(_) => self.may_attest(by, id, index)?,
            _ => {
                self.job(id)?.need_account(index)?;
                need(by == Party::Client(id.0), "NotAuthorized")?;
            }
        }
        let now = self.now;
        let job = self.job_mut(id)?;
        let mode = job.terms.mode;
        let shard = job.shard_mut(index)?;
        need(shard.is_live(), "WrongShardState")?;
        let attestable = mode != Mode::Challenge || shard.attestable(now);
        let by_client = !matches!(by, Party::Orchestrator(_));
        need(by_client || attestable, "TooLate")?;
        let seat = shard.seats.get_mut(usize::from(seat));
        let seat = seat
            .and_then(Option::as_mut)
            .ok_or(ModelError("WrongSeatStatus"))?;
        let waits = seat.status == Status::Revealed && !seat.delivered;
        need(waits, "WrongSeatStatus")?;
        seat.delivered = true;
        Ok(())
    }

    /// `decline_seat`.
    pub(crate) fn decline(&mut self, id: JobId, index: u32, entry: &Entry) -> ModelResult {
        let (now, slot) = (self.now, self.slot);
        let registered = self.providers[entry.worker].registered;
        let job = self.job_mut(id)?;
        need(registered, NOT_THERE)?;
        let (lock, accept) = (job.lock, i64::from(job.accept));
        let commit = i64::from(job.terms.commit);
        let shard = job.shard_mut(index)?;
        need(shard.state == ShardState::Assigned, "WrongShardState")?;
        let left = shard.seat_of(entry.seat)?;
        match left.status {
            Status::Assigned => {
                let accept_by = (shard.commit_by - commit + accept).min(shard.commit_by);
                need(now < accept_by, "TooLate")?;
            }
            Status::Committed => {
                let over = now >= shard.reveal_by || left.attempt < shard.attempt;
                need(over, "TooEarly")?;
                let stuck = !shard.reveals_open(now) && shard.review == Review::None;
                need(stuck, "WrongSeatStatus")?;
            }
            _ => return Err(ModelError("WrongSeatStatus")),
        }
        need(left.worker == entry.worker, "WrongAccount")?;
        need(entry.forged == Forgery::None, "SignatureMismatch")?;
        shard.free_seat(entry.seat, slot)?;
        let provider = &mut self.providers[left.worker];
        provider.seats -= 1;
        provider.locked -= lock;
        if left.status == Status::Committed {
            self.notes.push("left a stuck round");
        }
        Ok(())
    }

    /// `expire_seat`.
    pub(crate) fn expire_seat(
        &mut self,
        (id, index): (JobId, u32),
        (seat, worker): (u8, usize),
    ) -> ModelResult {
        let (now, slot) = (self.now, self.slot);
        let registered = self.providers[worker].registered;
        let job = self.job_mut(id)?;
        need(registered, NOT_THERE)?;
        let late_bps = job.late_bps;
        let shard = job.shard_mut(index)?;
        need(shard.state == ShardState::Assigned, "WrongShardState")?;
        need(now >= shard.commit_by, "TooEarly")?;
        let left = shard.seat_of(seat)?;
        need(left.status == Status::Assigned, "WrongSeatStatus")?;
        need(left.worker == worker, "WrongAccount")?;
        shard.free_seat(seat, slot)?;
        self.penalize(id, worker, (late_bps, false))?;
        Ok(())
    }
}

impl Shard {
    fn seat_of(&self, seat: u8) -> ModelResult<Seat> {
        let seat = self.seats.get(usize::from(seat)).copied().flatten();
        seat.ok_or(ModelError("WrongSeatStatus"))
    }

    /// Frees a seat that exists.
    fn free_seat(&mut self, seat: u8, slot: u64) -> ModelResult {
        let committed =
            self.seats[usize::from(seat)].is_some_and(|s| s.status == Status::Committed);
        let most = if committed {
            crate::rules::verdict::LAST
        } else {
            FREED
        };
        need(self.attempt < most, "TooManyAttempts")?;
        self.next_attempt(slot);
        self.seats[usize::from(seat)] = None;
        Ok(())
    }
}
