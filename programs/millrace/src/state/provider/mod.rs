use crate::constants::MAX_PROVIDER_EPOCHS;
use crate::error::MillraceError;
use crate::math::money;
use crate::prelude::*;
use crate::state::Points;

/// A provider: its keys, its offer, its stake and its earnings.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Provider {
    /// Cold key, which owns the stake and the earnings.
    pub authority: Pubkey,
    /// Hot key, which signs commitments.
    pub operator: Pubkey,
    /// X25519 key for sealed inputs; all zeros if none is offered.
    pub sealing_key: [u8; 32],
    /// Token account of the stake.
    pub stake_vault: Pubkey,
    /// Token account of the payments.
    pub earnings_vault: Pubkey,
    /// Supplier of the machine, ASCII padded with zeros.
    pub supplier: [u8; 16],
    /// Region of the machine, ASCII padded with zeros.
    pub region: [u8; 16],
    /// Model of the GPUs, ASCII padded with zeros.
    pub gpu_model: [u8; 16],
    /// Asking price, base units of the payment mint per unit.
    pub ask_price: u64,
    /// Stake that can back seats, base units.
    pub active: u64,
    /// Part of the active stake that open seats lock, base units.
    pub locked: u64,
    /// Stake that is being withdrawn, base units. It can still be slashed.
    pub unbonding: u64,
    /// Time from which the unbonding stake can be withdrawn, unix seconds.
    pub unbonding_until: i64,
    /// Sum of all stake deposited, base units.
    pub deposited: u64,
    /// Sum of all stake withdrawn, base units.
    pub withdrawn: u64,
    /// Sum of all stake taken as penalties, base units.
    pub slashed: u64,
    /// Sum of all payments received, base units. See [`Provider::credit`] for overflow.
    pub earned: u64,
    /// Sum of all payments claimed, base units.
    pub claimed: u64,
    /// Rewards banked but not claimed, base units of the stake mint.
    pub reward_due: u64,
    /// Verified speed, fuel per second; 0 if not measured.
    pub score: u64,
    /// Maximum stake that one seat may lock, base units.
    pub max_seat_lock: u64,
    /// Time of registration, unix seconds.
    pub registered_at: i64,
    /// Seats that agreed with the quorum.
    pub agreed: u32,
    /// Seats that revealed a different result from the quorum's.
    pub disagreed: u32,
    /// Seats that did not commit or reveal in time.
    pub late: u32,
    /// Memory, MiB.
    pub memory_mb: u32,
    pub cores: u16,
    /// Number of GPUs.
    pub gpus: u16,
    /// Seats that the provider holds now.
    pub open_seats: u16,
    /// Maximum number of seats that the provider holds at a time.
    pub max_open_seats: u16,
    pub bump: u8,
    pub version: u8,
    /// Reserved for later versions.
    pub reserved: [u8; 30],
    /// Points by epoch, until they are banked.
    pub points: [Points; MAX_PROVIDER_EPOCHS],
}

impl ProgramAccount for Provider {}

impl Provider {
    /// Bytes of the account, including the discriminator.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

    /// Stake that no seat has locked, base units.
    pub fn free_stake(&self) -> u64 {
        self.active.saturating_sub(self.locked)
    }

    pub fn deposit(&mut self, amount: u64) -> Result<()> {
        self.active = money::add(self.active, amount)?;
        self.deposited = money::add(self.deposited, amount)?;
        Ok(())
    }

    /// Takes a seat, which locks `amount` of the free stake.
    ///
    /// # Errors
    /// [`MillraceError::ProviderAtCapacity`], [`MillraceError::InsufficientFreeStake`].
    pub fn take_seat(&mut self, amount: u64) -> Result<()> {
        require!(
            self.open_seats < self.max_open_seats,
            MillraceError::ProviderAtCapacity
        );
        require!(
            self.free_stake() >= amount,
            MillraceError::InsufficientFreeStake
        );
        self.locked = money::add(self.locked, amount)?;
        self.open_seats = self.open_seats.saturating_add(1);
        Ok(())
    }

    /// Leaves a seat: unlocks the `locked` stake and takes `penalty` from the active stake, then from the
    /// unbonding stake. Returns the amount taken.
    pub fn leave_seat(&mut self, locked: u64, penalty: u64) -> Result<u64> {
        self.locked = money::sub(self.locked, locked)?;
        self.open_seats = self
            .open_seats
            .checked_sub(1)
            .ok_or_else(|| MillraceError::InvariantBroken.into_program_error())?;
        let from_active = penalty.min(self.active);
        let from_unbonding = penalty.saturating_sub(from_active).min(self.unbonding);
        self.active = money::sub(self.active, from_active)?;
        self.unbonding = money::sub(self.unbonding, from_unbonding)?;
        let taken = money::add(from_active, from_unbonding)?;
        self.slashed = money::add(self.slashed, taken)?;
        Ok(taken)
    }

    /// Moves free stake into unbonding. The wait restarts for all stake that is unbonding.
    ///
    /// # Errors
    /// [`MillraceError::InsufficientFreeStake`].
    pub fn unbond(&mut self, amount: u64, until: i64) -> Result<()> {
        require!(
            self.free_stake() >= amount,
            MillraceError::InsufficientFreeStake
        );
        self.active = money::sub(self.active, amount)?;
        self.unbonding = money::add(self.unbonding, amount)?;
        self.unbonding_until = until;
        Ok(())
    }

