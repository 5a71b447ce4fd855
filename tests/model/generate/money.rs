//! Acts that are about no shard: posting, stakes, the network's rules, gifts.

use crate::act::Act;
use crate::generate::Kind;
use crate::generate::rng::Rng;
use crate::world::{CONDUCTORS, JobState, Mint, Vault, WORKERS, Who, World};

/// Terms that are broken, in a hundred.
const BROKEN: u64 = 12;

impl Rng {
    /// A job with terms that are broken somewhere.
    pub fn broken_post(&mut self, world: &World) -> Act {
        let by = self.index(2);
        let terms = self.terms(world, by, 100);
        Act::Post { by, terms }
    }

    /// Some act of such a kind.
    pub fn act_of_money(&mut self, kind: Kind, world: &World) -> Act {
        let worker = self.index(WORKERS);
        let provider = &world.providers[worker];
        let own = Who::Worker(worker);
        let anybody = self.who();
        match kind {
            Kind::Post => {
                let by = self.index(2);
                let open = world.jobs.iter().filter(|j| j.state == JobState::Open);
                if open.count() >= 4 {
                    return self.act_of_money(Kind::Claim, world);
                }
                Act::Post {
                    by,
                    terms: self.terms(world, by, BROKEN),
                }
            }
            Kind::Stake => {
                let by = match self.chance(70) {
                    true => own,
                    false => anybody,
                };
                let purse = world.vaults.get(Vault::Purse(by, Mint::Stake));
                let part = self.below(purse / 2 + 2);
                Act::Stake {
                    by,
                    worker,
                    amount: self.pick(&[part, part, purse, purse, 1, purse + 1, 0]),
                }
            }
            Kind::Unstake => {
                let free = provider.active - provider.locked;
                let part = self.below(free / 3 + 2);
                Act::Unstake {
                    by: self.mostly(own),
                    worker,
                    amount: self.pick(&[part, part, 1, 1, 1, 1, 1, free, free + 1, 0]),
                }
            }
            Kind::Withdraw => Act::Withdraw {
                by: self.mostly(own),
                worker,
            },
            Kind::Claim => Act::Claim { worker },
            Kind::Pause => {
                let by = self.mostly(world.pauser);
                match self.chance(25) && !world.paused {
                    true => Act::Pause { by },
                    false => Act::Resume { by },
                }
            }
            Kind::Rules if self.chance(50) => Act::Offer {
                by: self.mostly(own),
                worker,
                price: self.pick(&[0, 3, 4, 5, 6, 8, 4, 5]),
                places: self.pick(&[0, 1, 3, 8, 8, 8]),
            },
            Kind::Rules => Act::Parameters {
                by: self.mostly(world.authority),
                parameters: self.parameters(),
            },
            _ => {
                let (n, client) = (self.index(WORKERS), self.index(2));
                let bucket = self.below(8) as u8;
                let conductor = self.index(CONDUCTORS);
                let to = self.pick(&[
                    Vault::Escrow(client),
                    Vault::Stake(n),
                    Vault::Earnings(n),
                    Vault::Bond(conductor),
                    Vault::Rewards,
                    Vault::Treasury(Mint::Payment, bucket),
                    Vault::Purse(Who::Stranger, Mint::Stake),
                ]);
                Act::Donate {
                    by: anybody,
                    to,
                    amount: self.pick(&[1, 7, 999, 1_000_000_000]),
                }
            }
        }
    }
}
