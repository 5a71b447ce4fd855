//! Registration, stake and exits of providers; clients.

use crate::rules::jobs::rent;
use crate::world::{
    Client, IN_USE, Mint, ModelResult, NOT_THERE, Party, Provider, Vault, World, need,
};

/// Sizes of a provider's account and of a client's.
const PROVIDER_BYTES: u64 = 512;
const CLIENT_BYTES: u64 = 128;

impl World {
    /// Rent of a vault.
    pub(crate) fn vault_rent(&self, mint: Mint) -> u64 {
        rent(self.vault_bytes[usize::from(mint == Mint::Payment)])
    }

    /// Rent of a provider's three accounts.
    pub(crate) fn provider_rent(&self) -> u64 {
        rent(PROVIDER_BYTES) + self.vault_rent(Mint::Stake) + self.vault_rent(Mint::Payment)
    }

    /// Rent of a client's two accounts.
    pub(crate) fn client_rent(&self) -> u64 {
        rent(CLIENT_BYTES) + self.vault_rent(Mint::Payment)
    }

    /// `open_client`.
    pub(crate) fn open_client(&mut self, by: usize) -> ModelResult {
        need(!self.clients[by].opened, IN_USE)?;
        self.clients[by] = Client {
            opened: true,
            ..Client::default()
        };
        self.lamports[Party::Client(by).at()] -= self.client_rent();
        Ok(())
    }

    /// `register_provider`.
    pub(crate) fn register_provider(
        &mut self,
        worker: usize,
        (price, max_seats, max_lock): (u64, u16, u64),
    ) -> ModelResult {
        need(!self.providers[worker].registered, IN_USE)?;
        need(price > 0, "PriceZero")?;
        need(max_seats > 0, "SeatsZero")?;
        self.providers[worker] = Provider {
            registered: true,
            registered_at: self.now,
            price,
            max_seats,
            max_lock,
            cores: self.providers[worker].cores,
            ..Provider::default()
        };
        self.lamports[Party::Worker(worker).at()] -= self.provider_rent();
        Ok(())
    }

    /// `deregister`.
    pub(crate) fn deregister(&mut self, by: Party, worker: usize) -> ModelResult {
        self.need_cold(by, worker)?;
        let provider = &self.providers[worker];
        let settled = provider.seats == 0
            && provider.active == 0
            && provider.unbonding == 0
            && provider.earned == provider.claimed
            && provider.reward_due == 0
            && provider.points.is_empty();
        need(settled, "ProviderNotSettled")?;
        for vault in [Vault::Stake(worker), Vault::Earnings(worker)] {
            self.empty(vault, Vault::Wallet(by, vault.mint()));
        }
        self.providers[worker] = Provider {
            cores: self.providers[worker].cores,
            ..Provider::default()
        };
        self.lamports[by.at()] += self.provider_rent();
        Ok(())
    }

    /// Moves the donated rest of a vault.
    pub(crate) fn empty(&mut self, vault: Vault, to: Vault) {
        let all = self.vaults.get(vault);
        self.vaults.send(vault, to, all);
        self.donated.set(vault, 0);
    }

    fn need_cold(&self, by: Party, worker: usize) -> ModelResult {
        need(self.providers[worker].registered, NOT_THERE)?;
        need(by == Party::Worker(worker), "NotAuthorized")
    }

    /// `rotate_operator`.
    pub(crate) fn rotate_operator(
        &mut self,
        by: Party,
        worker: usize,
        operator: usize,
    ) -> ModelResult {
        self.need_cold(by, worker)?;
        self.providers[worker].operator = operator;
        Ok(())
    }

    /// `update_provider`.
    pub(crate) fn update_provider(
        &mut self,
        by: Party,
        worker: usize,
        (price, max_seats, max_lock): (u64, u16, u64),
    ) -> ModelResult {
        self.need_cold(by, worker)?;
        need(price > 0, "PriceZero")?;
        need(max_seats > 0, "SeatsZero")?;
        let provider = &mut self.providers[worker];
        (provider.price, provider.max_seats) = (price, max_seats);
        provider.max_lock = max_lock;
        Ok(())
    }

    /// `stake`.
    pub(crate) fn stake(&mut self, by: Party, worker: usize, amount: u64) -> ModelResult {
        need(self.providers[worker].registered, NOT_THERE)?;
        need(!self.paused, "NetworkPaused")?;
        need(amount > 0, "AmountZero")?;
        let after = self.providers[worker].active.saturating_add(amount);
        need(after >= self.parameters.min_stake, "StakeBelowMinimum")?;
        self.spend(by, Mint::Stake, Vault::Stake(worker), amount)?;
        let provider = &mut self.providers[worker];
        provider.active += amount;
        provider.deposited += amount;
        Ok(())
    }

    /// `request_unstake`.
    pub(crate) fn request_unstake(&mut self, by: Party, worker: usize, amount: u64) -> ModelResult {
        self.need_cold(by, worker)?;
        need(amount > 0, "AmountZero")?;
        let until = self.now + i64::from(self.parameters.unbonding_secs);
        let provider = &mut self.providers[worker];
        let free = provider.active - provider.locked;
        need(amount <= free, "InsufficientFreeStake")?;
        provider.active -= amount;
        provider.unbonding += amount;
        provider.until = until;
        Ok(())
    }

    /// `withdraw_stake`.
    pub(crate) fn withdraw_stake(&mut self, by: Party, worker: usize) -> ModelResult {
        self.need_cold(by, worker)?;
        let provider = &mut self.providers[worker];
        need(provider.unbonding > 0, "AmountZero")?;
        need(self.now >= provider.until, "TooEarly")?;
        let amount = std::mem::take(&mut provider.unbonding);
        provider.until = 0;
        provider.withdrawn += amount;
        let token_account = Vault::Wallet(by, Mint::Stake);
        self.vaults
            .send(Vault::Stake(worker), token_account, amount);
        Ok(())
    }

    /// `claim_earnings`.
    pub(crate) fn claim_earnings(&mut self, worker: usize) -> ModelResult {
        let provider = &mut self.providers[worker];
        need(provider.registered, NOT_THERE)?;
        let amount = provider.earned - provider.claimed;
        need(amount > 0, "AmountZero")?;
        provider.claimed = provider.earned;
        let token_account = Vault::Wallet(Party::Worker(worker), Mint::Payment);
        self.vaults
            .send(Vault::Earnings(worker), token_account, amount);
        Ok(())
    }
}
