//! Instructions for acts that are about no job.

use crate::act::Act;
use crate::chain::build::{Built, signed_by};
use crate::chain::{CORES, Town};
use crate::world::{Mint, Vault, Who};
use millrace_client::{instructions, pda};
use millrace_fixture::{offer, swap};
use millrace_program::RegisterProviderArgs;
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

impl Town {
    fn key(&self, who: Who) -> Pubkey {
        self.directory.address(who)
    }

    /// An instruction that `should` is to sign, and `does`.
    fn by(&self, built: Instruction, should: Who, does: Who) -> Built {
        let signed = signed_by(built, self.key(should), self.key(does));
        (vec![signed], vec![does])
    }

    /// One that is signed by whom it names.
    fn own(&self, built: Instruction, who: Who) -> Built {
        self.by(built, who, who)
    }

    /// What a worker says of itself.
    fn offered(&self, worker: usize, price: u64, places: u16) -> RegisterProviderArgs {
        let mut args = offer(self.directory.operator(worker, 0).pubkey());
        args.offer.ask_price = price;
        args.offer.max_open_seats = places;
        args.offer.cores = CORES[worker];
        args
    }

    /// Instructions of providers, clients, and of those who stake for them.
    pub fn build_small(&self, act: &Act) -> Built {
        let mints = self.directory.mints;
        match *act {
            Act::OpenClient { by } => {
                let owner = Who::Owner(by);
                self.own(instructions::open_client(self.key(owner), mints), owner)
            }
            Act::Register {
                worker,
                price,
                places,
            } => {
                let (cold, args) = (Who::Worker(worker), self.offered(worker, price, places));
                let register = instructions::register_provider(self.key(cold), mints, args);
                self.own(register, cold)
            }
            Act::Deregister { by, worker } => {
                let cold = Who::Worker(worker);
                self.by(instructions::deregister(self.key(cold), mints), cold, by)
            }
            Act::Rotate {
                by,
                worker,
                operator,
            } => {
                let cold = Who::Worker(worker);
                let hot = self.directory.operator(worker, operator).pubkey();
                self.by(instructions::rotate_operator(self.key(cold), hot), cold, by)
            }
            Act::Offer {
                by,
                worker,
                price,
                places,
            } => {
                let cold = Who::Worker(worker);
                let offer = self.offered(worker, price, places).offer;
                self.by(
                    instructions::update_provider(self.key(cold), offer),
                    cold,
                    by,
                )
            }
            Act::Stake { by, worker, amount } => {
                let provider = self.directory.providers[worker];
                self.own(
                    instructions::stake(self.key(by), provider, mints, amount),
                    by,
                )
            }
            Act::Unstake { by, worker, amount } => {
                let cold = Who::Worker(worker);
                self.by(
                    instructions::request_unstake(self.key(cold), amount),
                    cold,
                    by,
                )
            }
            Act::Withdraw { by, worker } => {
                let cold = Who::Worker(worker);
                self.by(
                    instructions::withdraw_stake(self.key(cold), mints),
                    cold,
                    by,
                )
            }
            Act::Claim { worker } => {
                let cold = self.key(Who::Worker(worker));
                (vec![instructions::claim_earnings(&cold, mints)], Vec::new())
            }
            Act::Donate { by, to, amount } => self.transfer(by, to, amount),
            _ => self.build_of_network(act),
        }
    }

    /// A transfer, which the program does not see.
    fn transfer(&self, by: Who, to: Vault, amount: u64) -> Built {
        let mints = self.directory.mints;
        let transfer = Instruction {
            program_id: match to.mint() {
                Mint::Stake => mints.stake_program,
                Mint::Payment => mints.payment_program,
            },
            accounts: vec![
                AccountMeta::new(self.directory.vault(Vault::Purse(by, to.mint())), false),
                AccountMeta::new(self.directory.vault(to), false),
                AccountMeta::new_readonly(self.key(by), true),
            ],
            data: [&[3][..], &amount.to_le_bytes()].concat(),
        };
        (vec![transfer], vec![by])
    }

