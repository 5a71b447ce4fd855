//! Compares the accounts on chain with the model.

use crate::chain::TestChain;
use crate::world::vaults::Party;
use crate::world::{Client, Job, Provider, Shard, World};
use millrace_client::accounts::{TypedAccount, decode};
use millrace_program::state;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// Past epochs whose accounts are compared even if the model does not know them.
const RECENT: u32 = 20;

/// Differences between the model and the chain.
#[derive(Default)]
pub(super) struct Differences(Vec<String>);

impl Differences {
    fn same<T: PartialEq + Debug>(&mut self, what: &str, model: T, chain: T) {
        if model != chain {
            self.0
                .push(format!("{what}: {model:?} expected, {chain:?} found"));
        }
    }

    pub(super) fn none(self) -> Result<(), String> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0.join("\n"))
        }
    }
}

macro_rules! fields {
    ($to:expr, $what:expr, $($name:literal: $model:expr => $chain:expr),+ $(,)?) => {
        $(if $model != $chain {
            $to.same(&format!("{} {}", $what, $name), $model, $chain);
        })+
    };
}

fn points(all: &[state::Points]) -> BTreeMap<u32, u64> {
    let noted = all.iter().filter(|p| p.amount > 0);
    noted.map(|p| (p.epoch, p.amount)).collect()
}

impl TestChain {
    fn stored<T: TypedAccount>(&self, address: &Pubkey) -> Option<T> {
        let account = self.network.machine.account(address)?;
        decode(*address, &account.data).ok()
    }

    pub(crate) fn compare(&self, world: &World) -> Result<(), String> {
        let mut found = Differences::default();
        let (machine, addresses) = (&self.network.machine, &self.addresses);
        for (vault, address) in addresses.vaults() {
            let tokens = machine.tokens_if_any(address);
            let expected = world.is_open(*vault).then(|| world.vaults.get(*vault));
            if expected != tokens {
                found.same(&format!("{vault:?}"), expected, tokens);
            }
        }
        let burnt = machine.burnt(&addresses.mints.stake);
        found.same("burnt stake", world.burnt, burnt);
        for who in Party::ALL {
            let lamports = machine.lamports_of(&addresses.address(who));
            if world.lamports[who.at()] != lamports {
                let what = format!("lamports of {who:?}");
                found.same(&what, world.lamports[who.at()], lamports);
            }
        }
        for (n, provider) in world.providers.iter().enumerate() {
            let stored = self.stored::<state::Provider>(&addresses.providers[n]);
            let there = (provider.registered, stored.is_some());
            found.same(&format!("provider {n} is there"), there.0, there.1);
            if let (true, Some(stored)) = (provider.registered, stored) {
                let hot = addresses.operator(n, provider.operator).pubkey();
                found.same(&format!("operator of {n}"), hot, stored.operator);
                same_provider(&mut found, n, provider, &stored);
            }
        }
        for (n, client) in world.clients.iter().enumerate() {
            let stored = self.stored::<state::Client>(&addresses.clients[n]);
            let there = (client.opened, stored.is_some());
            found.same(&format!("client {n} is there"), there.0, there.1);
            if let Some(stored) = stored {
                same_client(&mut found, n, client, &stored);
            }
        }
        for (n, bucket) in world.buckets.iter().enumerate() {
            let stored = self.stored::<state::Bucket>(&addresses.buckets[n]).unwrap();
            found.same("points of a bucket", bucket, &points(&stored.points));
        }
        self.compare_network(&mut found, world);
        for job in &world.jobs {
            self.compare_job(&mut found, job);
        }
        found.none()
    }

    /// Compares the network, its orchestrators and its rewards.
    fn compare_network(&self, found: &mut Differences, world: &World) {
        let key = |who: Party| self.addresses.address(who);
        for (n, book) in world.orchestrators.iter().enumerate() {
            let stored = self.stored::<state::Orchestrator>(&self.addresses.orchestrators[n]);
            let stored = stored.map(|o| (o.is_active(), o.retired_at, o.bonded, o.payer));
            let book = book.as_ref();
            let book = book.map(|c| (c.active, c.retired_at, c.bonded, key(c.payer)));
            if book != stored {
                found.same(&format!("orchestrator {n}"), book, stored);
            }
        }
        let network = self
            .stored::<state::Network>(&self.network_address)
            .unwrap();
        found.same("paused", u8::from(world.paused), network.paused);
        found.same("authority", key(world.authority), network.authority);
        let pending = world.pending.map_or_else(Pubkey::default, key);
        found.same("proposed", pending, network.pending_authority);
        found.same("pauser", key(world.pauser), network.pauser);
        let stored = crate::chain::parameters_of(&network);
        found.same("parameters", world.parameters, stored);
        let stored = self.stored::<state::Rewards>(&self.rewards).unwrap();
        let rewards = &world.rewards;
        let rewards = (rewards.funded, rewards.promised, rewards.paid);
        let stored = (stored.funded, stored.promised, stored.paid);
        found.same("rewards", rewards, stored);
        let recent = world.epoch().saturating_sub(RECENT)..=world.epoch();
        for number in recent.chain(world.epochs.keys().copied()) {
            let stored = self.stored::<state::Epoch>(&self.addresses.epoch(number));
            let stored = stored.map(|e| (e.payer, e.points, e.banked, e.emission));
            let epoch = world.epochs.get(&number);
            let epoch = epoch.map(|e| (key(e.payer), e.points, e.banked, e.emission));
            if epoch != stored {
                found.same(&format!("epoch {number}"), epoch, stored);
            }
        }
    }

