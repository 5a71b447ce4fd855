//! Posting, cancelling, expiring and closing jobs.

use crate::chain::addresses::AddressBook;
use crate::world::{
    IN_USE, Job, JobId, JobState, Mint, Mode, ModelError, ModelResult, NOT_THERE, Party, Terms,
    Vault, World, need, share,
};

/// Rent of an account of this size, lamports.
pub(super) fn rent(bytes: u64) -> u64 {
    (128 + bytes) * 6_960
}

/// Size of a job's account.
fn job_bytes(terms: &Terms) -> u64 {
    match terms.shards {
        1 => 376 + 88 * u64::from(terms.max_replicas),
        _ => 328,
    }
}

/// Size of a shard's own account.
pub(super) fn shard_bytes(terms: &Terms) -> u64 {
    120 + 88 * u64::from(terms.max_replicas)
}

/// A number that must fit into 64 bits.
fn fitting(number: Option<u128>) -> ModelResult<u64> {
    let number = number.and_then(|n| u64::try_from(n).ok());
    number.ok_or(ModelError("AmountOverflow"))
}

impl World {
    fn check(&self, terms: &Terms) -> ModelResult {
        let network = &self.parameters;
        let shards = (1..=network.max_shards).contains(&terms.shards);
        need(shards, "ShardsOutOfBounds")?;
        let majority = 2 * u16::from(terms.quorum) > u16::from(terms.max_replicas);
        // With two seats, or if all must agree, a single seat could void a result.
        let outvoted = terms.max_replicas == 1
            || (terms.max_replicas >= 3 && terms.quorum < terms.max_replicas);
        let seats = majority
            && outvoted
            && terms.quorum >= 1
            && terms.replicas <= terms.max_replicas
            && terms.max_replicas <= network.max_replicas;
        let mode = match terms.mode {
            Mode::Quorum => terms.quorum <= terms.replicas,
            _ => terms.replicas == 1 && (2..=terms.max_replicas).contains(&terms.quorum),
        };
        let mode = mode && (terms.mode != Mode::Challenge || terms.max_replicas <= 4);
        need(seats && mode, "QuorumOutOfBounds")?;
        let rate = match terms.mode {
            Mode::Audit => (1..=10_000).contains(&terms.audit_bps),
            _ => terms.audit_bps == 0,
        };
        need(rate, "AuditRateOutOfBounds")?;
        let window =
            |secs: u32| (network.min_window_secs..=network.max_window_secs).contains(&secs);
        let challenge = match terms.mode {
            Mode::Challenge => window(terms.challenge),
            _ => terms.challenge == 0,
        };
        let windows = window(terms.commit) && window(terms.reveal) && challenge;
        need(windows, "WindowOutOfBounds")?;
        let latest = self.now + i64::from(network.max_deadline_secs);
        let earliest = self.now + terms.first();
        let deadline = (earliest..=latest).contains(&terms.deadline);
        need(deadline, "DeadlineOutOfBounds")?;
        need(terms.price_cap > 0 && terms.max_units > 0, "PriceZero")
    }