    /// Instructions of orchestrators, of rewards, and of who rules the network.
    fn build_of_network(&self, act: &Act) -> Built {
        let mints = self.directory.mints;
        let anyone = |built: Instruction| (vec![built], Vec::new());
        let conductor = |n: usize| self.key(Who::Conductor(n));
        match *act {
            Act::Appoint { by, conductor: n } => {
                let register =
                    instructions::register_orchestrator(self.key(by), conductor(n), mints);
                self.own(register, by)
            }
            Act::Bond {
                by,
                conductor: n,
                amount,
            } => self.own(
                instructions::bond(self.key(by), &conductor(n), mints, amount),
                by,
            ),
            Act::Retire { by, conductor: n } => {
                let retire = instructions::retire_orchestrator(self.key(by), &conductor(n));
                self.own(retire, by)
            }
            Act::WithdrawBond {
                conductor: n,
                payer,
            } => anyone(instructions::withdraw_bond(
                &conductor(n),
                self.key(payer),
                mints,
            )),
            Act::Open { by, bucket } => {
                let open = match bucket {
                    Some(index) => instructions::open_bucket(self.key(by), mints, index),
                    None => instructions::open_rewards(self.key(by), mints),
                };
                self.own(open, by)
            }
            Act::Fund { by, amount } => {
                self.own(instructions::fund_rewards(self.key(by), mints, amount), by)
            }
            Act::CloseEpoch { by, number } => {
                self.own(instructions::close_epoch(self.key(by), number), by)
            }
            Act::Bank {
                worker,
                number,
                payer,
            } => {
                let provider = self.directory.providers[worker];
                anyone(instructions::bank_rewards(
                    provider,
                    number,
                    self.key(payer),
                ))
            }
            Act::ClaimRewards { worker } => {
                let cold = self.key(Who::Worker(worker));
                anyone(instructions::claim_rewards(&cold, mints))
            }
            _ => self.build_of_authority(act),
        }
    }

    fn build_of_authority(&self, act: &Act) -> Built {
        match *act {
            Act::Pause { by } => self.own(instructions::pause(self.key(by)), by),
            Act::Resume { by } => self.own(instructions::resume(self.key(by)), by),
            Act::SetPauser { by, to } => {
                self.own(instructions::set_pauser(self.key(by), self.key(to)), by)
            }
            Act::Propose { by, to } => {
                let proposed = to.map_or_else(Pubkey::default, |to| self.key(to));
                self.own(instructions::propose_authority(self.key(by), proposed), by)
            }
            Act::Accept { by } => self.own(instructions::accept_authority(self.key(by)), by),
            Act::Parameters { by, parameters } => {
                self.own(instructions::set_parameters(self.key(by), parameters), by)
            }
            Act::WithdrawTreasury {
                by,
                mint,
                bucket,
                to,
                amount,
            } => {
                let (mints, purse) = (self.directory.mints, self.directory.vault(to));
                let withdraw =
                    instructions::withdraw_treasury(self.key(by), mints, bucket, purse, amount);
                let withdraw = match mint {
                    Mint::Payment => withdraw,
                    Mint::Stake => self.of_stake(withdraw, bucket),
                };
                self.own(withdraw, by)
            }
            _ => unreachable!("{act:?} is about a job"),
        }
    }

    /// The same of the treasury vault for penalties.
    fn of_stake(&self, withdraw: Instruction, bucket: u8) -> Instruction {
        let mints = self.directory.mints;
        if mints.stake == mints.payment {
            return withdraw;
        }
        let treasury = |mint| pda::treasury(mint, bucket);
        let withdraw = swap(withdraw, treasury(&mints.payment), treasury(&mints.stake));
        let withdraw = swap(withdraw, mints.payment, mints.stake);
        match mints.payment_program == mints.stake_program {
            true => withdraw,
            false => swap(withdraw, mints.payment_program, mints.stake_program),
        }
    }
}