    fn compare_job(&self, found: &mut Differences, job: &Job) {
        let (machine, addresses) = (&self.network.machine, &self.addresses);
        let address = addresses.job(job.id);
        let Some(account) = machine.account(&address) else {
            found.same("job", true, false);
            return;
        };
        let stored: state::Job = decode(address, &account.data).unwrap();
        same_job(found, job, &stored);
        for index in 0..job.terms.shards {
            let what = format!("shard {index} of job {:?}", job.id);
            let model = job.shards[index as usize].as_ref().filter(|s| !s.closed);
            let shard = match job.terms.shards {
                1 => state::Shard::from_job_account(&address, &account.data),
                _ => {
                    let own = machine.account(&addresses.shard(job.id, index));
                    own.and_then(|own| state::Shard::from_account(&own.data))
                }
            };
            found.same(&what, model.is_some(), shard.is_some());
            let (Some(model), Some(shard)) = (model, shard) else {
                continue;
            };
            same_shard(found, &what, model, &shard);
            for (at, (seat, stored)) in model.seats.iter().zip(&shard.seats).enumerate() {
                let expected = seat.map(|seat| state::Seat {
                    provider: addresses.providers[seat.worker],
                    digest: seat.digest,
                    price: seat.price,
                    units: if seat.digest == [seat.answer.map_or(0, |a| a.root); 32] {
                        seat.answer.map_or(0, |answer| answer.units)
                    } else {
                        0
                    },
                    status: seat.status as u8,
                    attempt: seat.attempt,
                    delivered: u8::from(seat.delivered),
                    ..state::Seat::default()
                });
                let expected = expected.unwrap_or_default();
                if expected != *stored {
                    found.same(&format!("{what}, seat {at}"), expected, *stored);
                }
            }
            let challenge = self.stored::<state::Challenge>(&addresses.challenge(job.id, index));
            let challenge = challenge.map(|c| (c.challenger, usize::from(c.seat), c.bond));
            let expected = model.challenge;
            let expected = expected.map(|c| (addresses.address(c.by), c.seat, c.bond));
            found.same(&format!("{what}, challenge"), expected, challenge);
        }
    }
}

fn same_provider(found: &mut Differences, n: usize, model: &Provider, stored: &state::Provider) {
    fields!(
        found, format!("provider {n}"),
        "price": model.price => stored.ask_price,
        "max_seats": model.max_seats => stored.max_open_seats,
        "max_lock": model.max_lock => stored.max_seat_lock,
        "active": model.active => stored.active,
        "locked": model.locked => stored.locked,
        "unbonding": model.unbonding => stored.unbonding,
        "until": model.until => stored.unbonding_until,
        "deposited": model.deposited => stored.deposited,
        "withdrawn": model.withdrawn => stored.withdrawn,
        "slashed": model.slashed => stored.slashed,
        "earned": model.earned => stored.earned,
        "claimed": model.claimed => stored.claimed,
        "agreed": model.agreed => stored.agreed,
        "disagreed": model.disagreed => stored.disagreed,
        "late": model.late => stored.late,
        "seats": model.seats => stored.open_seats,
        "registered at": model.registered_at => stored.registered_at,
        "reward due": model.reward_due => stored.reward_due,
    );
    found.same(
        "points of a provider",
        &model.points,
        &points(&stored.points),
    );
}

fn same_client(found: &mut Differences, n: usize, model: &Client, stored: &state::Client) {
    fields!(
        found, format!("client {n}"),
        "nonce": model.nonce => stored.next_nonce,
        "held": model.held => stored.held,
        "jobs": model.jobs => stored.open_jobs,
    );
}

fn same_job(found: &mut Differences, model: &Job, stored: &state::Job) {
    fields!(
        found, format!("job {:?}", model.id),
        "state": model.state as u8 => stored.state,
        "deadline": model.terms.deadline => stored.deadline,
        "lock": model.lock => stored.seat_lock,
        "accept": model.accept => stored.accept_secs,
        "fee rate": model.fee_bps => stored.fee_bps,
        "slash rate": model.slash_bps => stored.slash_bps,
        "late rate": model.late_bps => stored.late_bps,
        "draw slots": model.draw_slots => stored.draw_slots,
        "posted at": model.posted_at => stored.posted_at,
        "slot": model.seed_slot => stored.seed_slot,
        "seed": model.seed => stored.seed,
        "deposited": model.deposited => stored.deposited,
        "paid": model.paid => stored.paid,
        "refunded": model.refunded => stored.refunded,
        "fee": model.fee => stored.fee,
        "compensated": model.compensated => stored.compensated,
        "bonded": model.bonded => stored.bonded,
        "shards": model.terms.shards => stored.shards,
        "created": model.created => stored.created,
        "settled": model.settled => stored.settled,
        "failed": model.failed => stored.failed,
        "cancelled": model.cancelled => stored.cancelled,
        "live": model.live => stored.live,
    );
}

fn same_shard(found: &mut Differences, what: &str, model: &Shard, stored: &state::Shard) {
    fields!(
        found, what,
        "state": model.state as u8 => stored.state,
        "commit by": model.commit_by => stored.commit_by,
        "reveal by": model.reveal_by => stored.reveal_by,
        "challenge by": model.challenge_by => stored.challenge_by,
        "slot": model.slot => stored.slot,
        "attempt": model.attempt => stored.attempt,
        "target": model.target => stored.target,
        "quorum": model.quorum => stored.quorum,
        "review": model.review as u8 => stored.review,
        "winner": model.winner => stored.winner,
    );
}
