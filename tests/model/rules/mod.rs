//! The effects of every action, as documented in the protocol.

mod jobs;
mod network;
mod orchestrators;
mod parties;
mod review;
mod rewards;
mod seats;
mod settle;
pub(crate) mod sortition;
mod verdict;

use crate::action::Action;
use crate::chain::addresses::AddressBook;
use crate::world::{Mint, ModelError, ModelResult, NOT_THERE, Party, TOO_FEW, Vault, World, need};

impl World {
    /// The state after a transaction, or the error with which it is refused.
    pub(crate) fn after(&self, actions: &[Action], addresses: &AddressBook) -> ModelResult<Self> {
        let mut world = self.clone();
        for action in actions {
            world.apply(action, addresses)?;
        }
        Ok(world)
    }

    fn apply(&mut self, action: &Action, addresses: &AddressBook) -> ModelResult {
        match action {
            Action::Post { by, terms } => self.post(*by, terms, addresses),
            Action::Cancel { by, job } => self.cancel(*by, *job),
            Action::SeedJob { job } => self.seed_job(*job),
            Action::Assign {
                by,
                job,
                index,
                workers,
                agreed,
            } => self.assign(*by, (*job, *index), (workers, agreed), addresses),
            Action::Commit {
                job,
                index,
                entries,
            } => self.commit((*job, *index), entries, addresses),
            Action::Reveal {
                by,
                job,
                index,
                reveals,
            } => self.reveal(*by, *job, *index, reveals),
            Action::Acknowledge {
                by,
                job,
                index,
                seat,
            } => self.acknowledge(*by, *job, *index, *seat),
            Action::Decline { job, index, entry } => self.decline(*job, *index, entry),
            Action::Settle {
                job,
                index,
                stake_mint,
            } => self.settle(*job, *index, *stake_mint),
            Action::ExpireSeat {
                job,
                index,
                seat,
                worker,
            } => self.expire_seat((*job, *index), (*seat, *worker)),
            Action::ExpireJob { job } => self.expire_job(*job),
            Action::Close { job, shards, payer } => self.close(*job, shards, *payer),
            Action::DrawAudit { job, index } => self.draw_audit(*job, *index),
            Action::Challenge { by, job, index } => self.challenge(*by, *job, *index),
            Action::Donate { by, to, amount } => self.donate(*by, *to, *amount),
            _ => self.apply_small(action),
        }
    }

    /// Actions that concern no job.
    fn apply_small(&mut self, action: &Action) -> ModelResult {
        match *action {
            Action::OpenClient { by } => self.open_client(by),
            Action::Register {
                worker,
                price,
                max_seats,
                max_lock,
            } => self.register_provider(worker, (price, max_seats, max_lock)),
            Action::Deregister { by, worker } => self.deregister(by, worker),
            Action::RotateOperator {
                by,
                worker,
                operator,
            } => self.rotate_operator(by, worker, operator),
            Action::UpdateProvider {
                by,
                worker,
                price,
                max_seats,
                max_lock,
            } => self.update_provider(by, worker, (price, max_seats, max_lock)),
            Action::Stake { by, worker, amount } => self.stake(by, worker, amount),
            Action::RequestUnstake { by, worker, amount } => {
                self.request_unstake(by, worker, amount)
            }
            Action::WithdrawStake { by, worker } => self.withdraw_stake(by, worker),
            Action::ClaimEarnings { worker } => self.claim_earnings(worker),
            Action::RegisterOrchestrator { by, orchestrator } => {
                self.register_orchestrator(by, orchestrator)
            }
            Action::Bond {
                by,
                orchestrator,
                amount,
            } => self.bond(by, orchestrator, amount),
            Action::RetireOrchestrator { by, orchestrator } => {
                self.retire_orchestrator(by, orchestrator)
            }
            Action::WithdrawBond {
                orchestrator,
                payer,
            } => self.withdraw_bond(orchestrator, payer),
            Action::Reopen { by, bucket } => self.open_existing(by, bucket),
            Action::FundRewards { by, amount } => self.fund_rewards(by, amount),
            Action::CloseEpoch { by, number } => self.close_epoch(by, number),
            Action::BankRewards {
                worker,
                number,
                payer,
            } => self.bank_rewards(worker, number, payer),
            Action::ClaimRewards { worker } => self.claim_rewards(worker),
            _ => self.apply_of_network(action),
        }
    }

    /// Moves tokens from a party's wallet.
    pub(crate) fn spend(&mut self, who: Party, mint: Mint, to: Vault, amount: u64) -> ModelResult {
        let token_account = Vault::Wallet(who, mint);
        need(self.vaults.get(token_account) >= amount, TOO_FEW)?;
        self.vaults.send(token_account, to, amount);
        Ok(())
    }

    /// The error of a mint's token program for an account of the other token program.
    fn no_account_of(&self, mint: Mint) -> &'static str {
        if self.newer[usize::from(mint == Mint::Payment)] {
            "Token::IncorrectProgramId"
        } else {
            "Token::InvalidAccountData"
        }
    }

    /// Refuses unless tokens of the mint can be sent to the vault.
    pub(crate) fn need_mint(&self, mint: Mint, to: Vault) -> ModelResult {
        let fits = self.one_mint || mint == to.mint();
        if self.newer[0] == self.newer[1] {
            need(fits, "Token::MintMismatch")
        } else {
            need(fits, self.no_account_of(mint))
        }
    }

    /// A token transfer without the program.
    fn donate(&mut self, by: Party, to: Vault, amount: u64) -> ModelResult {
        need(self.is_open(to), self.no_account_of(to.mint()))?;
        self.spend(by, to.mint(), to, amount)?;
        if !matches!(to, Vault::Wallet(..)) {
            self.donated.add(to, amount);
        }
        Ok(())
    }

    /// Refuses unless `by` is a registered orchestrator that signs with its key.
    pub(crate) fn need_registered(&self, by: Party) -> ModelResult {
        match by {
            Party::Orchestrator(n) => need(self.orchestrators[n].is_some(), NOT_THERE),
            // Other parties pass an orchestrator's account without being its key.
            _ => need(self.orchestrators[0].is_some(), NOT_THERE)
                .and(Err(ModelError("NotAuthorized"))),
        }
    }

    /// Refuses unless `by` is an active orchestrator that the job accepts.
    pub(crate) fn need_serving(&self, by: Party, wanted: Option<usize>) -> ModelResult {
        let Party::Orchestrator(n) = by else {
            return Err(ModelError("NotAuthorized"));
        };
        let active = self.orchestrators[n].as_ref().is_some_and(|c| c.active);
        need(active, "OrchestratorInactive")?;
        need(wanted.is_none_or(|w| w == n), "OrchestratorMismatch")
    }
}
