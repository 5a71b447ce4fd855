use crate::constants::DRAW_SECS;
use crate::error::MillraceError;
use crate::math::money;
use crate::prelude::*;
use crate::state::Provider;

/// A job: its terms, fixed when it is posted, and its balance in escrow. If a job has one shard, the shard
/// is stored after the job in the same account; see [`crate::state::ShardStore`].
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Job {
    /// The wallet that posted the job.
    pub client: Pubkey,
    /// SHA-256 of the canonical manifest.
    pub manifest: [u8; 32],
    /// Key of the orchestrator that the job requires; all zeros for any.
    pub orchestrator: Pubkey,
    /// Required supplier; all zeros for any.
    pub supplier: [u8; 16],
    /// Required region; all zeros for any.
    pub region: [u8; 16],
    /// Seed of sortition: the first eight bytes of a block's hash; 0 until taken.
    pub seed: u64,
    /// The seed is taken from the first block after this slot: the slot of posting, or a later one if the
    /// seed was not taken while the chain still had that block's hash.
    pub seed_slot: u64,
    /// The client's nonce at posting.
    pub nonce: u64,
    /// Maximum price of a unit, base units of the payment mint.
    pub price_cap: u64,
    /// Maximum number of units that a seat is paid for.
    pub max_units: u64,
    /// Deposited by the client, base units.
    pub deposited: u64,
    /// Paid to providers, base units.
    pub paid: u64,
    /// Refunded to the client, base units.
    pub refunded: u64,
    /// Paid to the treasury, base units.
    pub fee: u64,
    /// Received from lost bonds, base units.
    pub compensated: u64,
    /// Bonds of open challenges, base units. They are in the escrow vault but do not belong to the client.
    pub bonded: u64,
    /// Required score, fuel per second.
    pub min_score: u64,
    /// Time of posting, unix seconds.
    pub posted_at: i64,
    /// Time by which every shard must be settled, unix seconds.
    pub deadline: i64,
    /// Stake that each seat locks, base units of the stake mint.
    pub seat_lock: u64,
    /// Number of shards.
    pub shards: u32,
    /// Shards that have had a seat assigned.
    pub created: u32,
    /// Shards settled.
    pub settled: u32,
    /// Shards that ended without a result.
    pub failed: u32,
    /// Shards cancelled before a seat was assigned.
    pub cancelled: u32,
    /// Shard accounts that are not closed.
    pub live: u32,
    /// Time to commit, seconds from assignment.
    pub commit_secs: u32,
    /// Time to reveal, seconds from the end of the commit window.
    pub reveal_secs: u32,
    /// Time to challenge a result, seconds from its reveal; 0 if results cannot be challenged.
    pub challenge_secs: u32,
    /// Time to decline a seat, seconds from its assignment, as of posting.
    pub accept_secs: u32,
    /// Required memory, MiB.
    pub min_memory_mb: u32,
    /// Required processor cores.
    pub min_cores: u16,
    /// Protocol fee, basis points, as of posting.
    pub fee_bps: u16,
    /// Share of the lock that a wrong result loses, basis points, as of posting.
    pub slash_bps: u16,
    /// Share of the lock that a late seat loses, basis points, as of posting.
    pub late_bps: u16,
    /// Probability of an audit, basis points; 0 in other modes.
    pub audit_bps: u16,
    /// See [`Scenario`].
    pub scenario: u8,
    /// See [`Mode`].
    pub mode: u8,
    /// See [`Meter`].
    pub meter: u8,
    /// Number of seats that a shard starts with.
    pub replicas: u8,
    /// Number of seats that must agree if a shard has more than one.
    pub quorum: u8,
    /// Maximum number of seats of a shard.
    pub max_replicas: u8,
    /// Slots over which the draw of an audit is spread, as of posting.
    pub draw_slots: u8,
    /// See [`JobState`].
    pub state: u8,
    pub bump: u8,
    pub version: u8,
    /// Reserved for later versions.
    pub reserved: [u8; 8],
}

/// The kind of work. Append only.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Scenario {
    /// Any batch computation.
    General,
    /// Training of a model.
    Train,
    /// Inference on a model.
    Inference,
}

/// How results are verified. Append only.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    /// At least `quorum` seats must agree.
    Quorum,
    /// One seat; a draw after its commitment decides whether other seats recompute the result.
    Audit,
    /// One seat, whose result is final unless it is challenged in time.
    Challenge,
}

/// What units measure. Append only.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Meter {
    /// 1 unit is 1,000,000 fuel, the same on every machine.
    Fuel,
}

/// The state of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum JobState {
    /// Seats can be assigned.
    Open = 1,
    /// The client cancelled the shards without seats; the others continue.
    Cancelled = 2,
    /// The deadline passed and the shards without seats failed; the others can still be settled.
    Expired = 3,
}

impl ProgramAccount for Job {}

impl Job {
    /// Bytes of the job in its account, including the discriminator.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

    /// What the job still holds in escrow, base units, without bonds.
    ///
    /// # Errors
    /// [`MillraceError::InvariantBroken`] if more left the job than it received.
    pub fn held(&self) -> Result<u64> {
        let received = self.deposited.checked_add(self.compensated);
        let spent = self
            .paid
            .checked_add(self.refunded)
            .and_then(|sum| sum.checked_add(self.fee));
        let held = received.zip(spent);
        let held = held.and_then(|(received, spent)| received.checked_sub(spent));
        held.ok_or_else(|| MillraceError::InvariantBroken.into_program_error())
    }

