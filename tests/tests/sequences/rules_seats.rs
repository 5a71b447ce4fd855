//! Sitting down, committing, showing, leaving.

use super::act::{Entry, Forged, Opening};
use super::directory::Directory;
use super::rules_jobs::{rent, shard_bytes};
use super::world::{
    Doubt, JobId, JobState, Mode, No, Says, Seat, Shard, ShardState, Status, Vault, Who, World,
    need,
};

impl World {
    /// The shard as it is, or a new one where nobody ever sat.
    fn opened(&mut self, id: JobId, index: u32, conductor: usize) -> Says<Shard> {
        let slot = self.posted_slot(id);
        let job = self.job_mut(id)?;
        need(index < job.terms.shards, "no such shard")?;
        match &job.shards[index as usize] {
            Some(shard) if shard.closed => Err(No("a shard that is over")),
            Some(shard) => Ok(shard.clone()),
            None => {
                need(job.state == JobState::Open, "not open")?;
                job.created += 1;
                let alone = job.terms.shards == 1;
                let bytes = shard_bytes(&job.terms);
                job.live += u32::from(!alone);
                let shard = Shard {
                    state: ShardState::Assigned,
                    commit_by: 0,
                    reveal_by: 0,
                    stands_at: 0,
                    slot,
                    attempt: 0,
                    target: job.terms.replicas,
                    quorum: match job.terms.mode {
                        Mode::Quorum => job.terms.quorum,
                        _ => 1,
                    },
                    doubt: Doubt::None,
                    winner: 0,
                    payer: conductor,
                    closed: false,
                    seats: [None; 5],
                    challenge: None,
                };
                if !alone {
                    self.lamports[Who::Conductor(conductor).at()] -= rent(bytes);
                }
                Ok(shard)
            }
        }
    }

    fn posted_slot(&self, id: JobId) -> u64 {
        self.job(id).map_or(0, |job| job.posted_slot)
    }

    /// `assign_seats`.
    pub fn assign(&mut self, by: Who, id: JobId, index: u32, workers: &[usize]) -> Says {
        let (now, least) = (self.now, self.parameters.min_stake);
        need(!self.paused, "paused")?;
        let wanted = self.job(id)?.terms.conductor;
        self.need_conductor(by, wanted)?;
        let Who::Conductor(conductor) = by else {
            return Err(No("no orchestrator"));
        };
        need((1..=5).contains(&workers.len()), "no such number")?;
        let mut shard = self.opened(id, index, conductor)?;
        let job = self.job(id)?;
        let needed = match shard.single(job) {
            true => job.terms.first(),
            false => job.terms.round(),
        };
        need(now + needed <= job.terms.deadline, "no time")?;
        need(shard.free() >= workers.len(), "too few free seats")?;
        let known = shard.count(Status::Committed) > 0 && shard.reveals_open(now);
        need(!known, "results may be known")?;
        let late = now >= shard.commit_by && shard.count(Status::Assigned) > 0;
        need(!late, "somebody is late")?;
        let (terms, lock) = (job.terms.clone(), job.lock);
        shard.start(&terms, now);
        for worker in workers {
            let provider = &mut self.providers[*worker];
            need(provider.cores >= terms.min_cores, "too few cores")?;
            need(provider.price <= terms.price_cap, "too dear")?;
            need(provider.active >= least, "too little stake")?;
            let there = shard.live().any(|(_, seat)| seat.worker == *worker);
            need(!there, "sits there already")?;
            need(provider.seats < provider.places, "no place left")?;
            need(provider.active - provider.locked >= lock, "stake is locked")?;
            provider.seats += 1;
            provider.locked += lock;
            let free = shard.seats.iter_mut().find(|seat| seat.is_none());
            *free.ok_or(No("no free seat"))? = Some(Seat {
                worker: *worker,
                price: provider.price,
                attempt: shard.attempt,
                status: Status::Assigned,
                digest: [0; 32],
                answer: None,
                delivered: false,
            });
        }
        self.job_mut(id)?.shards[index as usize] = Some(shard);
        Ok(())
    }

    /// `record_commitments`.
    pub fn commit(
        &mut self,
        (id, index): (JobId, u32),
        entries: &[Entry],
        directory: &Directory,
    ) -> Says {
        let (now, slot) = (self.now, self.slot);
        let job = self.job_mut(id)?;
        let audited = job.terms.mode == Mode::Audit && job.shard(index)?.single(job);
        let shard = job.shard_mut(index)?;
        need((1..=5).contains(&entries.len()), "no such number")?;
        need(shard.state == ShardState::Assigned, "not in this state")?;
        need(now < shard.commit_by, "too late")?;
        for entry in entries {
            let seat = shard.seats.get_mut(usize::from(entry.seat));
            let seat = seat.and_then(Option::as_mut).ok_or(No("nobody there"))?;
            need(seat.status == Status::Assigned, "not at work")?;
            need(seat.worker == entry.worker, "another's seat")?;
            need(entry.forged == Forged::Nothing, "forged")?;
            seat.status = Status::Committed;
            seat.answer = Some(entry.answer);
            let place = directory.place((id, index), seat.attempt, seat.worker);
            seat.digest = place.commitment(entry.answer, seat.worker);
        }
        if audited {
            shard.doubt = Doubt::Pending;
            shard.slot = slot;
        }
        Ok(())
    }

