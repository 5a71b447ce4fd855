//! Executes verdicts.

use crate::action::StakeMint;
use crate::rules::jobs::rent;
use crate::rules::review::CHALLENGE_BYTES;
use crate::rules::verdict::{Verdict, is_late};
use crate::world::{
    Job, JobId, Mint, ModelResult, NOT_THERE, POINTS_KEPT, Review, Seat, Shard, ShardState, Status,
    Vault, World, need, share,
};
use std::collections::BTreeMap;

/// The payment of a seat.
fn payment(job: &Job, seat: &Seat) -> u64 {
    let units = seat.answer.map_or(0, |answer| answer.units);
    seat.price * units.min(job.terms.max_units)
}

fn has_room(points: &BTreeMap<u32, u64>, epoch: u32, kept: usize) -> bool {
    points.contains_key(&epoch) || points.len() < kept
}

fn note(points: &mut BTreeMap<u32, u64>, epoch: u32, amount: u64) {
    if amount > 0 {
        *points.entry(epoch).or_default() += amount;
    }
}

/// Costs of a shard so far.
#[derive(Default)]
struct Sums {
    paid: u64,
    fee: u64,
}

impl World {
    /// `settle_shard`.
    pub(crate) fn settle(&mut self, id: JobId, index: u32, stake_mint: StakeMint) -> ModelResult {
        need(self.clients[id.0].opened, NOT_THERE)?;
        let (mut shard, verdict) = self.due_verdict(id, index)?;
        let job = self.job(id)?.clone();
        let could_reveal = shard.reveals_open(self.now);
        let given = match stake_mint {
            StakeMint::IfNeeded => !shard.is_unanimous(),
            StakeMint::Given => true,
            StakeMint::Missing => false,
        };
        match verdict {
            Verdict::Settle { winner, slash } => {
                self.pay_and_penalize(&job, &mut shard, (winner, slash), could_reveal, given)?;
                shard.winner = winner as u8;
                shard.state = ShardState::Settled;
                self.job_mut(id)?.settled += 1;
            }
            Verdict::Fail => {
                let before = shard.clone();
                self.release_all(&job, &mut shard, could_reveal, given)?;
                self.distribute_bond(&job, &mut shard, &before, None, 0);
                shard.state = ShardState::Failed;
                self.job_mut(id)?.failed += 1;
                self.notes.push("failed");
            }
            Verdict::Reopen => self.reopen(&job, &mut shard, could_reveal, given)?,
            Verdict::Wait => {}
        }
        self.job_mut(id)?.shards[index as usize] = Some(shard);
        Ok(())
    }

    fn pay_and_penalize(
        &mut self,
        job: &Job,
        shard: &mut Shard,
        (winner, slash): (usize, bool),
        could_reveal: bool,
        given: bool,
    ) -> ModelResult {
        let before = shard.clone();
        let result = before.seats[winner].and_then(|seat| seat.answer);
        let right = |seat: &Seat| seat.status == Status::Revealed && seat.answer == result;
        let mut sums = Sums::default();
        let confirmed = before.live().filter(|(_, seat)| right(seat)).count() > 1;
        for (at, seat) in before.live().filter(|(_, seat)| right(seat)) {
            sums.paid += self.pay(job, seat, confirmed);
            shard.set(at, Status::Agreed);
        }
        sums.fee = share(sums.paid, job.fee_bps.into());
        self.charge(job, sums.fee)?;
        for (at, seat) in before.live().filter(|(_, seat)| !right(seat)) {
            let disagreed = seat.status == Status::Revealed;
            if is_late(seat, could_reveal) || (disagreed && slash) {
                self.penalize_seat(job, shard, (at, seat), given)?;
            } else {
                if disagreed {
                    self.notes.push("disagreed and released");
                }
                self.leave(job.lock, seat.worker);
                shard.set(at, Status::Released);
            }
        }
        self.distribute_bond(job, shard, &before, Some(winner), sums.paid);
        self.notes.push(if slash {
            "settled by all"
        } else {
            "settled by some"
        });
        Ok(())
    }

    /// Pays a seat. Only a result that another seat confirms gives points.
    fn pay(&mut self, job: &Job, seat: &Seat, confirmed: bool) -> u64 {
        let amount = payment(job, seat);
        let epoch = self.epoch();
        self.leave(job.lock, seat.worker);
        let bucket = &mut self.buckets[usize::from(job.bucket)];
        let provider = &mut self.providers[seat.worker];
        provider.earned += amount;
        provider.agreed += 1;
        let room = confirmed
            && has_room(&provider.points, epoch, POINTS_KEPT.0)
            && has_room(bucket, epoch, POINTS_KEPT.1);
        if room {
            let points = share(amount, job.fee_bps.into());
            note(&mut provider.points, epoch, points);
            note(bucket, epoch, points);
        }
        self.pay_out(job.id, Vault::Earnings(seat.worker), amount);
        if let Ok(job) = self.job_mut(job.id) {
            job.paid += amount;
        }
        amount
    }

    fn charge(&mut self, job: &Job, fee: u64) -> ModelResult {
        self.job_mut(job.id)?.fee += fee;
        self.pay_out(job.id, Vault::Treasury(job.bucket), fee);
        Ok(())
    }

