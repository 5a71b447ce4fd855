//! Ends a sequence: every job is ended by anyone, and every party leaves. Nothing may remain after
//! that.

use crate::action::{Action, StakeMint, Step};
use crate::run::{Mismatch, Run};
use crate::world::vaults::{PARTIES, Party, Vault};
use crate::world::{JobId, ORCHESTRATORS, WORKERS, World};

impl Run<'_> {
    /// Ends everything and checks that nothing remains.
    pub(crate) fn drain(&mut self) -> Result<(), Mismatch> {
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
        let leaving = self.world.orchestrators.iter().flatten();
        let leaving = leaving.map(|c| c.retired_at + wait);
        let epoch_end = self.world.epoch_end(self.world.epoch());
        let all = until.chain(leaving).chain([epoch_end]);
        self.pass_until(all.max().unwrap_or(0))?;
        self.reward()?;
        self.leave()?;
        self.nothing_is_left()?;
        self.chain.network.check_balances();
        self.chain.network.compare_with_events();
        Ok(())
    }

    fn must(&mut self, action: Action) -> Result<(), Mismatch> {
        let after = self
            .world
            .after(std::slice::from_ref(&action), &self.chain.addresses);
        if let Err(no) = after {
            let kind = format!(
                "draining failed: {} is refused with {}",
                action.name(),
                no.0
            );
            return Err(Mismatch::new(kind.clone(), format!("{kind}: {action:?}")));
        }
        self.take(Step::Send(vec![action], None))
    }

    fn pass_until(&mut self, time: i64) -> Result<(), Mismatch> {
        self.take(Step::PassTime((time - self.world.now).max(0)))
    }

    fn end(&mut self, id: JobId) -> Result<(), Mismatch> {
        let Ok(job) = self.world.job(id).cloned() else {
            return Ok(());
        };
        if job.unassigned() > 0 {
            self.must(Action::ExpireJob { job: id })?;
        }
        for (index, shard) in job.shards.iter().enumerate() {
            if shard.as_ref().is_some_and(|s| s.is_live()) {
                self.must(Action::Settle {
                    job: id,
                    index: index as u32,
                    stake_mint: StakeMint::IfNeeded,
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
        self.must(Action::Close {
            job: id,
            shards,
            payer: None,
        })
    }

    /// Unstakes everything and retires all orchestrators.
    fn give_notice(&mut self) -> Result<(), Mismatch> {
        for worker in 0..WORKERS {
            let provider = self.world.providers[worker].clone();
            if provider.earned > provider.claimed {
                self.must(Action::ClaimEarnings { worker })?;
            }
            if provider.active > 0 {
                let (by, amount) = (Party::Worker(worker), provider.active);
                self.must(Action::RequestUnstake { by, worker, amount })?;
            }
        }
        for orchestrator in 0..ORCHESTRATORS {
            let active =
                |world: &World| world.orchestrators[orchestrator].as_ref().map(|c| c.active);
            if active(&self.world) == Some(true) {
                let by = self.world.authority;
                self.must(Action::RetireOrchestrator { by, orchestrator })?;
            }
        }
        Ok(())
    }

    /// Banks all points and claims all rewards.
    fn reward(&mut self) -> Result<(), Mismatch> {
        let by = Party::Stranger;
        for number in 0..self.world.epoch() {
            if self.world.points_of(number) > 0 {
                self.must(Action::CloseEpoch { by, number })?;
            }
            for worker in 0..WORKERS {
                let payer = self.world.epochs.get(&number).map(|epoch| epoch.payer);
                let owed = self.world.providers[worker].points.contains_key(&number);
                if let (Some(payer), true) = (payer, owed) {
                    self.must(Action::BankRewards {
                        worker,
                        number,
                        payer,
                    })?;
                }
            }
        }
        for worker in 0..WORKERS {
            if self.world.providers[worker].reward_due > 0 {
                self.must(Action::ClaimRewards { worker })?;
            }
        }
        Ok(())
    }

    /// Deregisters all providers and withdraws all bonds.
    fn leave(&mut self) -> Result<(), Mismatch> {
        for worker in 0..WORKERS {
            let by = Party::Worker(worker);
            if self.world.providers[worker].unbonding > 0 {
                self.must(Action::WithdrawStake { by, worker })?;
            }
            if self.world.providers[worker].registered {
                self.must(Action::Deregister { by, worker })?;
            }
        }
        for orchestrator in 0..ORCHESTRATORS {
            let payer = self.world.orchestrators[orchestrator]
                .as_ref()
                .map(|c| c.payer);
            if let Some(payer) = payer {
                self.must(Action::WithdrawBond {
                    orchestrator,
                    payer,
                })?;
            }
        }
        Ok(())
    }

    /// Checks that every vault holds exactly the tokens donated to it, that the rewards vault also
    /// holds the unpaid rewards, and that all lamports are back. Treasuries keep their tokens.
    fn nothing_is_left(&self) -> Result<(), Mismatch> {
        let left = |what: String| Err(Mismatch::new("something remains", what));
        let unpaid = self.world.rewards.funded - self.world.rewards.paid;
        for (vault, address) in self.chain.addresses.vaults() {
            let found = self
                .chain
                .network
                .machine
                .tokens_if_any(address)
                .unwrap_or(0);
            let expected = match vault {
                Vault::Wallet(..) | Vault::Treasury(..) => continue,
                Vault::Rewards => self.world.donated.get(*vault) + unpaid,
                _ => self.world.donated.get(*vault),
            };
            if found != expected {
                return left(format!("{found} in {vault:?}, {expected} expected"));
            }
        }
        let held = self.world.clients.iter().map(|c| (c.held, c.jobs));
        if held.clone().any(|held| held != (0, 0)) {
            return left(format!("held by clients: {:?}", held.collect::<Vec<_>>()));
        }
        if !self.world.epochs.is_empty() {
            return left(format!("epochs {:?}", self.world.epochs));
        }
        let found = self.world.lamports_with_rents();
        if found == self.lamports_with_rents {
            Ok(())
        } else {
            left(format!(
                "lamports {found:?}, {:?} expected",
                self.lamports_with_rents
            ))
        }
    }
}

impl World {
    /// The lamports of each party, including the rent of its accounts that outlive jobs.
    pub(crate) fn lamports_with_rents(&self) -> [u64; PARTIES] {
        let mut all = self.lamports;
        for (n, client) in self.clients.iter().enumerate() {
            if client.opened {
                all[Party::Client(n).at()] += self.client_rent();
            }
        }
        for (n, provider) in self.providers.iter().enumerate() {
            if provider.registered {
                all[Party::Worker(n).at()] += self.provider_rent();
            }
        }
        for orchestrator in self.orchestrators.iter().flatten() {
            all[orchestrator.payer.at()] += self.orchestrator_rent();
        }
        all
    }
}