    /// `post_job`.
    pub(crate) fn post(
        &mut self,
        by: usize,
        terms: &Terms,
        addresses: &AddressBook,
    ) -> ModelResult {
        need(self.clients[by].opened, NOT_THERE)?;
        need(self.job((by, terms.nonce)).is_err(), IN_USE)?;
        need(!self.paused, "NetworkPaused")?;
        need(terms.nonce == self.clients[by].nonce, "NonceMismatch")?;
        self.check(terms)?;
        let network = self.parameters;
        let wide = |n: u64| u128::from(n);
        let price = wide(terms.price_cap).checked_mul(wide(terms.max_units));
        let pay = price.and_then(|p| p.checked_mul(wide(terms.max_replicas.into())));
        let pay = fitting(pay)?;
        let cost = fitting(Some(wide(pay) + wide(share(pay, network.fee_bps.into()))))?;
        let deposit = fitting(Some(wide(cost) * wide(terms.shards.into())))?;
        need(deposit <= terms.max_deposit, "DepositAboveMaximum")?;
        let lock = price.map(|p| p * wide(network.lock_bps) / 10_000);
        let lock = fitting(lock)?;
        let owner = Party::Client(by);
        self.spend(owner, Mint::Payment, Vault::Escrow(by), deposit)?;
        self.lamports[owner.at()] -= rent(job_bytes(terms));
        let client = &mut self.clients[by];
        client.nonce += 1;
        client.held += deposit;
        client.jobs += 1;
        let id = (by, terms.nonce);
        self.jobs.push(Job {
            id,
            bucket: addresses.job(id).to_bytes()[0] % 8,
            terms: terms.clone(),
            state: JobState::Open,
            posted_at: self.now,
            seed_slot: self.slot,
            seed: 0,
            accept: network.accept_secs,
            lock,
            fee_bps: network.fee_bps,
            slash_bps: network.slash_bps,
            late_bps: network.late_bps,
            draw_slots: network.draw_slots,
            deposited: deposit,
            paid: 0,
            refunded: 0,
            fee: 0,
            compensated: 0,
            bonded: 0,
            created: 0,
            settled: 0,
            failed: 0,
            cancelled: 0,
            live: 0,
            shards: vec![None; terms.shards as usize],
        });
        Ok(())
    }

    /// `cancel_job`.
    pub(crate) fn cancel(&mut self, by: Party, id: JobId) -> ModelResult {
        need(self.clients[id.0].opened, NOT_THERE)?;
        let job = self.job_mut(id)?;
        need(by == Party::Client(id.0), "NotAuthorized")?;
        need(job.state == JobState::Open, "WrongJobState")?;
        let left = job.unassigned();
        need(left > 0, "NothingToCancel")?;
        let refund = job.cost(job.terms.max_replicas) * u64::from(left);
        job.refunded += refund;
        job.cancelled = left;
        job.state = JobState::Cancelled;
        self.give_back(id.0, refund);
        Ok(())
    }

    fn give_back(&mut self, client: usize, amount: u64) {
        let token_account = Vault::Wallet(Party::Client(client), Mint::Payment);
        self.clients[client].held -= amount;
        self.vaults
            .send(Vault::Escrow(client), token_account, amount);
    }

    /// `expire_job`.
    pub(crate) fn expire_job(&mut self, id: JobId) -> ModelResult {
        let now = self.now;
        let job = self.job_mut(id)?;
        need(job.state == JobState::Open, "WrongJobState")?;
        need(now >= job.terms.deadline, "TooEarly")?;
        job.failed += job.unassigned();
        job.state = JobState::Expired;
        Ok(())
    }

    /// `close_job`.
    pub(crate) fn close(&mut self, id: JobId, shards: &[u32], payer: Option<usize>) -> ModelResult {
        need(self.clients[id.0].opened, NOT_THERE)?;
        let job = self.job_mut(id)?;
        need(job.finished(), "WrongJobState")?;
        let own = job.terms.shards > 1;
        need(shards.is_empty() || own, "WrongShardAccount")?;
        let bytes = shard_bytes(&job.terms);
        let mut paid_by = Vec::new();
        for index in shards {
            let shard = job.shard_mut(*index)?;
            need(payer.is_none_or(|p| p == shard.payer), "WrongAccount")?;
            need(!shard.is_live(), "WrongShardState")?;
            shard.closed = true;
            paid_by.push(Party::Orchestrator(shard.payer));
            job.live -= 1;
        }
        let (left, held, terms) = (job.live, job.held(), job.terms.clone());
        for who in paid_by {
            self.lamports[who.at()] += rent(bytes);
        }
        if left > 0 {
            self.notes.push("closed in batches");
            return need(!shards.is_empty(), "WrongListLength");
        }
        self.give_back(id.0, held);
        self.clients[id.0].jobs -= 1;
        self.lamports[Party::Client(id.0).at()] += rent(job_bytes(&terms));
        self.jobs.retain(|job| job.id != id);
        Ok(())
    }
}