    /// `None` for a number that this version does not support.
    pub fn mode(&self) -> Option<Mode> {
        match self.mode {
            0 => Some(Mode::Quorum),
            1 => Some(Mode::Audit),
            2 => Some(Mode::Challenge),
            _ => None,
        }
    }

    /// Number of seats that must agree in a shard that is neither audited nor challenged.
    pub fn first_quorum(&self) -> u8 {
        match self.mode() {
            Some(Mode::Audit | Mode::Challenge) => 1,
            _ => self.quorum,
        }
    }

    /// `None` for a number that this version does not support.
    pub fn state(&self) -> Option<JobState> {
        match self.state {
            1 => Some(JobState::Open),
            2 => Some(JobState::Cancelled),
            3 => Some(JobState::Expired),
            _ => None,
        }
    }

    /// Maximum cost of one shard, base units.
    pub fn shard_cost(&self) -> Result<u64> {
        money::shard_cost(
            self.price_cap,
            self.max_units,
            self.max_replicas,
            self.fee_bps,
        )
    }

    /// Shards that can still be assigned: they have had no seat, and the job is open.
    pub fn unassigned(&self) -> u32 {
        match self.state() {
            Some(JobState::Open) => self.shards.saturating_sub(self.created),
            _ => 0,
        }
    }

    /// Shards that are settled, failed or cancelled.
    fn ended(&self) -> u64 {
        u64::from(self.settled)
            .saturating_add(u64::from(self.failed))
            .saturating_add(u64::from(self.cancelled))
    }

    /// Whether every shard is settled, failed or cancelled.
    pub fn is_finished(&self) -> bool {
        self.ended() == u64::from(self.shards)
    }

    /// Length of a round (commit and reveal window), seconds.
    pub fn round_secs(&self) -> i64 {
        i64::from(self.commit_secs).saturating_add(i64::from(self.reveal_secs))
    }

    /// Whether a round that starts now ends by the deadline.
    pub fn round_fits(&self, now: i64) -> bool {
        now.saturating_add(self.round_secs()) <= self.deadline
    }

    /// Whether the first round of a shard ends by the deadline, followed by a draw or challenge window and
    /// by the round that decides it.
    pub fn first_round_fits(&self, now: i64) -> bool {
        let Some(mode) = self.mode() else {
            return false;
        };
        let first = first_round_secs(mode, self.round_secs(), self.challenge_secs);
        now.saturating_add(first) <= self.deadline
    }

    /// Whether a provider meets the job's requirements. Price and stake are checked elsewhere.
    pub fn admits(&self, provider: &Provider) -> bool {
        let tag = |required: &[u8; 16], own: &[u8; 16]| *required == [0; 16] || required == own;
        tag(&self.supplier, &provider.supplier)
            && tag(&self.region, &provider.region)
            && provider.score >= self.min_score
            && provider.memory_mb >= self.min_memory_mb
            && provider.cores >= self.min_cores
    }

    /// Accounts for a payment to a provider.
    ///
    /// # Errors
    /// [`MillraceError::InvariantBroken`] if the job holds less than `amount`.
    pub fn pay(&mut self, amount: u64) -> Result<()> {
        self.paid = money::add(self.paid, amount)?;
        self.held().map(|_| ())
    }

    /// Accounts for a fee to the treasury.
    ///
    /// # Errors
    /// Those of [`Job::pay`].
    pub fn charge_fee(&mut self, amount: u64) -> Result<()> {
        self.fee = money::add(self.fee, amount)?;
        self.held().map(|_| ())
    }

    /// Accounts for a refund to the client.
    ///
    /// # Errors
    /// Those of [`Job::pay`].
    pub fn refund(&mut self, amount: u64) -> Result<()> {
        self.refunded = money::add(self.refunded, amount)?;
        self.held().map(|_| ())
    }

    /// Accounts for a lost bond that the job receives.
    pub fn compensate(&mut self, amount: u64) -> Result<()> {
        self.compensated = money::add(self.compensated, amount)?;
        Ok(())
    }

    /// `paid + refunded + fee ≤ deposited + compensated`, and the numbers of shards are consistent.
    pub fn invariant(&self) -> Result<()> {
        self.held()?;
        require!(
            self.ended() <= u64::from(self.shards),
            MillraceError::InvariantBroken
        );
        require!(self.created <= self.shards, MillraceError::InvariantBroken);
        require!(self.live <= self.created, MillraceError::InvariantBroken);
        Ok(())
    }
}

/// Seconds that a shard needs from its first assignment: one round, and in the modes with one seat the
/// draw or challenge window and the round that decides it.
pub fn first_round_secs(mode: Mode, round_secs: i64, challenge_secs: u32) -> i64 {
    let between = match mode {
        Mode::Quorum => return round_secs,
        Mode::Audit => DRAW_SECS,
        Mode::Challenge => challenge_secs,
    };
    let rounds_secs = round_secs.saturating_mul(2);
    rounds_secs.saturating_add(i64::from(between))
}

#[cfg(test)]
mod tests;