    /// `record_reveals` and `reveal_seats`.
    pub fn reveal(&mut self, by: Option<Who>, id: JobId, index: u32, all: &[Opening]) -> Says {
        let now = self.now;
        let wanted = self.job(id)?.terms.conductor;
        if let Some(by) = by {
            self.need_conductor(by, wanted)?;
        }
        let job = self.job_mut(id)?;
        let challenge = i64::from(job.terms.challenge);
        let challenged = job.terms.mode == Mode::Challenge && job.shard(index)?.single(job);
        let shard = job.shard_mut(index)?;
        need((1..=5).contains(&all.len()), "no such number")?;
        need(shard.is_live(), "it is over")?;
        need(now < shard.reveal_by, "too late")?;
        need(shard.reveals_open(now), "reveals are closed")?;
        for opening in all {
            let seat = shard.seats.get_mut(usize::from(opening.seat));
            let seat = seat.and_then(Option::as_mut).ok_or(No("nobody there"))?;
            need(seat.status == Status::Committed, "not committed")?;
            need(seat.answer == Some(opening.answer), "another preimage")?;
            seat.status = Status::Revealed;
            seat.digest = [opening.answer.root; 32];
            seat.delivered = by.is_some();
        }
        shard.state = ShardState::Revealing;
        if challenged {
            shard.stands_at = now + challenge;
        }
        Ok(())
    }

    /// `acknowledge_delivery`.
    pub fn acknowledge(&mut self, by: Who, id: JobId, index: u32, seat: u8) -> Says {
        let wanted = self.job(id)?.terms.conductor;
        if by != Who::Owner(id.0) {
            self.need_conductor(by, wanted)?;
        }
        let shard = self.job_mut(id)?.shard_mut(index)?;
        need(shard.is_live(), "it is over")?;
        let seat = shard.seats.get_mut(usize::from(seat));
        let seat = seat.and_then(Option::as_mut).ok_or(No("nobody there"))?;
        let waits = seat.status == Status::Revealed && !seat.delivered;
        need(waits, "nothing to acknowledge")?;
        seat.delivered = true;
        Ok(())
    }

    /// `decline_seat`.
    pub fn decline(&mut self, id: JobId, index: u32, entry: &Entry) -> Says {
        let (now, slot) = (self.now, self.slot);
        let job = self.job_mut(id)?;
        let (lock, accept) = (job.lock, i64::from(job.accept));
        let commit = i64::from(job.terms.commit);
        let shard = job.shard_mut(index)?;
        need(shard.state == ShardState::Assigned, "not in this state")?;
        let accept_by = (shard.commit_by - commit + accept).min(shard.commit_by);
        need(now < accept_by, "too late")?;
        let left = shard.leaving(entry.seat)?;
        need(left.worker == entry.worker, "another's seat")?;
        need(entry.forged == Forged::Nothing, "forged")?;
        shard.next_attempt(slot);
        let provider = &mut self.providers[left.worker];
        provider.seats -= 1;
        provider.locked -= lock;
        Ok(())
    }

    /// `expire_seat`.
    pub fn expire_seat(
        &mut self,
        (id, index): (JobId, u32),
        (seat, worker): (u8, usize),
        bounty: Option<Vault>,
    ) -> Says {
        let (now, slot) = (self.now, self.slot);
        let job = self.job_mut(id)?;
        let late_bps = job.late_bps;
        let shard = job.shard_mut(index)?;
        need(shard.state == ShardState::Assigned, "not in this state")?;
        need(now >= shard.commit_by, "too early")?;
        let left = shard.leaving(seat)?;
        need(left.worker == worker, "another's seat")?;
        shard.next_attempt(slot);
        self.punish(id, worker, (late_bps, false), 0, [bounty, None])?;
        Ok(())
    }
}

impl Shard {
    /// Empties the seat of somebody at work.
    fn leaving(&mut self, seat: u8) -> Says<Seat> {
        let place = self.seats.get_mut(usize::from(seat));
        let place = place.ok_or(No("no such seat"))?;
        let left = place.ok_or(No("nobody there"))?;
        need(left.status == Status::Assigned, "not at work")?;
        *place = None;
        Ok(left)
    }
}
