//! What each action changes, as the protocol's document says it: the table of actions, and gifts.

mod jobs;
mod network;
mod orchestrators;
mod parties;
mod review;
mod rewards;
mod seats;
mod settle;
pub mod sortition;
mod verdict;

use crate::action::Action;
use crate::chain::addresses::AddressBook;
use crate::world::{Mint, ModelError, ModelResult, NOT_THERE, Party, TOO_FEW, Vault, World, need};

impl World {
    /// The world after a transaction, or why there is none.
    pub fn after(&self, actions: &[Action], addresses: &AddressBook) -> ModelResult<Self> {
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
            Action::SeedJob { job } => self.seed(*job),
            Action::Assign {
                by,
                job,
                index,
                workers,
            } => self.assign(*by, (*job, *index), workers, addresses),
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
            Action::Settle { job, index, bounty } => self.settle(*job, *index, *bounty),
            Action::ExpireSeat {
                job,
                index,
                seat,
                worker,
                bounty,
            } => self.expire_seat((*job, *index), (*seat, *worker), *bounty),
            Action::ExpireJob { job } => self.expire_job(*job),
            Action::Close { job, shards, payer } => self.close(*job, shards, *payer),
            Action::DrawAudit { job, index } => self.draw(*job, *index),
            Action::Challenge { by, job, index } => self.challenge(*by, *job, *index),
            Action::Donate { by, to, amount } => self.donate(*by, *to, *amount),
            _ => self.apply_small(action),
        }
    }

    /// An action that is about no job.
    fn apply_small(&mut self, action: &Action) -> ModelResult {
        match *action {
            Action::OpenClient { by } => self.open_client(by),
            Action::Register {
                worker,
                price,
                max_seats,
            } => self.register(worker, price, max_seats),
            Action::Deregister { by, worker } => self.deregister(by, worker),
            Action::RotateOperator {
                by,
                worker,
                operator,
            } => self.rotate(by, worker, operator),
            Action::UpdateProvider {
                by,
                worker,
                price,
                max_seats,
            } => self.offer(by, worker, (price, max_seats)),
            Action::Stake { by, worker, amount } => self.stake(by, worker, amount),
            Action::RequestUnstake { by, worker, amount } => self.unstake(by, worker, amount),
            Action::WithdrawStake { by, worker } => self.withdraw(by, worker),
            Action::ClaimEarnings { worker } => self.claim(worker),
            Action::RegisterOrchestrator { by, orchestrator } => self.appoint(by, orchestrator),
            Action::Bond {
                by,
                orchestrator,
                amount,
            } => self.bond(by, orchestrator, amount),
            Action::RetireOrchestrator { by, orchestrator } => self.retire(by, orchestrator),
            Action::WithdrawBond {
                orchestrator,
                payer,
            } => self.withdraw_bond(orchestrator, payer),
            Action::Reopen { by, bucket } => self.open_again(by, bucket),
            Action::FundRewards { by, amount } => self.fund(by, amount),
            Action::CloseEpoch { by, number } => self.close_epoch(by, number),
            Action::BankRewards {
                worker,
                number,
                payer,
            } => self.bank(worker, number, payer),
            Action::ClaimRewards { worker } => self.claim_rewards(worker),
            _ => self.apply_of_network(action),
        }
    }

    /// Takes tokens out of somebody's token_account.
    pub fn spend(&mut self, who: Party, mint: Mint, to: Vault, amount: u64) -> ModelResult {
        let token_account = Vault::Wallet(who, mint);
        need(self.vaults.get(token_account) >= amount, TOO_FEW)?;
        self.vaults.send(token_account, to, amount);
        Ok(())
    }

    /// What the token program of a mint says of an account that is not its own.
    fn no_account_of(&self, mint: Mint) -> &'static str {
        if self.newer[usize::from(mint == Mint::Payment)] {
            "Token::IncorrectProgramId"
        } else {
            "Token::InvalidAccountData"
        }
    }

    /// ModelResult no unless tokens of a mint can go to a vault.
    pub fn need_mint(&self, mint: Mint, to: Vault) -> ModelResult {
        let fits = self.one_mint || mint == to.mint();
        if self.newer[0] == self.newer[1] {
            need(fits, "Token::MintMismatch")
        } else {
            need(fits, self.no_account_of(mint))
        }
    }

    /// A transfer that the program does not see.
    fn donate(&mut self, by: Party, to: Vault, amount: u64) -> ModelResult {
        need(self.is_open(to), self.no_account_of(to.mint()))?;
        self.spend(by, to.mint(), to, amount)?;
        if !matches!(to, Vault::Wallet(..)) {
            self.donated.add(to, amount);
        }
        Ok(())
    }

    /// ModelResult no unless `by` is a registered orchestrator, whose key signs.
    pub fn need_registered(&self, by: Party) -> ModelResult {
        match by {
            Party::Orchestrator(n) => need(self.orchestrators[n].is_some(), NOT_THERE),
            // They come with an orchestrator's account, and are not its key.
            _ => need(self.orchestrators[0].is_some(), NOT_THERE)
                .and(Err(ModelError("NotAuthorized"))),
        }
    }

    /// ModelResult no unless `by`, an orchestrator, serves a job that asks for `wanted`.
    pub fn need_serving(&self, by: Party, wanted: Option<usize>) -> ModelResult {
        let Party::Orchestrator(n) = by else {
            return Err(ModelError("NotAuthorized"));
        };
        let active = self.orchestrators[n].as_ref().is_some_and(|c| c.active);
        need(active, "OrchestratorInactive")?;
        need(wanted.is_none_or(|w| w == n), "OrchestratorMismatch")
    }
}
