use crate::constants::MAX_PROVIDER_EPOCHS;
use crate::error::MillraceError;
use crate::math::money;
use crate::prelude::*;
use crate::state::Points;

/// A provider: who it is, what it offers, and the books of its stake.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Provider {
    /// Cold key: owns the stake and the earnings.
    pub authority: Pubkey,
    /// Hot key: signs commitments.
    pub operator: Pubkey,
    /// X25519 key for sealed inputs; all zeros where none is offered.
    pub sealing_key: [u8; 32],
    /// Token account that holds the stake.
    pub stake_vault: Pubkey,
    /// Token account that payments go to.
    pub earnings_vault: Pubkey,
    /// Which supplier's machine it is, ASCII padded with zeros.
    pub supplier: [u8; 16],
    /// Where it stands, ASCII padded with zeros.
    pub region: [u8; 16],
    /// Model of its GPUs, ASCII padded with zeros.
    pub gpu_model: [u8; 16],
    /// Asking price, base units of the payment mint per unit.
    pub ask_price: u64,
    /// Stake that backs seats, base units.
    pub active: u64,
    /// Part of the stake that open seats lock, base units.
    pub locked: u64,
    /// Stake on its way out, base units; slashing reaches it.
    pub unbonding: u64,
    /// When the unbonding stake may leave, unix seconds.
    pub unbonding_until: i64,
    /// All stake ever deposited, base units.
    pub deposited: u64,
    /// All stake ever withdrawn, base units.
    pub withdrawn: u64,
    /// All stake ever taken as a penalty, base units.
    pub slashed: u64,
    /// All payments ever received, base units; see [`Provider::credit`] for where they end.
    pub earned: u64,
    /// All of them that were claimed, base units.
    pub claimed: u64,
    /// Rewards that were banked and not claimed, base units of the stake mint.
    pub reward_due: u64,
    /// Verified speed, fuel per second; 0 where not measured.
    pub score: u64,
    /// When it registered, unix seconds.
    pub registered_at: i64,
    /// Seats that agreed with the quorum.
    pub agreed: u32,
    /// Seats that revealed another result than the quorum's.
    pub disagreed: u32,
    /// Seats that did not commit or reveal in time.
    pub late: u32,
    /// Memory, MiB.
    pub memory_mb: u32,
    /// Processor cores.
    pub cores: u16,
    /// GPUs.
    pub gpus: u16,
    /// Seats held now.
    pub open_seats: u16,
    /// Most seats it takes at a time.
    pub max_open_seats: u16,
    /// Bump of this account.
    pub bump: u8,
    /// Layout version.
    pub version: u8,
    /// For later versions.
    pub reserved: [u8; 38],
    /// Points by epoch, not banked yet.
    pub points: [Points; MAX_PROVIDER_EPOCHS],
}

impl ProgramAccount for Provider {}

impl Provider {
    /// Bytes of the account, discriminator included.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

    /// Stake that no seat has locked, base units.
    pub fn free_stake(&self) -> u64 {
        self.active.saturating_sub(self.locked)
    }

    /// Credits a deposit.
    pub fn deposit(&mut self, amount: u64) -> Result<()> {
        self.active = money::add(self.active, amount)?;
        self.deposited = money::add(self.deposited, amount)?;
        Ok(())
    }

    /// Takes a seat: locks `amount` of the free stake.
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
        self.open_seats += 1;
        Ok(())
    }

    /// Leaves a seat: releases the `locked` stake and takes `penalty` of it, the unbonding part
    /// last. Returns what was taken.
    pub fn leave_seat(&mut self, locked: u64, penalty: u64) -> Result<u64> {
        self.locked = money::sub(self.locked, locked)?;
        self.open_seats = self
            .open_seats
            .checked_sub(1)
            .ok_or_else(|| MillraceError::InvariantBroken.into_program_error())?;
        let from_active = penalty.min(self.active);
        let from_unbonding = (penalty - from_active).min(self.unbonding);
        self.active -= from_active;
        self.unbonding -= from_unbonding;
        let taken = from_active + from_unbonding;
        self.slashed = money::add(self.slashed, taken)?;
        Ok(taken)
    }

    /// Moves free stake into unbonding, which starts anew for all that is in it.
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

    /// Books out all stake that has finished unbonding; returns how much.
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

    /// Whether points of `epoch` can be noted: it is known already, or there is room. Points that
    /// find no room are not given, rather than older ones lost.
    pub fn has_room(&self, epoch: u32) -> bool {
        Points::position(&self.points, epoch).is_some()
    }

    /// Notes points.
    pub fn add_points(&mut self, epoch: u32, amount: u64) -> Result<()> {
        if let Some(at) = Points::position(&self.points, epoch) {
            let points = &mut self.points[at];
            points.epoch = epoch;
            points.amount = money::add(points.amount, amount)?;
        }
        Ok(())
    }

    /// Nothing is owed to it or by it, and nobody waits for it.
    pub fn is_settled(&self) -> bool {
        self.open_seats == 0
            && self.active == 0
            && self.unbonding == 0
            && self.earned == self.claimed
            && self.reward_due == 0
            && self.points.iter().all(|points| points.amount == 0)
    }

    /// Credits a payment for a right result.
    pub fn earn(&mut self, amount: u64) -> Result<()> {
        self.credit(amount)?;
        self.agreed = self.agreed.saturating_add(1);
        Ok(())
    }

    /// Credits a payment. Totals that no longer fit begin anew with what is not claimed: what a provider
    /// has earned before must not keep a shard, and everybody at it, from being settled.
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
        // Stake on its way out backs no seat, so that none can be left behind.
        require!(self.locked <= self.active, MillraceError::InvariantBroken);
        require!(self.claimed <= self.earned, MillraceError::InvariantBroken);
        Ok(())
    }
}

/// What a provider offers.
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
    /// Takes over an offer that [`Offer::validate`] has passed. Seats that are taken keep their
    /// price.
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
