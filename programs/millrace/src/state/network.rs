use crate::constants::*;
use crate::error::MillraceError;
use anchor_lang::prelude::*;

/// The network's parameters: read by every instruction, written by its authority alone.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Network {
    /// Random id, fixed at initialization: nothing signed for one network holds on another.
    pub network_id: [u8; 32],
    /// Key that registers orchestrators and sets parameters.
    pub authority: Pubkey,
    /// Key that may accept the authority; all zeros where none is proposed.
    pub pending_authority: Pubkey,
    /// Key that may pause and resume.
    pub pauser: Pubkey,
    /// Mint of stake, fixed.
    pub stake_mint: Pubkey,
    /// Mint of payments, fixed.
    pub payment_mint: Pubkey,
    /// Least stake of a provider that takes seats, base units of the stake mint.
    pub min_stake: u64,
    /// Stake that a seat locks, in basis points of its highest price. Where the mints differ it
    /// also stands for their exchange rate.
    pub lock_bps: u64,
    /// Time between a request to unstake and the withdrawal, seconds.
    pub unbonding_secs: u32,
    /// Shortest commit or reveal window, seconds.
    pub min_window_secs: u32,
    /// Longest commit or reveal window, seconds.
    pub max_window_secs: u32,
    /// Furthest deadline, seconds after posting.
    pub max_deadline_secs: u32,
    /// Most shards of a job.
    pub max_shards: u32,
    /// Protocol fee on what providers are paid, basis points.
    pub fee_bps: u16,
    /// Share of the locked stake that a wrong result loses, basis points.
    pub slash_bps: u16,
    /// Share of the locked stake that a late seat loses, basis points.
    pub late_bps: u16,
    /// Most seats of a shard.
    pub max_replicas: u8,
    /// 1 while new stakes, jobs and assignments are paused.
    pub paused: u8,
    /// Bump of this account.
    pub bump: u8,
    /// Layout version.
    pub version: u8,
    /// Bumps of the treasury vaults for the payment mint; 0 where not opened.
    pub payment_treasury_bumps: [u8; TREASURY_BUCKETS as usize],
    /// Bumps of the treasury vaults for the stake mint; 0 where not opened.
    pub stake_treasury_bumps: [u8; TREASURY_BUCKETS as usize],
    /// For later versions.
    pub reserved: [u8; 186],
}

/// The parameters that the authority chooses.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkParameters {
    /// See [`Network::min_stake`].
    pub min_stake: u64,
    /// See [`Network::lock_bps`].
    pub lock_bps: u64,
    /// See [`Network::unbonding_secs`].
    pub unbonding_secs: u32,
    /// See [`Network::min_window_secs`].
    pub min_window_secs: u32,
    /// See [`Network::max_window_secs`].
    pub max_window_secs: u32,
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
}

impl NetworkParameters {
    /// # Errors
    /// [`MillraceError::ParameterOutOfBounds`] where a value leaves its constant bounds, or where
    /// unbonding would not outlast the longest job.
    pub fn validate(&self) -> Result<()> {
        let bps = |share: u16| u64::from(share) <= BPS;
        let fits = self.min_stake > 0
            && (1..=MAX_LOCK_BPS).contains(&self.lock_bps)
            && self.min_window_secs >= 1
            && self.min_window_secs <= self.max_window_secs
            && self.max_window_secs <= MAX_WINDOW_SECS
            && (1..=MAX_DEADLINE_SECS).contains(&self.max_deadline_secs)
            && self.unbonding_secs >= self.max_deadline_secs
            && self.unbonding_secs <= MAX_UNBONDING_SECS
            && (1..=MAX_SHARDS).contains(&self.max_shards)
            && self.fee_bps <= MAX_FEE_BPS
            && bps(self.slash_bps)
            && bps(self.late_bps)
            && (1..=MAX_SEATS).contains(&usize::from(self.max_replicas));
        require!(fits, MillraceError::ParameterOutOfBounds);
        Ok(())
    }
}

impl Network {
    /// Bytes of the account, discriminator included.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

    /// Takes over parameters that [`NetworkParameters::validate`] has passed.
    pub fn set_parameters(&mut self, p: &NetworkParameters) {
        self.min_stake = p.min_stake;
        self.lock_bps = p.lock_bps;
        self.unbonding_secs = p.unbonding_secs;
        self.min_window_secs = p.min_window_secs;
        self.max_window_secs = p.max_window_secs;
        self.max_deadline_secs = p.max_deadline_secs;
        self.max_shards = p.max_shards;
        self.fee_bps = p.fee_bps;
        self.slash_bps = p.slash_bps;
        self.late_bps = p.late_bps;
        self.max_replicas = p.max_replicas;
    }

    /// # Errors
    /// [`MillraceError::NetworkPaused`].
    pub fn require_running(&self) -> Result<()> {
        require!(self.paused == 0, MillraceError::NetworkPaused);
        Ok(())
    }

    /// Whether slashed stake and payments are the same token, so that one can make up for the other.
    pub fn one_mint(&self) -> bool {
        self.stake_mint == self.payment_mint
    }

    /// Bump of the treasury vault for `mint` in `bucket`.
    ///
    /// # Errors
    /// [`MillraceError::TreasuryBucket`] where it is not open.
    pub fn treasury_bump(&self, mint: &Pubkey, bucket: u8) -> Result<u8> {
        let bumps = if *mint == self.payment_mint {
            &self.payment_treasury_bumps
        } else {
            &self.stake_treasury_bumps
        };
        match bumps.get(usize::from(bucket)) {
            Some(bump) if *bump != 0 => Ok(*bump),
            _ => err!(MillraceError::TreasuryBucket),
        }
    }

    /// Notes the bump of a treasury vault that was just opened.
    ///
    /// # Errors
    /// [`MillraceError::TreasuryBucket`] where the bucket is out of range,
    /// [`MillraceError::MintNotSupported`] where the mint is neither of the network's.
    pub fn note_treasury(&mut self, mint: &Pubkey, bucket: u8, bump: u8) -> Result<()> {
        let at = usize::from(bucket);
        require!(bucket < TREASURY_BUCKETS, MillraceError::TreasuryBucket);
        let (payment, stake) = (*mint == self.payment_mint, *mint == self.stake_mint);
        require!(payment || stake, MillraceError::MintNotSupported);
        if payment {
            self.payment_treasury_bumps[at] = bump;
        }
        if stake {
            self.stake_treasury_bumps[at] = bump;
        }
        Ok(())
    }
}

/// The treasury bucket that a job pays into.
pub fn treasury_bucket(job: &Pubkey) -> u8 {
    job.to_bytes()[0] % TREASURY_BUCKETS
}
