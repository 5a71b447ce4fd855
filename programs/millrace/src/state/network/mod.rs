use crate::constants::*;
use crate::error::MillraceError;
use crate::prelude::*;

/// The network: its keys, mints and parameters. Only the network's authority and pauser change it.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Network {
    /// Random id, fixed at initialization. A signature for one network is not valid on another.
    pub network_id: [u8; 32],
    /// Key that registers orchestrators and sets parameters.
    pub authority: Pubkey,
    /// Key that may accept the authority; all zeros if none is proposed.
    pub pending_authority: Pubkey,
    /// Key that may pause and resume.
    pub pauser: Pubkey,
    /// Mint of stake and of rewards, fixed.
    pub stake_mint: Pubkey,
    /// Mint of payments, fixed.
    pub payment_mint: Pubkey,
    /// Minimum stake of a provider that takes seats, base units of the stake mint.
    pub min_stake: u64,
    /// Minimum bond of an orchestrator that assigns seats, base units of the stake mint.
    pub min_bond: u64,
    /// Stake that a seat locks, in basis points of the seat's highest price. If the mints differ, the
    /// exchange rate is part of this number.
    pub lock_bps: u64,
    /// Initial threshold of sortition: chances in 2^64 for each base unit of free stake. The maximum
    /// admits every provider at once. See [`crate::math::sortition`].
    pub sortition_start: u64,
    /// Maximum rewards of an epoch, basis points of its points, which are fees. If the mints differ, the
    /// exchange rate is part of this number.
    pub reward_bps: u64,
    /// Start of epoch 0, unix seconds, fixed.
    pub epochs_started_at: i64,
    /// Rewards of epoch 0, base units of the stake mint, fixed.
    pub emission: u64,
    /// Length of an epoch, seconds, fixed.
    pub epoch_secs: u32,
    /// Epochs after which the rewards of an epoch halve, fixed.
    pub halving_epochs: u32,
    /// Time between a request to unstake and the withdrawal, seconds.
    pub unbonding_secs: u32,
    /// Shortest commit, reveal or challenge window, seconds.
    pub min_window_secs: u32,
    /// Longest commit, reveal or challenge window, seconds.
    pub max_window_secs: u32,
    /// Time in which a seat may be declined, seconds from its assignment.
    pub accept_secs: u32,
    /// Latest deadline, seconds after posting.
    pub max_deadline_secs: u32,
    /// Maximum number of shards of a job.
    pub max_shards: u32,
    /// Protocol fee, basis points of the payments to providers.
    pub fee_bps: u16,
    /// Share of the locked stake that a wrong result loses, basis points.
    pub slash_bps: u16,
    /// Share of the locked stake that a late seat loses, basis points.
    pub late_bps: u16,
    /// Maximum number of seats of a shard.
    pub max_replicas: u8,
    /// Slots over which the draw of an audit is spread.
    pub draw_slots: u8,
    /// 1 while new stakes, jobs and assignments are paused.
    pub paused: u8,
    pub bump: u8,
    pub version: u8,
    /// Reserved for later versions.
    pub reserved: [u8; 117],
}

/// The parameters that the network's authority sets. A change applies to what happens later; a posted job
/// keeps its terms.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkParameters {
    /// See [`Network::min_stake`].
    pub min_stake: u64,
    /// See [`Network::min_bond`].
    pub min_bond: u64,
    /// See [`Network::lock_bps`].
    pub lock_bps: u64,
    /// See [`Network::sortition_start`].
    pub sortition_start: u64,
    /// See [`Network::reward_bps`].
    pub reward_bps: u64,
    /// See [`Network::unbonding_secs`].
    pub unbonding_secs: u32,
    /// See [`Network::min_window_secs`].
    pub min_window_secs: u32,
    /// See [`Network::max_window_secs`].
    pub max_window_secs: u32,
    /// See [`Network::accept_secs`].
    pub accept_secs: u32,
    /// See [`Network::max_deadline_secs`].
    pub max_deadline_secs: u32,
    /// See [`Network::max_shards`].
    pub max_shards: u32,
    /// See [`Network::fee_bps`].
    pub fee_bps: u16,
    /// See [`Network::slash_bps`].
    pub slash_bps: u16,
    /// See [`Network::late_bps`].
    pub late_bps: u16,
    /// See [`Network::max_replicas`].
    pub max_replicas: u8,
    /// See [`Network::draw_slots`].
    pub draw_slots: u8,
}

/// The schedule of rewards, fixed at initialization.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct RewardSchedule {
    /// See [`Network::epoch_secs`].
    pub epoch_secs: u32,
    /// See [`Network::emission`].
    pub emission: u64,
    /// See [`Network::halving_epochs`].
    pub halving_epochs: u32,
}

