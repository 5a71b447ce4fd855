//! Builds the instructions of actions that concern no job.

use crate::action::Action;
use crate::chain::build::{Built, signed_by};
use crate::chain::{CORES, TestChain};
use crate::world::{Mint, Party, Vault};
use millrace_client::instructions;
use millrace_fixture::offer;
use millrace_program::RegisterProviderArgs;
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

impl TestChain {
    fn key(&self, who: Party) -> Pubkey {
        self.addresses.address(who)
    }

    /// An instruction that `should` has to sign and `does` signs.
    fn by(&self, built: Instruction, should: Party, does: Party) -> Built {
        let signed = signed_by(built, self.key(should), self.key(does));
        (vec![signed], vec![does])
    }

    /// An instruction that is signed by the party it names.
    fn own(&self, built: Instruction, who: Party) -> Built {
        self.by(built, who, who)
    }

    fn offered(
        &self,
        worker: usize,
        (price, max_seats, max_lock): (u64, u16, u64),
    ) -> RegisterProviderArgs {
        let mut args = offer(self.addresses.operator(worker, 0).pubkey());
        args.offer.ask_price = price;
        args.offer.max_open_seats = max_seats;
        args.offer.max_seat_lock = max_lock;
        args.offer.cores = CORES[worker];
        args
    }

    /// Actions of providers, clients, and wallets that add stake.
    pub(crate) fn build_small(&self, action: &Action) -> Built {
        let mints = self.addresses.mints;
        match *action {
            Action::OpenClient { by } => {
                let owner = Party::Client(by);
                self.own(instructions::open_client(self.key(owner), mints), owner)
            }
            Action::Register {
                worker,
                price,
                max_seats,
                max_lock,
            } => {
                let (cold, args) = (
                    Party::Worker(worker),
                    self.offered(worker, (price, max_seats, max_lock)),
                );
                let register = instructions::register_provider(self.key(cold), mints, args);
                self.own(register, cold)
            }
            Action::Deregister { by, worker } => {
                let cold = Party::Worker(worker);
                self.by(instructions::deregister(self.key(cold), mints), cold, by)
            }
            Action::RotateOperator {
                by,
                worker,
                operator,
            } => {
                let cold = Party::Worker(worker);
                let hot = self.addresses.operator(worker, operator).pubkey();
                self.by(instructions::rotate_operator(self.key(cold), hot), cold, by)
            }
            Action::UpdateProvider {
                by,
                worker,
                price,
                max_seats,
                max_lock,
            } => {
                let cold = Party::Worker(worker);
                let offer = self.offered(worker, (price, max_seats, max_lock)).offer;
                self.by(
                    instructions::update_provider(self.key(cold), offer),
                    cold,
                    by,
                )
            }
            Action::Stake { by, worker, amount } => {
                let provider = self.addresses.providers[worker];
                self.own(
                    instructions::stake(self.key(by), provider, mints, amount),
                    by,
                )
            }
            Action::RequestUnstake { by, worker, amount } => {
                let cold = Party::Worker(worker);
                self.by(
                    instructions::request_unstake(self.key(cold), amount),
                    cold,
                    by,
                )
            }
            Action::WithdrawStake { by, worker } => {
                let cold = Party::Worker(worker);
                self.by(
                    instructions::withdraw_stake(self.key(cold), mints),
                    cold,
                    by,
                )
            }
            Action::ClaimEarnings { worker } => {
                let cold = self.key(Party::Worker(worker));
                (vec![instructions::claim_earnings(&cold, mints)], Vec::new())
            }
            Action::Donate { by, to, amount } => self.transfer(by, to, amount),
            _ => self.build_of_network(action),
        }
    }

    /// A token transfer without the program.
    fn transfer(&self, by: Party, to: Vault, amount: u64) -> Built {
        let mints = self.addresses.mints;
        let transfer = Instruction {
            program_id: match to.mint() {
                Mint::Stake => mints.stake_program,
                Mint::Payment => mints.payment_program,
            },
            accounts: vec![
                AccountMeta::new(self.addresses.vault(Vault::Wallet(by, to.mint())), false),
                AccountMeta::new(self.addresses.vault(to), false),
                AccountMeta::new_readonly(self.key(by), true),
            ],
            data: [&[3][..], &amount.to_le_bytes()].concat(),
        };
        (vec![transfer], vec![by])
    }

    /// Actions of orchestrators, on rewards, and of the network's authority.
    fn build_of_network(&self, action: &Action) -> Built {
        let mints = self.addresses.mints;
        let anyone = |built: Instruction| (vec![built], Vec::new());
        let orchestrator = |n: usize| self.key(Party::Orchestrator(n));
        match *action {
            Action::RegisterOrchestrator {
                by,
                orchestrator: n,
            } => {
                let register =
                    instructions::register_orchestrator(self.key(by), orchestrator(n), mints);
                self.own(register, by)
            }
            Action::Bond {
                by,
                orchestrator: n,
                amount,
            } => self.own(
                instructions::bond(self.key(by), &orchestrator(n), mints, amount),
                by,
            ),
            Action::RetireOrchestrator {
                by,
                orchestrator: n,
            } => {
                let retire = instructions::retire_orchestrator(self.key(by), &orchestrator(n));
                self.own(retire, by)
            }
            Action::WithdrawBond {
                orchestrator: n,
                payer,
            } => anyone(instructions::withdraw_bond(
                &orchestrator(n),
                self.key(payer),
                mints,
            )),
            Action::Reopen { by, bucket } => {
                let open = match bucket {
                    Some(index) => instructions::open_bucket(self.key(by), mints, index),
                    None => instructions::open_rewards(self.key(by), mints),
                };
                self.own(open, by)
            }
            Action::FundRewards { by, amount } => {
                self.own(instructions::fund_rewards(self.key(by), mints, amount), by)
            }
            Action::CloseEpoch { by, number } => {
                self.own(instructions::close_epoch(self.key(by), number), by)
            }
            Action::BankRewards {
                worker,
                number,
                payer,
            } => {
                let provider = self.addresses.providers[worker];
                anyone(instructions::bank_rewards(
                    provider,
                    number,
                    self.key(payer),
                ))
            }
            Action::ClaimRewards { worker } => {
                let cold = self.key(Party::Worker(worker));
                anyone(instructions::claim_rewards(&cold, mints))
            }
            _ => self.build_of_authority(action),
        }
    }

    fn build_of_authority(&self, action: &Action) -> Built {
        match *action {
            Action::Pause { by } => self.own(instructions::pause(self.key(by)), by),
            Action::Resume { by } => self.own(instructions::resume(self.key(by)), by),
            Action::SetPauser { by, to } => {
                self.own(instructions::set_pauser(self.key(by), self.key(to)), by)
            }
            Action::ProposeAuthority { by, to } => {
                let proposed = to.map_or_else(Pubkey::default, |to| self.key(to));
                self.own(instructions::propose_authority(self.key(by), proposed), by)
            }
            Action::AcceptAuthority { by } => {
                self.own(instructions::accept_authority(self.key(by)), by)
            }
            Action::SetParameters { by, parameters } => {
                self.own(instructions::set_parameters(self.key(by), parameters), by)
            }
            Action::WithdrawTreasury {
                by,
                bucket,
                to,
                amount,
            } => {
                let (mints, token_account) = (self.addresses.mints, self.addresses.vault(to));
                let withdraw = instructions::withdraw_treasury(
                    self.key(by),
                    mints,
                    bucket,
                    token_account,
                    amount,
                );
                self.own(withdraw, by)
            }
            _ => unreachable!("{action:?} is about a job"),
        }
    }
}
