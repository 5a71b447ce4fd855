//! The verdict on a shard, line by line as documented in the protocol.

use crate::world::{Answer, Job, JobId, ModelResult, Seat, Shard, ShardState, Status, World, need};

/// Attempt from which no further round starts.
pub(crate) const LAST: u8 = 250;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wait,
    Settle { winner: usize, slash: bool },
    Reopen,
    Fail,
}

pub(super) fn verdict(job: &Job, shard: &Shard, now: i64) -> Verdict {
    let most = if shard.single(job) {
        1
    } else {
        usize::from(job.terms.max_replicas)
    };
    let working = shard.count(Status::Assigned);
    let bound = shard.count(Status::Committed);
    let shown: Vec<(usize, Answer, bool)> = shard
        .live()
        .filter(|(_, seat)| seat.status == Status::Revealed)
        .filter_map(|(at, seat)| Some((at, seat.answer?, seat.delivered)))
        .collect();
    // 1
    let revealing = shard.state == ShardState::Revealing;
    let may_commit = working > 0 && now < shard.commit_by;
    let all_spoke = revealing && bound == 0 && !may_commit;
    if !all_spoke && now < shard.reveal_by {
        return Verdict::Wait;
    }
    // 2
    let group = |answer: Answer| shown.iter().filter(move |(_, a, _)| *a == answer);
    let votes = shown.iter().map(|(_, a, _)| group(*a).count()).max();
    let votes = votes.unwrap_or(0);
    let largest = shown.iter().find(|(_, a, _)| group(*a).count() == votes);
    let complete = shown.len() >= most;
    let fits = job.fits(now) && shard.attempt < LAST;
    if let Some((winner, answer, _)) = largest {
        let agreed = votes == shown.len() || complete || !fits;
        if votes >= usize::from(shard.quorum) && agreed {
            if now < shard.challenge_by {
                return Verdict::Wait;
            }
            let delivered = group(*answer).any(|(_, _, delivered)| *delivered);
            return match (delivered, now >= job.terms.deadline) {
                (false, false) => Verdict::Wait,
                (false, true) => Verdict::Fail,
                (true, _) => Verdict::Settle {
                    winner: *winner,
                    slash: complete,
                },
            };
        }
    }
    // 3
    if complete || !fits {
        return Verdict::Fail;
    }
    // 4 and 5
    let late = working > 0 || (bound > 0 && shard.reveals_open(now));
    let may_grow = usize::from(shard.target) < most;
    if revealing || late || may_grow {
        Verdict::Reopen
    } else {
        Verdict::Wait
    }
}

impl World {
    /// A live shard with its verdict, unless that is to wait.
    pub(crate) fn due_verdict(&self, id: JobId, index: u32) -> ModelResult<(Shard, Verdict)> {
        let job = self.job(id)?;
        let shard = job.shard(index)?;
        need(shard.is_live(), "WrongShardState")?;
        let verdict = verdict(job, shard, self.now);
        need(verdict != Verdict::Wait, "ShardNotDue")?;
        Ok((shard.clone(), verdict))
    }
}

/// Whether a seat is late when its shard ends.
pub(super) fn is_late(seat: &Seat, could_reveal: bool) -> bool {
    match seat.status {
        Status::Assigned => true,
        Status::Committed => could_reveal,
        _ => false,
    }
}