impl RewardSchedule {
    /// # Errors
    /// [`MillraceError::ParameterOutOfBounds`].
    pub fn validate(&self) -> Result<()> {
        let fits =
            (MIN_EPOCH_SECS..=MAX_EPOCH_SECS).contains(&self.epoch_secs) && self.halving_epochs > 0;
        require!(fits, MillraceError::ParameterOutOfBounds);
        Ok(())
    }
}

impl NetworkParameters {
    /// # Errors
    /// [`MillraceError::ParameterOutOfBounds`] if a value is outside its constant bounds, or if unbonding
    /// would not outlast the longest job. `single_mint` is whether stake and payments are the same token.
    pub fn validate(&self, single_mint: bool) -> Result<()> {
        let bps = |share: u16| u64::from(share) <= BPS;
        let fits = self.min_stake > 0
            && (!single_mint || self.reward_bps <= BPS)
            && (1..=MAX_LOCK_BPS).contains(&self.lock_bps)
            && self.sortition_start > 0
            && u64::from(self.min_window_secs)
                > u64::from(self.accept_secs).saturating_add(u64::from(LANDING_SECS))
            && self.min_window_secs <= self.max_window_secs
            && self.max_window_secs <= MAX_WINDOW_SECS
            && (1..=MAX_DEADLINE_SECS).contains(&self.max_deadline_secs)
            && self.unbonding_secs >= self.max_deadline_secs
            && self.unbonding_secs <= MAX_UNBONDING_SECS
            && (1..=MAX_SHARDS).contains(&self.max_shards)
            && self.fee_bps <= MAX_FEE_BPS
            && bps(self.slash_bps)
            && self.late_bps <= MAX_LATE_BPS
            && (1..=MAX_SEATS).contains(&usize::from(self.max_replicas))
            && (1..=MAX_DRAW_SLOTS).contains(&self.draw_slots);
        require!(fits, MillraceError::ParameterOutOfBounds);
        Ok(())
    }
}

impl ProgramAccount for Network {}

impl Network {
    /// Bytes of the account, including the discriminator.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

    /// Copies parameters that [`NetworkParameters::validate`] has accepted.
    pub fn set_parameters(&mut self, p: &NetworkParameters) {
        self.min_stake = p.min_stake;
        self.min_bond = p.min_bond;
        self.lock_bps = p.lock_bps;
        self.sortition_start = p.sortition_start;
        self.reward_bps = p.reward_bps;
        self.unbonding_secs = p.unbonding_secs;
        self.min_window_secs = p.min_window_secs;
        self.max_window_secs = p.max_window_secs;
        self.accept_secs = p.accept_secs;
        self.max_deadline_secs = p.max_deadline_secs;
        self.max_shards = p.max_shards;
        self.fee_bps = p.fee_bps;
        self.slash_bps = p.slash_bps;
        self.late_bps = p.late_bps;
        self.max_replicas = p.max_replicas;
        self.draw_slots = p.draw_slots;
    }

    /// # Errors
    /// [`MillraceError::NetworkPaused`].
    pub fn require_running(&self) -> Result<()> {
        require!(self.paused == 0, MillraceError::NetworkPaused);
        Ok(())
    }

    /// Whether stake and payments are the same token, so that rewards and fees can be compared.
    pub fn has_single_mint(&self) -> bool {
        self.stake_mint == self.payment_mint
    }

    /// The epoch at `now`, unix seconds.
    pub fn epoch_at(&self, now: i64) -> u32 {
        let since = u64::try_from(now.saturating_sub(self.epochs_started_at)).unwrap_or(0);
        // Only a network that is not initialized has epochs of zero seconds.
        let number = since.checked_div(u64::from(self.epoch_secs)).unwrap_or(0);
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// End of an epoch, unix seconds, exclusive.
    pub fn epoch_end(&self, number: u32) -> i64 {
        let length = i64::from(self.epoch_secs);
        let next = i64::from(number).saturating_add(1);
        self.epochs_started_at
            .saturating_add(next.saturating_mul(length))
    }

    /// Rewards of an epoch with these points, base units: by the schedule, and at most a share of the fees
    /// that its settlements took. With one mint that share is at most the whole, so a client that is its own
    /// provider is rewarded with at most the fees that it paid.
    pub fn emission(&self, number: u32, points: u64) -> u64 {
        let bound = u128::from(points).saturating_mul(u128::from(self.reward_bps));
        let bound = bound.checked_div(u128::from(BPS)).unwrap_or(0);
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        self.scheduled_emission(number).min(bound)
    }

    /// Rewards of an epoch by the schedule, base units: they halve every `halving_epochs`, as Bitcoin's
    /// do.
    pub fn scheduled_emission(&self, number: u32) -> u64 {
        let halvings = number.checked_div(self.halving_epochs).unwrap_or(u32::MAX);
        self.emission.checked_shr(halvings).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