    /// Moves tokens of a job out of the escrow.
    fn pay_out(&mut self, id: JobId, to: Vault, amount: u64) {
        self.clients[id.0].held -= amount;
        self.vaults.send(Vault::Escrow(id.0), to, amount);
    }

    fn leave(&mut self, lock: u64, worker: usize) {
        let provider = &mut self.providers[worker];
        provider.seats -= 1;
        provider.locked -= lock;
    }

    /// Penalizes a seat that disagrees or is late when its shard ends or is reopened.
    fn penalize_seat(
        &mut self,
        job: &Job,
        shard: &mut Shard,
        (at, seat): (usize, &Seat),
        given: bool,
    ) -> ModelResult {
        let disagreed = seat.status == Status::Revealed;
        let bps = match seat.status {
            Status::Assigned => job.late_bps,
            _ => job.slash_bps,
        };
        need(given, "PenaltyAccountsMissing")?;
        self.penalize(job.id, seat.worker, (bps, disagreed))?;
        self.notes.push(match seat.status {
            Status::Assigned => "late",
            Status::Committed => "silent",
            _ => "disagreed",
        });
        shard.set(
            at,
            if disagreed {
                Status::Disagreed
            } else {
                Status::Late
            },
        );
        Ok(())
    }

    /// Frees a seat's lock and burns the penalty.
    pub(crate) fn penalize(
        &mut self,
        id: JobId,
        worker: usize,
        (bps, disagreed): (u16, bool),
    ) -> ModelResult {
        let lock = self.job(id)?.lock;
        self.leave(lock, worker);
        let provider = &mut self.providers[worker];
        let amount = share(lock, bps.into()).min(provider.active);
        provider.active -= amount;
        provider.slashed += amount;
        if disagreed {
            provider.disagreed += 1
        } else {
            provider.late += 1
        }
        assert!(provider.locked <= provider.active, "a lock without stake");
        self.vaults.burn(Vault::Stake(worker), amount);
        self.burnt += amount;
        Ok(())
    }

    /// Releases all seats of a failed shard.
    fn release_all(
        &mut self,
        job: &Job,
        shard: &mut Shard,
        could_reveal: bool,
        given: bool,
    ) -> ModelResult {
        for (at, seat) in shard.clone().live() {
            if is_late(seat, could_reveal) {
                self.penalize_seat(job, shard, (at, seat), given)?;
            } else {
                self.leave(job.lock, seat.worker);
                shard.set(at, Status::Released);
            }
        }
        Ok(())
    }

    fn reopen(
        &mut self,
        job: &Job,
        shard: &mut Shard,
        could_reveal: bool,
        given: bool,
    ) -> ModelResult {
        for (at, seat) in shard.clone().live() {
            if is_late(seat, could_reveal) {
                self.penalize_seat(job, shard, (at, seat), given)?;
                shard.seats[at] = None;
            }
        }
        if shard.single(job) {
            shard.review = Review::None;
            shard.challenge_by = 0;
            self.notes.push("round restarted");
        } else {
            shard.target = job.terms.max_replicas;
            self.notes.push("reopened");
        }
        shard.next_attempt(self.slot);
        shard.start(&job.terms, self.now);
        Ok(())
    }

    /// Distributes a challenge's bond.
    fn distribute_bond(
        &mut self,
        job: &Job,
        shard: &mut Shard,
        before: &Shard,
        winner: Option<usize>,
        paid: u64,
    ) {
        if shard.review != Review::Challenged {
            return;
        }
        let Some(challenge) = shard.challenge.take() else {
            panic!("a challenged shard without a challenge");
        };
        let Some(challenged) = before.seats[challenge.seat] else {
            panic!("a challenge of an empty seat");
        };
        let own = payment(job, &challenged);
        let shown = before.live().filter(|(_, s)| s.status == Status::Revealed);
        let heard = shown.count() > 1;
        let result = winner.and_then(|w| before.seats[w]).and_then(|s| s.answer);
        let (mut to_job, mut to_provider) = (0, 0);
        let note = match result {
            Some(answer) if challenged.answer == Some(answer) => {
                let others = paid - own;
                to_job = (others + share(others, job.fee_bps.into())).min(challenge.bond);
                "challenge lost"
            }
            Some(_) => "challenge won",
            None if heard => "challenge undecided",
            None if challenged.delivered => {
                to_provider = own.min(challenge.bond);
                "challenge without other results"
            }
            None => "challenge of an undelivered result",
        };
        self.notes.push(note);
        let back = challenge.bond - to_job - to_provider;
        self.providers[challenged.worker].earned += to_provider;
        self.pay_out(job.id, Vault::Earnings(challenged.worker), to_provider);
        let token_account = Vault::Wallet(challenge.by, Mint::Payment);
        self.pay_out(job.id, token_account, back);
        self.lamports[challenge.by.at()] += rent(CHALLENGE_BYTES);
        if let Ok(job) = self.job_mut(job.id) {
            job.bonded -= challenge.bond;
            job.compensated += to_job;
        }
    }
}

impl Shard {
    fn set(&mut self, at: usize, status: Status) {
        if let Some(seat) = &mut self.seats[at] {
            seat.status = status;
        }
    }
}
