//! Orders unassigned shards fairly across clients. The next shard always belongs to the client with the
//! fewest seats assigned, so that a large job cannot starve others; ties go to the job that was posted first.

use millrace_client::Pubkey;
use millrace_client::program::state::{Job, Shard};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

/// A job with unassigned shards, in the order in which they are assigned.
pub(super) struct QueuedJob<'a> {
    pub address: Pubkey,
    pub job: &'a Job,
    pub shards: VecDeque<u32>,
}

/// Queued jobs by client. Fill the queue with [`FairQueue::push`], call [`FairQueue::start`] once, then
/// answer each [`FairQueue::next`] with [`FairQueue::assigned`] or [`FairQueue::park`].
#[derive(Default)]
pub(super) struct FairQueue<'a> {
    jobs: HashMap<Pubkey, VecDeque<QueuedJob<'a>>>,
    /// Seats assigned by client.
    seats: HashMap<Pubkey, u32>,
    /// Clients by seats, then by the posting time of their first job.
    clients: BinaryHeap<Reverse<(u32, i64, Pubkey)>>,
}

impl<'a> FairQueue<'a> {
    /// Counts the seats of an assigned shard towards its client.
    pub(super) fn count_seats(&mut self, job: &Job, shard: &Shard) {
        let seats = u32::try_from(shard.live_seats()).unwrap_or(u32::MAX);
        *self.seats.entry(job.client).or_default() += seats;
    }

    /// Adds a job after the client's other jobs.
    pub(super) fn push(&mut self, job: QueuedJob<'a>) {
        let client = job.job.client;
        self.jobs.entry(client).or_default().push_back(job);
    }

    /// Orders the clients, once all jobs are added and all seats counted.
    pub(super) fn start(&mut self) {
        let clients: Vec<Pubkey> = self.jobs.keys().copied().collect();
        for client in clients {
            self.enqueue(client);
        }
    }

    fn enqueue(&mut self, client: Pubkey) {
        let Some(first) = self.jobs.get(&client).and_then(VecDeque::front) else {
            return;
        };
        let seats = self.seats.get(&client).copied().unwrap_or(0);
        self.clients
            .push(Reverse((seats, first.job.posted_at, client)));
    }

    /// The next shard to assign, with its job.
    pub(super) fn next(&mut self) -> Option<(Pubkey, &'a Job, u32)> {
        while let Some(Reverse((_, _, client))) = self.clients.pop() {
            let jobs = self.jobs.get_mut(&client)?;
            while let Some(first) = jobs.front() {
                match first.shards.front() {
                    Some(shard) => return Some((first.address, first.job, *shard)),
                    None => drop(jobs.pop_front()),
                }
            }
        }
        None
    }

    /// The client's next shard was assigned.
    pub(super) fn assigned(&mut self, client: Pubkey, seats: usize) {
        let seats = u32::try_from(seats).unwrap_or(u32::MAX);
        *self.seats.entry(client).or_default() += seats;
        let first = self.jobs.get_mut(&client).and_then(VecDeque::front_mut);
        if let Some(job) = first {
            job.shards.pop_front();
            if job.shards.is_empty() {
                self.drop_first_job(client);
            }
        }
        self.enqueue(client);
    }

    /// The client's first job cannot be placed now. All of its shards have the same requirements, so the
    /// queue moves on to the client's next job.
    pub(super) fn park(&mut self, client: Pubkey) {
        self.drop_first_job(client);
        self.enqueue(client);
    }

    fn drop_first_job(&mut self, client: Pubkey) {
        if let Some(jobs) = self.jobs.get_mut(&client) {
            jobs.pop_front();
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

    fn order(jobs: &[(Job, u32)], assigned: &[(u8, u32)]) -> Vec<u8> {
        let mut queue = FairQueue::default();
        for (client, seats) in assigned {
            let client = Pubkey::new_from_array([*client; 32]);
            queue.seats.insert(client, *seats);
        }
        for (n, (job, shards)) in jobs.iter().enumerate() {
            queue.push(QueuedJob {
                address: Pubkey::new_from_array([n as u8; 32]),
                job,
                shards: (0..*shards).collect(),
            });
        }
        queue.start();
        let mut order = Vec::new();
        while let Some((_, job, _)) = queue.next() {
            order.push(job.client.to_bytes()[0]);
            queue.assigned(job.client, 1);
        }
        order
    }

    #[test]
    fn large_job_does_not_starve_a_small_one() {
        let large = (job(1, 0), 5);
        let small = (job(2, 10), 2);
        assert_eq!(order(&[large, small], &[]), [1, 2, 1, 2, 1, 1, 1]);
    }

    #[test]
    fn client_without_seats_comes_before_one_with_seats() {
        let (first, second) = ((job(1, 0), 2), (job(2, 10), 3));
        assert_eq!(order(&[first, second], &[(1, 2)]), [2, 2, 1, 2, 1]);
    }

    #[test]
    fn more_jobs_do_not_give_a_client_more_turns() {
        let jobs = [
            (job(1, 0), 1),
            (job(1, 1), 1),
            (job(1, 2), 1),
            (job(2, 9), 1),
        ];
        assert_eq!(order(&jobs, &[]), [1, 2, 1, 1]);
    }

    #[test]
    fn parked_job_does_not_block_the_clients_next_job() {
        let (first, second) = (job(1, 0), job(1, 1));
        let mut queue = FairQueue::default();
        for (n, job) in [&first, &second].into_iter().enumerate() {
            queue.push(QueuedJob {
                address: Pubkey::new_from_array([n as u8; 32]),
                job,
                shards: (0..3).collect(),
            });
        }
        queue.start();
        let (address, job, _) = queue.next().unwrap();
        assert_eq!(address.to_bytes()[0], 0);
        queue.park(job.client);
        let (address, ..) = queue.next().unwrap();
        assert_eq!(address.to_bytes()[0], 1);
    }
}
