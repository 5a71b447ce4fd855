//! What each act changes, as the protocol's document says it: the table of acts, and the small ones.

use super::act::Act;
use super::directory::Directory;
use super::world::{Mint, No, Says, Vault, Who, World, need};
use millrace_program::state::NetworkParameters;

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
            Act::Assign {
                by,
                job,
                index,
                workers,
            } => self.assign(*by, *job, *index, workers),
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
            Act::Stake { by, worker, amount } => self.stake(*by, *worker, *amount),
            Act::Unstake { by, worker, amount } => self.unstake(*by, *worker, *amount),
            Act::Withdraw { by, worker } => self.withdraw(*by, *worker),
            Act::Claim { worker } => self.claim(*worker),
            Act::Pause { by } => self.pause(*by, true),
            Act::Resume { by } => self.pause(*by, false),
            Act::Parameters { by, parameters } => self.set_parameters(*by, parameters),
            Act::Offer {
                by,
                worker,
                price,
                places,
            } => {
                need(*by == Who::Worker(*worker), "not the cold key")?;
                need(*price > 0 && *places > 0, "an offer of nothing")?;
                let provider = &mut self.providers[*worker];
                (provider.price, provider.places) = (*price, *places);
                Ok(())
            }
            Act::Retire { by, conductor } => {
                let may = [Who::Authority, Who::Conductor(*conductor)];
                need(may.contains(by), "nobody who may")?;
                need(!self.retired[*conductor], "retired")?;
                self.retired[*conductor] = true;
                Ok(())
            }
            Act::Donate { by, to, amount } => self.donate(*by, *to, *amount),
        }
    }

    /// Takes tokens out of somebody's purse.
    pub fn spend(&mut self, who: Who, mint: Mint, to: Vault, amount: u64) -> Says {
        let purse = Vault::Purse(who, mint);
        need(self.vaults.get(purse) >= amount, "a purse with too little")?;
        self.vaults.send(purse, to, amount);
        Ok(())
    }

    fn stake(&mut self, by: Who, worker: usize, amount: u64) -> Says {
        need(!self.paused, "paused")?;
        need(amount > 0, "nothing")?;
        let after = self.providers[worker].active.saturating_add(amount);
        need(after >= self.parameters.min_stake, "below the least stake")?;
        self.spend(by, Mint::Stake, Vault::Stake(worker), amount)?;
        let provider = &mut self.providers[worker];
        provider.active += amount;
        provider.deposited += amount;
        Ok(())
    }

    fn unstake(&mut self, by: Who, worker: usize, amount: u64) -> Says {
        need(by == Who::Worker(worker), "not the cold key")?;
        need(amount > 0, "nothing")?;
        let until = self.now + i64::from(self.parameters.unbonding_secs);
        let provider = &mut self.providers[worker];
        need(amount <= provider.active - provider.locked, "locked")?;
        provider.active -= amount;
        provider.unbonding += amount;
        provider.until = until;
        Ok(())
    }

    fn withdraw(&mut self, by: Who, worker: usize) -> Says {
        need(by == Who::Worker(worker), "not the cold key")?;
        let provider = &mut self.providers[worker];
        need(provider.unbonding > 0, "nothing")?;
        need(self.now >= provider.until, "still unbonding")?;
        let amount = std::mem::take(&mut provider.unbonding);
        provider.until = 0;
        provider.withdrawn += amount;
        let purse = Vault::Purse(by, Mint::Stake);
        self.vaults.send(Vault::Stake(worker), purse, amount);
        Ok(())
    }

    fn claim(&mut self, worker: usize) -> Says {
        let provider = &mut self.providers[worker];
        let amount = provider.earned - provider.claimed;
        need(amount > 0, "nothing")?;
        provider.claimed = provider.earned;
        let purse = Vault::Purse(Who::Worker(worker), Mint::Payment);
        self.vaults.send(Vault::Earnings(worker), purse, amount);
        Ok(())
    }

    fn pause(&mut self, by: Who, paused: bool) -> Says {
        need(by == Who::Authority, "not the pauser")?;
        self.paused = paused;
        Ok(())
    }

    fn set_parameters(&mut self, by: Who, to: &NetworkParameters) -> Says {
        need(by == Who::Authority, "not the authority")?;
        let fit = to.min_stake >= 1
            && (1..=10_000_000).contains(&to.lock_bps)
            && to.fee_bps <= 1_000
            && to.slash_bps <= 10_000
            && to.late_bps <= 2_500
            && to.bounty_bps <= 5_000
            && to.unbonding_secs >= to.max_deadline_secs
            && (1..=5).contains(&to.max_replicas)
            && (1..=64).contains(&to.draw_slots);
        need(fit, "a parameter out of its bounds")?;
        self.parameters = *to;
        Ok(())
    }

    fn donate(&mut self, by: Who, to: Vault, amount: u64) -> Says {
        self.spend(by, to.mint(), to, amount)?;
        if !matches!(to, Vault::Purse(..)) {
            self.donated.add(to, amount);
        }
        Ok(())
    }

    /// Says no unless `by` is an orchestrator that serves the job.
    pub fn need_conductor(&self, by: Who, wanted: Option<usize>) -> Says {
        match by {
            Who::Conductor(n) if wanted.is_none_or(|w| w == n) && !self.retired[n] => Ok(()),
            _ => Err(No("no orchestrator of this job")),
        }
    }
}
