//! Epochs, and rewards from the points to the wallet.

use crate::rules::jobs::rent;
use crate::world::{
    Epoch, IN_USE, Mint, ModelError, ModelResult, NOT_THERE, Party, Vault, World, need,
};

/// Size of a closed epoch's account.
const EPOCH_BYTES: u64 = 96;
const BUCKETS: u8 = 8;

/// `amount × part ÷ whole`, rounded down.
fn part_of(amount: u64, part: u64, whole: u64) -> u64 {
    (u128::from(amount) * u128::from(part) / u128::from(whole)) as u64
}

impl World {
    /// `open_rewards` and `open_bucket` of accounts that exist already.
    pub(crate) fn open_existing(&self, _: Party, bucket: Option<u8>) -> ModelResult {
        match bucket {
            Some(index) if index >= BUCKETS => Err(ModelError("BucketOutOfBounds")),
            _ => Err(ModelError(IN_USE)),
        }
    }

    /// `fund_rewards`.
    pub(crate) fn fund_rewards(&mut self, by: Party, amount: u64) -> ModelResult {
        need(amount > 0, "AmountZero")?;
        self.spend(by, Mint::Stake, Vault::Rewards, amount)?;
        self.rewards.funded += amount;
        Ok(())
    }

    /// The scheduled emission of an epoch.
    fn scheduled(&self, number: u32) -> u64 {
        let halvings = number / self.schedule.halving;
        if halvings < 64 {
            self.schedule.emission >> halvings
        } else {
            0
        }
    }

    /// `close_epoch`.
    pub(crate) fn close_epoch(&mut self, by: Party, number: u32) -> ModelResult {
        need(!self.epochs.contains_key(&number), IN_USE)?;
        need(self.now >= self.epoch_end(number), "TooEarly")?;
        let points = self.points_of(number);
        need(points > 0, "NoPointsInEpoch")?;
        for bucket in &mut self.buckets {
            bucket.remove(&number);
        }
        let rewards = &self.rewards;
        let free = rewards.funded - rewards.promised;
        let all = self.scheduled(number);
        let fees = u128::from(points) * u128::from(self.parameters.reward_bps) / 10_000;
        let wanted = u128::from(all).min(fees) as u64;
        let emission = wanted.min(free);
        self.rewards.promised += emission;
        let epoch = Epoch {
            payer: by,
            points,
            banked: 0,
            emission,
        };
        self.epochs.insert(number, epoch);
        self.lamports[by.at()] -= rent(EPOCH_BYTES);
        self.notes.push(match emission {
            _ if wanted == 0 => "epoch: no rewards",
            0 => "epoch: no funds",
            e if e < wanted => "epoch: remaining funds",
            _ if wanted < all => "epoch: share of the fees",
            _ if all < self.schedule.emission => "epoch: halved",
            _ => "epoch: full emission",
        });
        Ok(())
    }

    /// `bank_rewards`.
    pub(crate) fn bank_rewards(&mut self, worker: usize, number: u32, payer: Party) -> ModelResult {
        let epoch = self.epochs.get_mut(&number).ok_or(ModelError(NOT_THERE))?;
        let provider = &mut self.providers[worker];
        need(provider.registered, NOT_THERE)?;
        need(payer == epoch.payer, "WrongAccount")?;
        let points = provider
            .points
            .remove(&number)
            .ok_or(ModelError("AmountZero"))?;
        provider.reward_due += part_of(epoch.emission, points, epoch.points);
        epoch.banked += points;
        assert!(epoch.banked <= epoch.points, "points from nowhere");
        if epoch.banked == epoch.points {
            self.epochs.remove(&number);
            self.lamports[payer.at()] += rent(EPOCH_BYTES);
            self.notes.push("epoch: fully banked");
        }
        Ok(())
    }

    /// `claim_rewards`.
    pub(crate) fn claim_rewards(&mut self, worker: usize) -> ModelResult {
        let provider = &mut self.providers[worker];
        need(provider.registered, NOT_THERE)?;
        let amount = std::mem::take(&mut provider.reward_due);
        need(amount > 0, "AmountZero")?;
        self.rewards.paid += amount;
        let token_account = Vault::Wallet(Party::Worker(worker), Mint::Stake);
        self.vaults.send(Vault::Rewards, token_account, amount);
        Ok(())
    }
}
