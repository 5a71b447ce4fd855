//! Actions of providers, orchestrators and the network's authority, except on jobs.

use crate::action::Action;
use crate::chain::addresses::OPERATORS;
use crate::generate::ActionKind;
use crate::generate::rng::Rng;
use crate::world::{Mint, ORCHESTRATORS, Party, Provider, Vault, WORKERS, World};

impl Rng {
    pub(crate) fn party_action(&mut self, kind: ActionKind, world: &World) -> Action {
        match kind {
            ActionKind::Exit => self.exit_action(world),
            ActionKind::Orchestrators => self.orchestrator_action(world),
            ActionKind::Authority => self.authority_action(world),
            ActionKind::Treasury => self.treasury_action(world),
            ActionKind::Reward => self.reward_action(world),
            ActionKind::Reopen => self.reopen_action(),
            ActionKind::Rotate => {
                let worker = self.index(WORKERS);
                Action::RotateOperator {
                    by: self.mostly(Party::Worker(worker)),
                    worker,
                    operator: self.index(OPERATORS),
                }
            }
            _ => self.money_action(kind, world),
        }
    }

    /// The next step of a provider out of the network, or back into it. In every other sequence one
    /// provider wants to leave.
    fn exit_action(&mut self, world: &World) -> Action {
        let wants = (world.block_seed / 4 % 10) as usize;
        let any = self.index(WORKERS);
        let worker = if wants < WORKERS && self.chance(90) {
            wants
        } else {
            any
        };
        let provider = &world.providers[worker];
        if !provider.registered {
            return Action::Register {
                worker,
                price: self.pick(&[0, 4, 4, 5, 6]),
                max_seats: self.pick(&[0, 4, 4, 8]),
                max_lock: self.max_lock(),
            };
        }
        let by = self.mostly(Party::Worker(worker));
        let deregister = Action::Deregister { by, worker };
        if wants != worker || self.chance(15) {
            return self.pick_one([
                deregister,
                Action::Register {
                    worker,
                    price: 4,
                    max_seats: 4,
                    max_lock: u64::MAX,
                },
            ]);
        }
        self.next_exit_action(world, worker, provider)
            .unwrap_or(deregister)
    }

    /// The next action that a provider needs before it can deregister.
    fn next_exit_action(
        &mut self,
        world: &World,
        worker: usize,
        provider: &Provider,
    ) -> Option<Action> {
        let by = Party::Worker(worker);
        let amount = provider.active - provider.locked;
        let over = provider.points.keys().find(|n| **n < world.epoch());
        if amount > 0 {
            Some(Action::RequestUnstake { by, worker, amount })
        } else if provider.earned > provider.claimed {
            Some(Action::ClaimEarnings { worker })
        } else if provider.unbonding > 0 && world.now >= provider.until {
            Some(Action::WithdrawStake { by, worker })
        } else if self.chance(15) {
            // Deregister too early, with points or rewards left.
            None
        } else if provider.reward_due > 0 {
            Some(Action::ClaimRewards { worker })
        } else if let Some(number) = over {
            let number = *number;
            Some(match world.epochs.get(&number) {
                Some(epoch) => Action::BankRewards {
                    worker,
                    number,
                    payer: epoch.payer,
                },
                None => Action::CloseEpoch { by, number },
            })
        } else if provider.unbonding > 0 {
            Some(Action::WithdrawStake { by, worker })
        } else {
            None
        }
    }

    fn pick_one<const N: usize>(&mut self, of: [Action; N]) -> Action {
        let at = self.index(N);
        of[at].clone()
    }

    /// Registration, bonds and retirement of orchestrators.
    fn orchestrator_action(&mut self, world: &World) -> Action {
        let orchestrator = self.index(ORCHESTRATORS);
        let own = Party::Orchestrator(orchestrator);
        let appoint = Action::RegisterOrchestrator {
            by: self.mostly(world.authority),
            orchestrator,
        };
        let anybody = self.who();
        let payer = if self.chance(85) {
            world.orchestrators[orchestrator].as_ref().map(|c| c.payer)
        } else {
            None
        };
        let withdraw = Action::WithdrawBond {
            orchestrator,
            payer: payer.unwrap_or(anybody),
        };
        let balance = world.vaults.get(Vault::Wallet(own, Mint::Stake));
        let bond = Action::Bond {
            by: self.mostly(own),
            orchestrator,
            amount: self.pick(&[0, 1, 600, 5_000, balance / 3, balance, balance + 1]),
        };
        // One orchestrator has to stay active, or no job makes progress.
        let serving = world.orchestrators.iter().flatten().filter(|c| c.active);
        let retire = Action::RetireOrchestrator {
            by: self.pick(&[world.authority, own, anybody]),
            orchestrator,
        };
        match &world.orchestrators[orchestrator] {
            None => {
                if self.chance(80) {
                    appoint
                } else {
                    self.pick_one([withdraw, bond, retire])
                }
            }
            Some(book) if !book.active => {
                if self.chance(75) {
                    withdraw
                } else {
                    self.pick_one([appoint, bond, retire])
                }
            }
            Some(_) if serving.count() > 1 && self.chance(15) => retire,
            Some(_) => {
                if self.chance(75) {
                    bond
                } else {
                    self.pick_one([appoint, withdraw])
                }
            }
        }
    }

