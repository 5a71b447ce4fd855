//! The end of a sequence: everything is ended as anyone can, and everybody leaves. Then nothing may be
//! left.

use crate::act::{Act, Step};
use crate::play::{Play, Wrong};
use crate::world::vaults::{Vault, WHOS, Who};
use crate::world::{CONDUCTORS, JobId, Mint, WORKERS, World};

impl Play<'_> {
    /// Ends everything, and looks for what is left.
    pub fn drain(&mut self) -> Result<(), Wrong> {
        let shards = self.world.jobs.iter().flat_map(|job| {
            let ends = job.shards.iter().flatten();
            let ends = ends.flat_map(|s| [s.reveal_by, s.challenge_by]);
            ends.chain([job.terms.deadline]).collect::<Vec<_>>()
        });
        let last = shards.max().unwrap_or(self.world.now);
        self.pass_until(last)?;
        for id in self.world.jobs.iter().map(|job| job.id).collect::<Vec<_>>() {
            self.end(id)?;
        }
        self.give_notice()?;
        let until = self.world.providers.iter().map(|provider| provider.until);
        let wait = i64::from(self.world.parameters.unbonding_secs);
        let leaving = self.world.conductors.iter().flatten();
        let leaving = leaving.map(|c| c.retired_at + wait);
        let epoch_end = self.world.epoch_end(self.world.epoch());
        let all = until.chain(leaving).chain([epoch_end]);
        self.pass_until(all.max().unwrap_or(0))?;
        self.reward()?;
        self.leave()?;
        self.nothing_is_left()?;
        self.town.market.audit();
        self.town.market.compare_with_events();
        Ok(())
    }

    fn must(&mut self, act: Act) -> Result<(), Wrong> {
        let after = self
            .world
            .after(std::slice::from_ref(&act), &self.town.directory);
        if let Err(no) = after {
            let kind = format!("draining stops: {} is refused with {}", act.name(), no.0);
            return Err(Wrong::new(kind.clone(), format!("{kind}: {act:?}")));
        }
        self.take(Step::Send(vec![act], None))
    }

    fn pass_until(&mut self, time: i64) -> Result<(), Wrong> {
        self.take(Step::Pass((time - self.world.now).max(0)))
    }

    /// Ends a job.
    fn end(&mut self, id: JobId) -> Result<(), Wrong> {
        let Ok(job) = self.world.job(id).cloned() else {
            return Ok(());
        };
        if job.unassigned() > 0 {
            self.must(Act::ExpireJob { job: id })?;
        }
        for (index, shard) in job.shards.iter().enumerate() {
            if shard.as_ref().is_some_and(|s| s.is_live()) {
                self.must(Act::Settle {
                    job: id,
                    index: index as u32,
                    bounty: Some(Vault::Purse(Who::Stranger, Mint::Stake)),
                })?;
            }
        }
        let own = job.shards.iter().enumerate();
        let own = own.filter(|(_, s)| s.as_ref().is_some_and(|s| !s.closed));
        let own = own.map(|(index, _)| index as u32);
        let shards = match job.terms.shards {
            1 => Vec::new(),
            _ => own.collect(),
        };
        self.must(Act::Close {
            job: id,
            shards,
            payer: None,
        })
    }

    /// All stake begins to unbond, and all orchestrators retire.
    fn give_notice(&mut self) -> Result<(), Wrong> {
        for worker in 0..WORKERS {
            let provider = self.world.providers[worker].clone();
            if provider.earned > provider.claimed {
                self.must(Act::Claim { worker })?;
            }
            if provider.active > 0 {
                let (by, amount) = (Who::Worker(worker), provider.active);
                self.must(Act::Unstake { by, worker, amount })?;
            }
        }
        for conductor in 0..CONDUCTORS {
            let active = |world: &World| world.conductors[conductor].as_ref().map(|c| c.active);
            if active(&self.world) == Some(true) {
                let by = self.world.authority;
                self.must(Act::Retire { by, conductor })?;
            }
        }
        Ok(())
    }

    /// Every point becomes a reward, and every reward is claimed.
    fn reward(&mut self) -> Result<(), Wrong> {
        let by = Who::Stranger;
        for number in 0..self.world.epoch() {
            if self.world.points_of(number) > 0 {
                self.must(Act::CloseEpoch { by, number })?;
            }
            for worker in 0..WORKERS {
                let payer = self.world.epochs.get(&number).map(|epoch| epoch.payer);
                let owed = self.world.providers[worker].points.contains_key(&number);
                if let (Some(payer), true) = (payer, owed) {
                    self.must(Act::Bank {
                        worker,
                        number,
                        payer,
                    })?;
                }
            }
        }
        for worker in 0..WORKERS {
            if self.world.providers[worker].reward_due > 0 {
                self.must(Act::ClaimRewards { worker })?;
            }
        }
        Ok(())
    }

    /// Everybody goes.
    fn leave(&mut self) -> Result<(), Wrong> {
        for worker in 0..WORKERS {
            let by = Who::Worker(worker);
            if self.world.providers[worker].unbonding > 0 {
                self.must(Act::Withdraw { by, worker })?;
            }
            if self.world.providers[worker].registered {
                self.must(Act::Deregister { by, worker })?;
            }
        }
        for conductor in 0..CONDUCTORS {
            let payer = self.world.conductors[conductor].as_ref().map(|c| c.payer);
            if let Some(payer) = payer {
                self.must(Act::WithdrawBond { conductor, payer })?;
            }
        }
        Ok(())
    }

    /// Every vault but treasuries and that of rewards has what was donated to it, that of rewards what
    /// was not paid besides, and everybody's lamports are back.
    fn nothing_is_left(&self) -> Result<(), Wrong> {
        let left = |what: String| Err(Wrong::new("something is left", what));
        let unpaid = self.world.rewards.funded - self.world.rewards.paid;
        for (vault, address) in self.town.directory.vaults() {
            let found = self.town.market.machine.tokens_if_any(address).unwrap_or(0);
            let expected = match vault {
                Vault::Purse(..) | Vault::Treasury(..) => continue,
                Vault::Rewards => self.world.donated.get(*vault) + unpaid,
                _ => self.world.donated.get(*vault),
            };
            if found != expected {
                return left(format!(
                    "{found} in {vault:?}, and {expected} were given to it"
                ));
            }
        }
        let held = self.world.clients.iter().map(|c| (c.held, c.jobs));
        if held.clone().any(|held| held != (0, 0)) {
            return left(format!("held by clients: {:?}", held.collect::<Vec<_>>()));
        }
        if !self.world.epochs.is_empty() {
            return left(format!("epochs {:?}", self.world.epochs));
        }
        let found = self.world.riches();
        match found == self.riches {
            true => Ok(()),
            false => left(format!(
                "lamports {found:?}, and {:?} expected",
                self.riches
            )),
        }
    }
}

impl World {
    /// Everybody's lamports, with those in rents of what stays beyond jobs.
    pub fn riches(&self) -> [u64; WHOS] {
        let mut all = self.lamports;
        for (n, client) in self.clients.iter().enumerate() {
            if client.opened {
                all[Who::Owner(n).at()] += self.client_rent();
            }
        }
        for (n, provider) in self.providers.iter().enumerate() {
            if provider.registered {
                all[Who::Worker(n).at()] += self.provider_rent();
            }
        }
        for conductor in self.conductors.iter().flatten() {
            all[conductor.payer.at()] += self.conductor_rent();
        }
        all
    }
}
