//! What each act changes, as the protocol's document says it: the table of acts, and gifts.

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

use crate::act::Act;
use crate::chain::directory::Directory;
use crate::world::{Mint, NOT_THERE, No, Says, TOO_FEW, Vault, Who, World, need};

impl World {
    /// The world after a transaction, or why there is none.
    pub fn after(&self, acts: &[Act], directory: &Directory) -> Says<Self> {
        let mut world = self.clone();
        for act in acts {
            world.apply(act, directory)?;
        }
        Ok(world)
    }

    fn apply(&mut self, act: &Act, directory: &Directory) -> Says {
        match act {
            Act::Post { by, terms } => self.post(*by, terms, directory),
            Act::Cancel { by, job } => self.cancel(*by, *job),
            Act::Seed { job } => self.seed(*job),
            Act::Assign {
                by,
                job,
                index,
                workers,
            } => self.assign(*by, (*job, *index), workers, directory),
            Act::Commit {
                job,
                index,
                entries,
            } => self.commit((*job, *index), entries, directory),
            Act::Reveal {
                by,
                job,
                index,
                openings,
            } => self.reveal(*by, *job, *index, openings),
            Act::Acknowledge {
                by,
                job,
                index,
                seat,
            } => self.acknowledge(*by, *job, *index, *seat),
            Act::Decline { job, index, entry } => self.decline(*job, *index, entry),
            Act::Settle { job, index, bounty } => self.settle(*job, *index, *bounty),
            Act::ExpireSeat {
                job,
                index,
                seat,
                worker,
                bounty,
            } => self.expire_seat((*job, *index), (*seat, *worker), *bounty),
            Act::ExpireJob { job } => self.expire_job(*job),
            Act::Close { job, shards, payer } => self.close(*job, shards, *payer),
            Act::Draw { job, index } => self.draw(*job, *index),
            Act::Challenge { by, job, index } => self.challenge(*by, *job, *index),
            Act::Donate { by, to, amount } => self.donate(*by, *to, *amount),
            _ => self.apply_small(act),
        }
    }

    /// An act that is about no job.
    fn apply_small(&mut self, act: &Act) -> Says {
        match *act {
            Act::OpenClient { by } => self.open_client(by),
            Act::Register {
                worker,
                price,
                places,
            } => self.register(worker, price, places),
            Act::Deregister { by, worker } => self.deregister(by, worker),
            Act::Rotate {
                by,
                worker,
                operator,
            } => self.rotate(by, worker, operator),
            Act::Offer {
                by,
                worker,
                price,
                places,
            } => self.offer(by, worker, (price, places)),
            Act::Stake { by, worker, amount } => self.stake(by, worker, amount),
            Act::Unstake { by, worker, amount } => self.unstake(by, worker, amount),
            Act::Withdraw { by, worker } => self.withdraw(by, worker),
            Act::Claim { worker } => self.claim(worker),
            Act::Appoint { by, conductor } => self.appoint(by, conductor),
            Act::Bond {
                by,
                conductor,
                amount,
            } => self.bond(by, conductor, amount),
            Act::Retire { by, conductor } => self.retire(by, conductor),
            Act::WithdrawBond { conductor, payer } => self.withdraw_bond(conductor, payer),
            Act::Open { by, bucket } => self.open_again(by, bucket),
            Act::Fund { by, amount } => self.fund(by, amount),
            Act::CloseEpoch { by, number } => self.close_epoch(by, number),
            Act::Bank {
                worker,
                number,
                payer,
            } => self.bank(worker, number, payer),
            Act::ClaimRewards { worker } => self.claim_rewards(worker),
            _ => self.apply_of_network(act),
        }
    }

    /// Takes tokens out of somebody's purse.
    pub fn spend(&mut self, who: Who, mint: Mint, to: Vault, amount: u64) -> Says {
        let purse = Vault::Purse(who, mint);
        need(self.vaults.get(purse) >= amount, TOO_FEW)?;
        self.vaults.send(purse, to, amount);
        Ok(())
    }

    /// What the token program of a mint says of an account that is not its own.
    fn no_account_of(&self, mint: Mint) -> &'static str {
        match self.newer[usize::from(mint == Mint::Payment)] {
            true => "Token::IncorrectProgramId",
            false => "Token::InvalidAccountData",
        }
    }

    /// Says no unless tokens of a mint can go to a vault.
    pub fn need_mint(&self, mint: Mint, to: Vault) -> Says {
        let fits = self.one_mint || mint == to.mint();
        match self.newer[0] == self.newer[1] {
            true => need(fits, "Token::MintMismatch"),
            false => need(fits, self.no_account_of(mint)),
        }
    }

    /// A transfer that the program does not see.
    fn donate(&mut self, by: Who, to: Vault, amount: u64) -> Says {
        need(self.is_open(to), self.no_account_of(to.mint()))?;
        self.spend(by, to.mint(), to, amount)?;
        if !matches!(to, Vault::Purse(..)) {
            self.donated.add(to, amount);
        }
        Ok(())
    }

    /// Says no unless `by` is a registered orchestrator, whose key signs.
    pub fn need_registered(&self, by: Who) -> Says {
        match by {
            Who::Conductor(n) => need(self.conductors[n].is_some(), NOT_THERE),
            // They come with an orchestrator's account, and are not its key.
            _ => need(self.conductors[0].is_some(), NOT_THERE).and(Err(No("NotAuthorized"))),
        }
    }

    /// Says no unless `by`, an orchestrator, serves a job that asks for `wanted`.
    pub fn need_serving(&self, by: Who, wanted: Option<usize>) -> Says {
        let Who::Conductor(n) = by else {
            return Err(No("NotAuthorized"));
        };
        let active = self.conductors[n].as_ref().is_some_and(|c| c.active);
        need(active, "OrchestratorInactive")?;
        need(wanted.is_none_or(|w| w == n), "OrchestratorMismatch")
    }
}
