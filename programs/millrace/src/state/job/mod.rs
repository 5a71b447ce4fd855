use crate::constants::DRAW_SECS;
use crate::error::MillraceError;
use crate::math::money;
use crate::prelude::*;
use crate::state::Provider;

/// A job: its terms, fixed when it is posted, and the books of its escrow. The only shard of a job
/// lies behind it in the same account; see [`crate::state::ShardStore`].
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
    /// Supplier it requires; all zeros for any.
    pub supplier: [u8; 16],
    /// Region it requires; all zeros for any.
    pub region: [u8; 16],
    /// Seed of sortition: the beginning of a slot's hash; 0 until taken.
    pub seed: u64,
    /// The seed is the hash of the first block after this slot: that of posting, unless nobody took
    /// it while the chain remembered it.
    pub seed_slot: u64,
    /// The client's counter at posting.
    pub nonce: u64,
    /// Most that a unit may cost, base units of the payment mint.
    pub price_cap: u64,
    /// Most units that a shard is paid for.
    pub max_units: u64,
    /// Put into escrow by the client, base units.
    pub deposited: u64,
    /// Paid to providers, base units.
    pub paid: u64,
    /// Given back to the client, base units.
    pub refunded: u64,
    /// Paid to the protocol, base units.
    pub fee: u64,
    /// Slashed stake and lost bonds that came in as compensation, base units.
    pub compensated: u64,
    /// Bonds of open challenges, base units; in the escrow vault, and not the client's.
    pub bonded: u64,
    /// Score it requires, fuel per second.
    pub min_score: u64,
    /// When it was posted, unix seconds.
    pub posted_at: i64,
    /// When everything must be settled, unix seconds.
    pub deadline: i64,
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
    /// Time to challenge a result, seconds from its reveal; 0 where it can't be challenged.
    pub challenge_secs: u32,
    /// Time to decline a seat, seconds from its assignment, as it was at posting.
    pub accept_secs: u32,
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
    /// Cranker's share of a penalty, basis points, as it was at posting.
    pub bounty_bps: u16,
    /// How often an audit is drawn, basis points; 0 where none is.
    pub audit_bps: u16,
    /// See [`Scenario`].
    pub scenario: u8,
    /// See [`Mode`].
    pub mode: u8,
    /// See [`Meter`].
    pub meter: u8,
    /// Seats that a shard starts with.
    pub replicas: u8,
    /// Seats that must agree where there is more than one.
    pub quorum: u8,
    /// Seats that a shard may have at the most.
    pub max_replicas: u8,
    /// Slots over which the draw of an audit is spread, as it was at posting.
    pub draw_slots: u8,
    /// See [`JobState`].
    pub state: u8,
    /// Bump of this account.
    pub bump: u8,
    /// Layout version.
    pub version: u8,
    /// For later versions.
    pub reserved: [u8; 6],
}

/// What kind of work a job is. Append only.
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
    /// `quorum` of the seats must agree.
    Quorum,
    /// One seat, and after its commitment a draw that decides whether others recompute it.
    Audit,
    /// One seat, whose result stands unless somebody challenges it in time.
    Challenge,
}

/// What units count. Append only.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Meter {
    /// 1 unit = 1,000,000 fuel; equal on every machine.
    Fuel,
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

impl ProgramAccount for Job {}

impl Job {
    /// Bytes of the account, discriminator included.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

    /// Still in escrow for this job, base units; bonds are not in it.
    ///
    /// # Errors
    /// [`MillraceError::InvariantBroken`] where more went out than came in.
    pub fn held(&self) -> Result<u64> {
        let came = self.deposited.checked_add(self.compensated);
        let went = self
            .paid
            .checked_add(self.refunded)
            .and_then(|sum| sum.checked_add(self.fee));
        match (came, went) {
            (Some(came), Some(went)) if went <= came => Ok(came - went),
            _ => err!(MillraceError::InvariantBroken),
        }
    }

    /// How it is verified; `None` for a number that this version does not know.
    pub fn mode(&self) -> Option<Mode> {
        match self.mode {
            0 => Some(Mode::Quorum),
            1 => Some(Mode::Audit),
            2 => Some(Mode::Challenge),
            _ => None,
        }
    }

    /// Seats that must agree at a shard which nobody has drawn or challenged.
    pub fn first_quorum(&self) -> u8 {
        match self.mode() {
            Some(Mode::Audit | Mode::Challenge) => 1,
            _ => self.quorum,
        }
    }

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

    /// Length of a round of work, commit and reveal, seconds.
    pub fn round_secs(&self) -> i64 {
        i64::from(self.commit_secs) + i64::from(self.reveal_secs)
    }

    /// A whole round of work ends by the deadline if it starts now.
    pub fn round_fits(&self, now: i64) -> bool {
        now.saturating_add(self.round_secs()) <= self.deadline
    }

    /// The first round of a shard fits, with the time for a draw or a challenge and for the round
    /// that decides it.
    pub fn first_round_fits(&self, now: i64) -> bool {
        let Some(mode) = self.mode() else {
            return false;
        };
        let first = first_round_secs(mode, self.round_secs(), self.challenge_secs);
        now.saturating_add(first) <= self.deadline
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

    /// Pays `amount` to a provider.
    ///
    /// # Errors
    /// [`MillraceError::InvariantBroken`] where the job does not hold so much.
    pub fn pay(&mut self, amount: u64) -> Result<()> {
        self.paid = money::add(self.paid, amount)?;
        self.held().map(|_| ())
    }

    /// Pays `amount` to the protocol.
    ///
    /// # Errors
    /// As [`Job::pay`].
    pub fn charge_fee(&mut self, amount: u64) -> Result<()> {
        self.fee = money::add(self.fee, amount)?;
        self.held().map(|_| ())
    }

    /// Gives `amount` back to the client.
    ///
    /// # Errors
    /// As [`Job::pay`].
    pub fn refund(&mut self, amount: u64) -> Result<()> {
        self.refunded = money::add(self.refunded, amount)?;
        self.held().map(|_| ())
    }

    /// Takes in slashed stake or a lost bond as compensation.
    pub fn compensate(&mut self, amount: u64) -> Result<()> {
        self.compensated = money::add(self.compensated, amount)?;
        Ok(())
    }

    /// `paid + refunded + fee ≤ deposited + compensated`, and the shards add up.
    pub fn invariant(&self) -> Result<()> {
        self.held()?;
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

/// Length of a shard's first round, seconds, with the time for a draw or a challenge and for the round
/// that decides it.
pub fn first_round_secs(mode: Mode, round_secs: i64, challenge_secs: u32) -> i64 {
    let between = match mode {
        Mode::Quorum => return round_secs,
        Mode::Audit => DRAW_SECS,
        Mode::Challenge => challenge_secs,
    };
    round_secs.saturating_mul(2) + i64::from(between)
}

#[cfg(test)]
mod tests;
