//! Whose shards are handed out next: always those of the client that has the fewest seats at work, so
//! that a large job can't keep others waiting; among equals the one that has waited longest.

use millrace_client::Pubkey;
use millrace_client::program::state::{Job, Shard};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

/// A job with shards that nobody has a seat at, the lowest first.
pub struct Waiting<'a> {
    /// Its address.
    pub address: Pubkey,
    /// Its books.
    pub job: &'a Job,
    /// The shards.
    pub shards: VecDeque<u32>,
}

/// Clients that wait, by whose turn it is.
#[derive(Default)]
pub struct FairQueue<'a> {
    queues: HashMap<Pubkey, VecDeque<Waiting<'a>>>,
    at_work: HashMap<Pubkey, u32>,
    heap: BinaryHeap<Reverse<(u32, i64, Pubkey)>>,
}

impl<'a> FairQueue<'a> {
    /// Counts a shard's seats to its client.
    pub fn count(&mut self, job: &Job, shard: &Shard) {
        let seats = u32::try_from(shard.live_seats()).unwrap_or(u32::MAX);
        *self.at_work.entry(job.client).or_default() += seats;
    }

    /// Lets a job wait. Of one client's jobs, those that are added first come first.
    pub fn add(&mut self, waiting: Waiting<'a>) {
        let client = waiting.job.client;
        self.queues.entry(client).or_default().push_back(waiting);
    }

    /// Everybody is here: the queue begins.
    pub fn begin(&mut self) {
        let clients: Vec<Pubkey> = self.queues.keys().copied().collect();
        for client in clients {
            self.enqueue(client);
        }
    }

    fn enqueue(&mut self, client: Pubkey) {
        let Some(first) = self.queues.get(&client).and_then(|queue| queue.front()) else {
            return;
        };
        let at_work = self.at_work.get(&client).copied().unwrap_or(0);
        self.heap
            .push(Reverse((at_work, first.job.posted_at, client)));
    }

    /// The job and the shard whose turn it is. [`FairQueue::seated`] or [`FairQueue::park`] has to follow.
    pub fn next(&mut self) -> Option<(Pubkey, &'a Job, u32)> {
        while let Some(Reverse((_, _, client))) = self.heap.pop() {
            let queue = self.queues.get_mut(&client)?;
            while let Some(waiting) = queue.front() {
                match waiting.shards.front() {
                    Some(shard) => return Some((waiting.address, waiting.job, *shard)),
                    None => drop(queue.pop_front()),
                }
            }
        }
        None
    }

    /// The client's first shard has got seats.
    pub fn seated(&mut self, client: Pubkey, seats: usize) {
        let seats = u32::try_from(seats).unwrap_or(u32::MAX);
        *self.at_work.entry(client).or_default() += seats;
        let first = self.queues.get_mut(&client).and_then(VecDeque::front_mut);
        if let Some(waiting) = first {
            waiting.shards.pop_front();
            if waiting.shards.is_empty() {
                self.drop_first(client);
            }
        }
        self.enqueue(client);
    }

    /// Nobody can be had for the client's first job: what does not fit one of its shards fits none.
    pub fn park(&mut self, client: Pubkey) {
        self.drop_first(client);
        self.enqueue(client);
    }

    fn drop_first(&mut self, client: Pubkey) {
        if let Some(queue) = self.queues.get_mut(&client) {
            queue.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bytemuck::Zeroable;

    fn job(client: u8, posted_at: i64) -> Job {
        Job {
            client: Pubkey::new_from_array([client; 32]),
            posted_at,
            ..Job::zeroed()
        }
    }

    fn order(jobs: &[(Job, u32)], at_work: &[(u8, u32)]) -> Vec<u8> {
        let mut queue = FairQueue::default();
        for (client, seats) in at_work {
            let client = Pubkey::new_from_array([*client; 32]);
            queue.at_work.insert(client, *seats);
        }
        for (n, (job, shards)) in jobs.iter().enumerate() {
            queue.add(Waiting {
                address: Pubkey::new_from_array([n as u8; 32]),
                job,
                shards: (0..*shards).collect(),
            });
        }
        queue.begin();
        let mut order = Vec::new();
        while let Some((_, job, _)) = queue.next() {
            order.push(job.client.to_bytes()[0]);
            queue.seated(job.client, 1);
        }
        order
    }

    #[test]
    fn a_large_job_does_not_keep_a_small_one_waiting() {
        let large = (job(1, 0), 5);
        let small = (job(2, 10), 2);
        assert_eq!(order(&[large, small], &[]), [1, 2, 1, 2, 1, 1, 1]);
    }

    #[test]
    fn who_has_seats_at_work_waits_for_who_has_none() {
        let (first, second) = ((job(1, 0), 2), (job(2, 10), 3));
        assert_eq!(order(&[first, second], &[(1, 2)]), [2, 2, 1, 2, 1]);
    }

    #[test]
    fn many_jobs_are_no_more_turns_than_one() {
        let jobs = [
            (job(1, 0), 1),
            (job(1, 1), 1),
            (job(1, 2), 1),
            (job(2, 9), 1),
        ];
        assert_eq!(order(&jobs, &[]), [1, 2, 1, 1]);
    }

    #[test]
    fn what_can_not_be_seated_does_not_hold_up_the_client_s_next_job() {
        let (first, second) = (job(1, 0), job(1, 1));
        let mut queue = FairQueue::default();
        for (n, job) in [&first, &second].into_iter().enumerate() {
            queue.add(Waiting {
                address: Pubkey::new_from_array([n as u8; 32]),
                job,
                shards: (0..3).collect(),
            });
        }
        queue.begin();
        let (address, job, _) = queue.next().unwrap();
        assert_eq!(address.to_bytes()[0], 0);
        queue.park(job.client);
        let (address, ..) = queue.next().unwrap();
        assert_eq!(address.to_bytes()[0], 1);
    }
}
