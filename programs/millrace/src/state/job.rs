use crate::error::MillraceError;
use crate::math::money;
use crate::state::Provider;
use anchor_lang::prelude::*;

/// A job: its terms, fixed when it is posted, and the books of its escrow.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Job {
    /// The wallet that posted it.
    pub client: Pubkey,
    /// SHA-256 of the canonical manifest.
    pub manifest: [u8; 32],
    /// The orchestrator it asks for; all zeros for any.
    pub orchestrator: Pubkey,
    /// Slot hash taken as the seed of sortition; all zeros until taken.
    pub seed: [u8; 32],
    /// Supplier it requires; all zeros for any.
    pub supplier: [u8; 16],
    /// Region it requires; all zeros for any.
    pub region: [u8; 16],
    /// The client's counter at posting.
    pub nonce: u64,
    /// Most that a unit may cost, base units of the payment mint.
    pub price_cap: u64,
    /// Most units that a shard is paid for.
    pub max_units: u64,
    /// Put into escrow at posting, base units.
    pub deposited: u64,
    /// Paid to providers, base units.
    pub paid: u64,
    /// Given back to the client, base units.
    pub refunded: u64,
    /// Paid to the protocol, base units.
    pub fee: u64,
    /// Slashed stake that came in as compensation, base units.
    pub compensated: u64,
    /// Still in escrow, base units.
    pub held: u64,
    /// Score it requires, fuel per second.
    pub min_score: u64,
    /// When it was posted, unix seconds.
    pub posted_at: i64,
    /// When everything must be settled, unix seconds.
    pub deadline: i64,
    /// Slot in which it was posted.
    pub posted_slot: u64,
    /// Stake that a seat locks, base units of the stake mint.
    pub seat_lock: u64,
    /// Shards.
    pub shards: u32,
    /// Shards handed out so far.
    pub created: u32,
    /// Shards paid.
    pub settled: u32,
    /// Shards without a result.
    pub failed: u32,
    /// Shards cancelled before anyone took a seat.
    pub cancelled: u32,
    /// Shard accounts that exist.
    pub live: u32,
    /// Time to commit, seconds from assignment.
    pub commit_secs: u32,
    /// Time to reveal, seconds from the end of the commit window.
    pub reveal_secs: u32,
    /// Memory it requires, MiB.
    pub min_memory_mb: u32,
    /// Cores it requires.
    pub min_cores: u16,
    /// Protocol fee, basis points, as it was at posting.
    pub fee_bps: u16,
    /// Slash share, basis points, as it was at posting.
    pub slash_bps: u16,
    /// Late share, basis points, as it was at posting.
    pub late_bps: u16,
    /// See [`Scenario`].
    pub scenario: u8,
    /// See [`Mode`].
    pub mode: u8,
    /// See [`Meter`].
    pub meter: u8,
    /// Seats that a shard starts with.
    pub replicas: u8,
    /// Seats that must agree.
    pub quorum: u8,
    /// Seats that a shard may have at the most.
    pub max_replicas: u8,
    /// See [`JobState`].
    pub state: u8,
    /// Bump of this account.
    pub bump: u8,
    /// Layout version.
    pub version: u8,
    /// For later versions.
    pub reserved: [u8; 83],
}

/// What kind of work a job is. Append only.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Scenario {
    /// Any batch computation.
    General = 0,
    /// Training of a model.
    Train = 1,
    /// Inference on a model.
    Inference = 2,
}

/// How results are verified. Append only.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Mode {
    /// `quorum` of the seats must agree.
    Quorum = 0,
}

/// What units count. Append only.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Meter {
    /// 1 unit = 1,000,000 fuel; equal on every machine.
    Fuel = 0,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum JobState {
    /// Shards are handed out.
    Open = 1,
    /// The client cancelled what no seat had taken; the rest goes on.
    Cancelled = 2,
    /// The deadline passed; what was handed out is wound up.
    Expired = 3,
}

impl Job {
    /// Bytes of the account, discriminator included.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

    /// The state; `None` for a number that this version does not know.
    pub fn state(&self) -> Option<JobState> {
        match self.state {
            1 => Some(JobState::Open),
            2 => Some(JobState::Cancelled),
            3 => Some(JobState::Expired),
            _ => None,
        }
    }

    /// Most that one shard can cost, base units.
    pub fn shard_cost(&self) -> Result<u64> {
        money::shard_cost(
            self.price_cap,
            self.max_units,
            self.max_replicas,
            self.fee_bps,
        )
    }

    /// Shards that nobody has taken a seat at and nobody has given up.
    pub fn unassigned(&self) -> u32 {
        match self.state() {
            Some(JobState::Open) => self.shards.saturating_sub(self.created),
            _ => 0,
        }
    }

    /// Every shard is paid, failed or cancelled.
    pub fn is_finished(&self) -> bool {
        u64::from(self.settled) + u64::from(self.failed) + u64::from(self.cancelled)
            == u64::from(self.shards)
    }

    /// A whole round of work, commit and reveal, ends by the deadline if it starts now.
    pub fn round_fits(&self, now: i64) -> bool {
        let round = i64::from(self.commit_secs) + i64::from(self.reveal_secs);
        now.saturating_add(round) <= self.deadline
    }

    /// Whether a provider meets the requirement; price and stake are looked at elsewhere.
    pub fn admits(&self, provider: &Provider) -> bool {
        let tag = |wanted: &[u8; 16], has: &[u8; 16]| *wanted == [0; 16] || wanted == has;
        tag(&self.supplier, &provider.supplier)
            && tag(&self.region, &provider.region)
            && provider.score >= self.min_score
            && provider.memory_mb >= self.min_memory_mb
            && provider.cores >= self.min_cores
    }

    /// Moves `amount` from held to paid.
    pub fn pay(&mut self, amount: u64) -> Result<()> {
        self.held = money::sub(self.held, amount)?;
        self.paid = money::add(self.paid, amount)?;
        Ok(())
    }

    /// Moves `amount` from held to fee.
    pub fn charge_fee(&mut self, amount: u64) -> Result<()> {
        self.held = money::sub(self.held, amount)?;
        self.fee = money::add(self.fee, amount)?;
        Ok(())
    }

    /// Moves `amount` from held to refunded.
    pub fn refund(&mut self, amount: u64) -> Result<()> {
        self.held = money::sub(self.held, amount)?;
        self.refunded = money::add(self.refunded, amount)?;
        Ok(())
    }

    /// Takes in slashed stake as compensation.
    pub fn compensate(&mut self, amount: u64) -> Result<()> {
        self.held = money::add(self.held, amount)?;
        self.compensated = money::add(self.compensated, amount)?;
        Ok(())
    }

    /// `paid + refunded + fee + held == deposited + compensated`, and the shards add up.
    pub fn invariant(&self) -> Result<()> {
        let out = money::add(money::add(self.paid, self.refunded)?, self.fee)?;
        let all = money::add(self.deposited, self.compensated)?;
        require!(
            money::add(out, self.held)? == all,
            MillraceError::InvariantBroken
        );
        let ended = u64::from(self.settled) + u64::from(self.failed) + u64::from(self.cancelled);
        require!(
            ended <= u64::from(self.shards),
            MillraceError::InvariantBroken
        );
        require!(self.created <= self.shards, MillraceError::InvariantBroken);
        require!(self.live <= self.created, MillraceError::InvariantBroken);
        Ok(())
    }
}
