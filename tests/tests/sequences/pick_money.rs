//! Acts that are about no shard: posting, stakes, the network's rules, gifts.

use super::act::Act;
use super::pick::Kind;
use super::rng::Rng;
use super::world::{JobState, Mint, Vault, WORKERS, Who, World};
use millrace_program::state::NetworkParameters;

/// Terms that are broken, in a hundred.
const BROKEN: u64 = 12;

impl Rng {
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
                    amount: self.pick(&[part, part, 1, purse, purse + 1]),
                }
            }
            Kind::Unstake => {
                let free = provider.active - provider.locked;
                let part = self.below(free / 3 + 2);
                Act::Unstake {
                    by: self.mostly(own),
                    worker,
                    amount: self.pick(&[part, part, part, 1, 1, free, free + 1]),
                }
            }
            Kind::Withdraw => Act::Withdraw {
                by: self.mostly(own),
                worker,
            },
            Kind::Claim => Act::Claim { worker },
            Kind::Pause => {
                let by = self.mostly(Who::Authority);
                match self.chance(25) && !world.paused {
                    true => Act::Pause { by },
                    false => Act::Resume { by },
                }
            }
            Kind::Rules if self.chance(7) => {
                let conductor = self.index(2);
                let by = self.pick(&[Who::Authority, Who::Conductor(conductor), anybody]);
                Act::Retire { by, conductor }
            }
            Kind::Rules if self.chance(50) => Act::Offer {
                by: self.mostly(own),
                worker,
                price: self.pick(&[0, 3, 4, 5, 6, 8, 4, 5]),
                places: self.pick(&[0, 1, 3, 8, 8, 8]),
            },
            Kind::Rules => Act::Parameters {
                by: self.mostly(Who::Authority),
                parameters: self.parameters(&world.parameters),
            },
            _ => {
                let (n, client) = (self.index(WORKERS), self.index(2));
                let bucket = self.below(8) as u8;
                let to = self.pick(&[
                    Vault::Escrow(client),
                    Vault::Stake(n),
                    Vault::Earnings(n),
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

    /// Parameters, some of which are out of their bounds.
    pub fn parameters(&mut self, now: &NetworkParameters) -> NetworkParameters {
        NetworkParameters {
            min_stake: self.pick(&[1, 1_000, 30_000]),
            lock_bps: self.pick(&[1, 20_000, 33_333, 100_000]),
            fee_bps: self.pick(&[0, 250, 999, 1_000, 250, 1_001]),
            slash_bps: self.pick(&[3_333, 5_000, 10_000]),
            late_bps: self.pick(&[0, 500, 999, 2_500]),
            bounty_bps: self.pick(&[0, 1_001, 2_000, 5_000]),
            unbonding_secs: self.pick(&[3_600, 3_600, 5_000, 3_599]),
            accept_secs: self.pick(&[0, 7, 20, 3_600]),
            draw_slots: self.pick(&[1, 4, 8]),
            max_replicas: self.pick(&[5, 5, 5, 4]),
            ..*now
        }
    }
}
