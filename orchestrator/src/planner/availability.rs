//! How many more seats each provider can take, as far as this orchestrator knows.

use super::seat::seat_key;
use super::snapshot::{AgentView, Snapshot};
use millrace_client::Pubkey;
use millrace_client::program::state::{Provider, SeatStatus};
use std::collections::HashMap;

/// What the orchestrator knows about a provider beyond its account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Availability {
    /// The agent is connected and accepts new work.
    pub online: bool,
    /// Shards that the agent can run besides those it runs now.
    pub free_capacity: u32,
    /// Seats promised to the provider that its account does not count yet.
    pub promised_seats: u32,
    /// Stake that seats promised in this plan will lock.
    pub promised_stake: u64,
}

impl Availability {
    /// Seats that the provider can still take: as many as its agent can run and its account allows.
    pub(super) fn room(&self, account: &Provider) -> u32 {
        if self.online {
            self.free_capacity.min(self.account_room(account))
        } else {
            0
        }
    }

    /// Seats that the program would still give to the provider.
    pub(super) fn account_room(&self, account: &Provider) -> u32 {
        let open = u32::from(account.open_seats).saturating_add(self.promised_seats);
        u32::from(account.max_open_seats).saturating_sub(open)
    }

    /// Promises one more seat.
    pub(super) fn promise(&mut self, seat_lock: u64) {
        self.free_capacity = self.free_capacity.saturating_sub(1);
        self.promised_seats = self.promised_seats.saturating_add(1);
        self.promised_stake = self.promised_stake.saturating_add(seat_lock);
    }
}

/// The availability of every provider at the beginning of a plan.
pub(super) struct Availabilities<'a> {
    agents: &'a HashMap<Pubkey, AgentView>,
    loads: HashMap<Pubkey, Load>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Load {
    /// Seats without a commitment, and seats in assignments in flight.
    running: u32,
    /// Seats in assignments in flight.
    promised: u32,
}

impl<'a> Availabilities<'a> {
    pub(super) fn new(snapshot: &Snapshot<'a>) -> Self {
        let mut loads: HashMap<Pubkey, Load> = HashMap::new();
        for shard in snapshot.cache.shards().filter(|shard| shard.is_live()) {
            let seats = shard.seats.iter();
            for seat in seats.filter(|seat| seat.status() == SeatStatus::Assigned) {
                let key = seat_key(shard, seat);
                if !snapshot.submissions.by_seat.contains_key(&key) {
                    loads.entry(seat.provider).or_default().running += 1;
                }
            }
        }
        for provider in snapshot.reserved {
            let load = loads.entry(*provider).or_default();
            load.running += 1;
            load.promised += 1;
        }
        Self {
            agents: snapshot.agents,
            loads,
        }
    }

    pub(super) fn of(&self, provider: &Pubkey) -> Availability {
        let load = self.loads.get(provider).copied().unwrap_or_default();
        let agent = self.agents.get(provider);
        let capacity = agent.map_or(0, |agent| agent.capacity);
        Availability {
            online: agent.is_some_and(|agent| !agent.draining),
            free_capacity: capacity.saturating_sub(load.running),
            promised_seats: load.promised,
            promised_stake: 0,
        }
    }
}