    fn authority_action(&mut self, world: &World) -> Action {
        let by = self.mostly(world.authority);
        let who = self.who();
        match self.below(4) {
            0 => Action::ProposeAuthority {
                by,
                to: self.chance(85).then_some(who),
            },
            1 | 2 if world.pending.is_some() => Action::AcceptAuthority {
                by: self.mostly(world.pending.unwrap_or(who)),
            },
            1 => Action::AcceptAuthority { by },
            _ => Action::SetPauser { by, to: who },
        }
    }

    /// The most stake that a provider locks for a seat, mostly any.
    pub(crate) fn max_lock(&mut self) -> u64 {
        self.pick(&[u64::MAX, u64::MAX, u64::MAX, 20_000, 5_000, 500])
    }

    /// Withdrawal of fees.
    fn treasury_action(&mut self, world: &World) -> Action {
        // Prefer a treasury with tokens.
        let full: Vec<u8> = (0..8)
            .filter(|b| world.vaults.get(Vault::Treasury(*b)) > 0)
            .collect();
        let any = self.below(8) as u8;
        let bucket = self.maybe(&full).unwrap_or(any);
        let all = world.vaults.get(Vault::Treasury(bucket));
        let to = if self.chance(93) || world.one_mint {
            Mint::Payment
        } else {
            Mint::Stake
        };
        let who = self.who();
        Action::WithdrawTreasury {
            by: self.mostly(world.authority),
            bucket,
            to: Vault::Wallet(who, to),
            amount: self.pick(&[0, 1, all / 2, all, all, all + 1]),
        }
    }

    fn reward_action(&mut self, world: &World) -> Action {
        let by = self.who();
        let worker = self.index(WORKERS);
        let balance = world.vaults.get(Vault::Wallet(by, Mint::Stake));
        let fund = Action::FundRewards {
            by,
            amount: self.pick(&[0, 1, 20, 60, 150, 999, balance / 2, balance, balance + 1]),
        };
        match self.below(10) {
            0 | 1 => fund,
            2..=4 => {
                let points = world.buckets.iter().flat_map(|bucket| bucket.keys());
                let noted: Vec<u32> = points.copied().collect();
                let any = self.below(u64::from(world.epoch()) + 2) as u32;
                let noted = self.maybe(&noted).filter(|_| self.chance(85));
                Action::CloseEpoch {
                    by,
                    number: noted.unwrap_or(any),
                }
            }
            5..=7 => self.bank_action(world, worker),
            _ => Action::ClaimRewards { worker },
        }
    }

    fn bank_action(&mut self, world: &World, worker: usize) -> Action {
        let closed: Vec<u32> = world.epochs.keys().copied().collect();
        let any = self.below(u64::from(world.epoch()) + 2) as u32;
        let number = self.maybe(&closed).unwrap_or(any);
        let epoch = world.epochs.get(&number);
        let owing = |n: &usize| world.providers[*n].points.contains_key(&number);
        let owing: Vec<usize> = (0..WORKERS).filter(owing).collect();
        let worker = self
            .maybe(&owing)
            .filter(|_| self.chance(85))
            .unwrap_or(worker);
        let anybody = self.who();
        Action::BankRewards {
            worker,
            number,
            payer: if self.chance(90) {
                epoch.map_or(anybody, |epoch| epoch.payer)
            } else {
                anybody
            },
        }
    }

    fn reopen_action(&mut self) -> Action {
        let by = self.who();
        if self.chance(70) {
            Action::OpenClient { by: self.index(2) }
        } else {
            Action::Reopen {
                by,
                bucket: self.pick(&[None, Some(0), Some(7), Some(8), Some(255)]),
            }
        }
    }
}