    /// Withdraws all stake that has finished unbonding, and returns the amount.
    ///
    /// # Errors
    /// [`MillraceError::AmountZero`], [`MillraceError::TooEarly`].
    pub fn withdraw(&mut self, now: i64) -> Result<u64> {
        require!(self.unbonding > 0, MillraceError::AmountZero);
        require!(now >= self.unbonding_until, MillraceError::TooEarly);
        let amount = std::mem::take(&mut self.unbonding);
        self.withdrawn = money::add(self.withdrawn, amount)?;
        self.unbonding_until = 0;
        Ok(amount)
    }

    /// Whether points of `epoch` can be added: it has an entry, or an entry is free. Without room the
    /// points are not given, so that older points are not lost.
    pub fn has_room(&self, epoch: u32) -> bool {
        Points::position(&self.points, epoch).is_some()
    }

    /// Adds points, if there is room for the epoch.
    pub fn add_points(&mut self, epoch: u32, amount: u64) -> Result<()> {
        if let Some(at) = Points::position(&self.points, epoch) {
            let points = &mut self.points[at];
            points.epoch = epoch;
            points.amount = money::add(points.amount, amount)?;
        }
        Ok(())
    }

    /// Whether the provider has no seats, stake, earnings, rewards or points, so that it can be closed.
    pub fn is_settled(&self) -> bool {
        self.open_seats == 0
            && self.active == 0
            && self.unbonding == 0
            && self.earned == self.claimed
            && self.reward_due == 0
            && self.points.iter().all(|points| points.amount == 0)
    }

    /// Credits the payment of a seat that agreed with the quorum.
    pub fn earn(&mut self, amount: u64) -> Result<()> {
        self.credit(amount)?;
        self.agreed = self.agreed.saturating_add(1);
        Ok(())
    }

    /// Credits a payment. If the total would overflow, the totals restart from what is not claimed: past
    /// earnings of one provider must not prevent the settlement of a shard.
    pub fn credit(&mut self, amount: u64) -> Result<()> {
        if self.earned.checked_add(amount).is_none() {
            self.earned = money::sub(self.earned, self.claimed)?;
            self.claimed = 0;
        }
        self.earned = money::add(self.earned, amount)?;
        Ok(())
    }

    /// `active + unbonding + slashed + withdrawn == deposited`, `locked ≤ active`,
    /// `claimed ≤ earned`.
    pub fn invariant(&self) -> Result<()> {
        let held = money::add(self.active, self.unbonding)?;
        let gone = money::add(self.slashed, self.withdrawn)?;
        require!(
            money::add(held, gone)? == self.deposited,
            MillraceError::InvariantBroken
        );
        // Unbonding stake backs no seat, so that the stake of every open seat stays.
        require!(self.locked <= self.active, MillraceError::InvariantBroken);
        require!(self.claimed <= self.earned, MillraceError::InvariantBroken);
        Ok(())
    }
}

/// A provider's offer.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// See [`Provider::sealing_key`].
    pub sealing_key: [u8; 32],
    /// See [`Provider::supplier`].
    pub supplier: [u8; 16],
    /// See [`Provider::region`].
    pub region: [u8; 16],
    /// See [`Provider::gpu_model`].
    pub gpu_model: [u8; 16],
    /// See [`Provider::ask_price`].
    pub ask_price: u64,
    /// See [`Provider::memory_mb`].
    pub memory_mb: u32,
    /// See [`Provider::cores`].
    pub cores: u16,
    /// See [`Provider::gpus`].
    pub gpus: u16,
    /// See [`Provider::max_open_seats`].
    pub max_open_seats: u16,
    /// See [`Provider::max_seat_lock`].
    pub max_seat_lock: u64,
}

impl Offer {
    /// # Errors
    /// [`MillraceError::PriceZero`], [`MillraceError::SeatsZero`], [`MillraceError::TagInvalid`].
    pub fn validate(&self) -> Result<()> {
        require!(self.ask_price > 0, MillraceError::PriceZero);
        require!(self.max_open_seats > 0, MillraceError::SeatsZero);
        validate_tag(&self.supplier)?;
        validate_tag(&self.region)?;
        validate_tag(&self.gpu_model)
    }
}

impl Provider {
    /// Copies an offer that [`Offer::validate`] has accepted. Seats already taken keep their price.
    pub fn set_offer(&mut self, offer: &Offer) {
        self.sealing_key = offer.sealing_key;
        self.supplier = offer.supplier;
        self.region = offer.region;
        self.gpu_model = offer.gpu_model;
        self.ask_price = offer.ask_price;
        self.memory_mb = offer.memory_mb;
        self.cores = offer.cores;
        self.gpus = offer.gpus;
        self.max_open_seats = offer.max_open_seats;
        self.max_seat_lock = offer.max_seat_lock;
    }
}

/// # Errors
/// [`MillraceError::TagInvalid`] unless `tag` is printable ASCII padded with zeros.
pub fn validate_tag(tag: &[u8]) -> Result<()> {
    let end = tag.iter().position(|b| *b == 0).unwrap_or(tag.len());
    let (text, padding) = tag.split_at(end);
    let valid = text.iter().all(u8::is_ascii_graphic) && padding.iter().all(|b| *b == 0);
    require!(valid, MillraceError::TagInvalid);
    Ok(())
}

#[cfg(test)]
mod tests;
