//! Actions without a shard: posting, stake, parameters, donations.

use crate::action::Action;
use crate::generate::ActionKind;
use crate::generate::rng::Rng;
use crate::world::{JobState, Mint, ORCHESTRATORS, Party, Vault, WORKERS, World};

/// Jobs with an invalid term, percent.
const BROKEN: u64 = 12;

impl Rng {
    /// A job with an invalid term.
    pub(crate) fn broken_post(&mut self, world: &World) -> Action {
        let by = self.index(2);
        let terms = self.terms(world, by, 100);
        Action::Post { by, terms }
    }

    pub(crate) fn money_action(&mut self, kind: ActionKind, world: &World) -> Action {
        let worker = self.index(WORKERS);
        let provider = &world.providers[worker];
        let own = Party::Worker(worker);
        let anybody = self.who();
        match kind {
            ActionKind::Post => {
                let by = self.index(2);
                let open = world.jobs.iter().filter(|j| j.state == JobState::Open);
                if open.count() >= 4 {
                    return self.money_action(ActionKind::Claim, world);
                }
                Action::Post {
                    by,
                    terms: self.terms(world, by, BROKEN),
                }
            }
            ActionKind::Stake => {
                let by = if self.chance(70) { own } else { anybody };
                let balance = world.vaults.get(Vault::Wallet(by, Mint::Stake));
                let part = self.below(balance / 2 + 2);
                Action::Stake {
                    by,
                    worker,
                    amount: self.pick(&[part, part, balance, balance, 1, balance + 1, 0]),
                }
            }
            ActionKind::Unstake => {
                let free = provider.active - provider.locked;
                let part = self.below(free / 3 + 2);
                Action::RequestUnstake {
                    by: self.mostly(own),
                    worker,
                    amount: self.pick(&[part, part, 1, 1, 1, 1, 1, free, free + 1, 0]),
                }
            }
            ActionKind::Withdraw => Action::WithdrawStake {
                by: self.mostly(own),
                worker,
            },
            ActionKind::Claim => Action::ClaimEarnings { worker },
            ActionKind::Pause => {
                let by = self.mostly(world.pauser);
                if self.chance(25) && !world.paused {
                    Action::Pause { by }
                } else {
                    Action::Resume { by }
                }
            }
            ActionKind::Settings if self.chance(50) => Action::UpdateProvider {
                by: self.mostly(own),
                worker,
                price: self.pick(&[0, 3, 4, 5, 6, 8, 4, 5]),
                max_seats: self.pick(&[0, 1, 3, 8, 8, 8]),
                max_lock: self.max_lock(),
            },
            ActionKind::Settings => Action::SetParameters {
                by: self.mostly(world.authority),
                parameters: self.parameters(world),
            },
            _ => {
                let (n, client) = (self.index(WORKERS), self.index(2));
                let bucket = self.below(8) as u8;
                let orchestrator = self.index(ORCHESTRATORS);
                let to = self.pick(&[
                    Vault::Escrow(client),
                    Vault::Stake(n),
                    Vault::Earnings(n),
                    Vault::Bond(orchestrator),
                    Vault::Rewards,
                    Vault::Treasury(bucket),
                    Vault::Wallet(Party::Stranger, Mint::Stake),
                ]);
                Action::Donate {
                    by: anybody,
                    to,
                    amount: self.pick(&[1, 7, 999, 1_000_000_000]),
                }
            }
        }
    }
}
