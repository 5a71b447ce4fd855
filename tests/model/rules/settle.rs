//! Executes verdicts.

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
    compensated: u64,
}

impl World {
    /// `settle_shard`.
    pub(crate) fn settle(&mut self, id: JobId, index: u32, bounty: Option<Vault>) -> ModelResult {
        need(self.clients[id.0].opened, NOT_THERE)?;
        let (mut shard, verdict) = self.due_verdict(id, index)?;
        let job = self.job(id)?.clone();
        let could_reveal = shard.reveals_open(self.now);
        match verdict {
            Verdict::Settle { winner, slash } => {
                self.pay_and_penalize(&job, &mut shard, (winner, slash), could_reveal, bounty)?;
                shard.winner = winner as u8;
                shard.state = ShardState::Settled;
                self.job_mut(id)?.settled += 1;
            }
            Verdict::Fail => {
                let before = shard.clone();
                self.release_all(&job, &mut shard, could_reveal, bounty)?;
                self.distribute_bond(&job, &mut shard, &before, None, 0);
                shard.state = ShardState::Failed;
                self.job_mut(id)?.failed += 1;
                self.notes.push("failed");
            }
            Verdict::Reopen => self.reopen(&job, &mut shard, could_reveal, bounty)?,
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
        bounty: Option<Vault>,
    ) -> ModelResult {
        let before = shard.clone();
        let result = before.seats[winner].and_then(|seat| seat.answer);
        let right = |seat: &Seat| seat.status == Status::Revealed && seat.answer == result;
        let mut sums = Sums::default();
        for (at, seat) in before.live().filter(|(_, seat)| right(seat)) {
            sums.paid += self.pay(job, seat);
            shard.set(at, Status::Agreed);
        }
        sums.fee = share(sums.paid, job.fee_bps.into());
        self.charge(job, sums.fee)?;
        for (at, seat) in before.live().filter(|(_, seat)| !right(seat)) {
            let disagreed = seat.status == Status::Revealed;
            if is_late(seat, could_reveal) || (disagreed && slash) {
                self.penalize_seat(job, shard, (at, seat), &mut sums, bounty)?;
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

    fn pay(&mut self, job: &Job, seat: &Seat) -> u64 {
        let amount = payment(job, seat);
        let epoch = self.epoch();
        self.leave(job.lock, seat.worker);
        let bucket = &mut self.buckets[usize::from(job.bucket)];
        let provider = &mut self.providers[seat.worker];
        provider.earned += amount;
        provider.agreed += 1;
        let room = has_room(&provider.points, epoch, POINTS_KEPT.0)
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
        self.pay_out(job.id, Vault::Treasury(Mint::Payment, job.bucket), fee);
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
        sums: &mut Sums,
        bounty: Option<Vault>,
    ) -> ModelResult {
        let disagreed = seat.status == Status::Revealed;
        let bps = match seat.status {
            Status::Assigned => job.late_bps,
            _ => job.slash_bps,
        };
        let cap = if disagreed && self.one_mint {
            sums.paid + sums.fee - sums.compensated
        } else {
            0
        };
        let challenger = shard.challenge.filter(|_| disagreed);
        let challenger = challenger.map(|c| Vault::Wallet(c.by, Mint::Stake));
        let finders = [bounty, challenger];
        sums.compensated += self.penalize(job.id, seat.worker, (bps, disagreed), cap, finders)?;
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

    /// Frees a seat's lock and takes the penalty. Returns the compensation of the client.
    pub(crate) fn penalize(
        &mut self,
        id: JobId,
        worker: usize,
        (bps, disagreed): (u16, bool),
        cap: u64,
        finders: [Option<Vault>; 2],
    ) -> ModelResult<u64> {
        let job = self.job(id)?;
        let (lock, bounty_bps, bucket) = (job.lock, job.bounty_bps, job.bucket);
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
        let vault = Vault::Stake(worker);
        let compensation = (amount / 2).min(cap);
        self.vaults.send(vault, Vault::Escrow(id.0), compensation);
        self.clients[id.0].held += compensation;
        self.job_mut(id)?.compensated += compensation;
        if compensation > 0 {
            let capped = compensation == cap;
            self.notes.push(if capped {
                "compensation capped"
            } else {
                "compensated"
            });
        }
        let bounty = share(amount - compensation, (bounty_bps / 2).into());
        let mut left = amount - compensation;
        for finder in finders.into_iter().flatten() {
            if bounty > 0 {
                self.need_mint(Mint::Stake, finder)?;
                self.vaults.send(vault, finder, bounty);
                left -= bounty;
            }
        }
        let treasury = Vault::Treasury(Mint::Stake, bucket);
        self.vaults.send(vault, treasury, left);
        Ok(compensation)
    }

    /// Releases all seats of a failed shard.
    fn release_all(
        &mut self,
        job: &Job,
        shard: &mut Shard,
        could_reveal: bool,
        bounty: Option<Vault>,
    ) -> ModelResult {
        for (at, seat) in shard.clone().live() {
            if is_late(seat, could_reveal) {
                let none = &mut Sums::default();
                self.penalize_seat(job, shard, (at, seat), none, bounty)?;
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
        bounty: Option<Vault>,
    ) -> ModelResult {
        for (at, seat) in shard.clone().live() {
            if is_late(seat, could_reveal) {
                let none = &mut Sums::default();
                self.penalize_seat(job, shard, (at, seat), none, bounty)?;
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
            None => {
                to_provider = own.min(challenge.bond);
                "challenge without other results"
            }
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
