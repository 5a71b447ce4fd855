//! The program's accounts as they were last seen. Pure: it is told what was read and notified, and
//! never goes backwards in slots.

use crate::accounts::AnyAccount;
use millrace_program::state::{Challenge, Epoch, Job, Network, Orchestrator, Provider, Shard};
use solana_sdk::pubkey::Pubkey;
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

/// A full read of the program's accounts.
#[derive(Clone, Debug, Default)]
pub struct AccountSnapshot {
    /// The slot it was read at.
    pub slot: u64,
    /// Address and bytes of each account.
    pub accounts: Vec<(Pubkey, Vec<u8>)>,
}

/// A shard with the time since which it has been known as it is.
#[derive(Clone, Copy, Debug)]
struct CachedShard {
    shard: Shard,
    /// Its account, where it is not kept in its job's: to derive it anew takes long.
    account: Option<Pubkey>,
    since: Instant,
}

/// What is known of the chain.
#[derive(Clone, Debug, Default)]
pub struct AccountCache {
    slot: u64,
    /// The slot of the last full read: whatever is older says nothing new about any account.
    floor: u64,
    seen: HashMap<Pubkey, u64>,
    network: Option<Box<Network>>,
    orchestrators: HashMap<Pubkey, Orchestrator>,
    providers: HashMap<Pubkey, Provider>,
    jobs: HashMap<Pubkey, Job>,
    /// In the order of jobs, so that those of one job are found together.
    shards: BTreeMap<(Pubkey, u32), CachedShard>,
    /// Which shard the account of an address holds, where it is one.
    shard_accounts: HashMap<Pubkey, (Pubkey, u32)>,
    challenges: HashMap<Pubkey, Challenge>,
    epochs: HashMap<Pubkey, Epoch>,
}

impl AccountCache {
    /// Newest slot that anything was seen at.
    pub fn slot(&self) -> u64 {
        self.slot
    }

    /// Whether everything has been read once. Before that, what is missing may be there all the same.
    pub fn is_complete(&self) -> bool {
        self.floor > 0
    }

    /// The network, once seen.
    pub fn network(&self) -> Option<&Network> {
        self.network.as_deref()
    }

    /// Orchestrators by address.
    pub fn orchestrators(&self) -> &HashMap<Pubkey, Orchestrator> {
        &self.orchestrators
    }

    /// Providers by address.
    pub fn providers(&self) -> &HashMap<Pubkey, Provider> {
        &self.providers
    }

    /// Jobs by address.
    pub fn jobs(&self) -> &HashMap<Pubkey, Job> {
        &self.jobs
    }

    /// Shards whose seats were taken, wherever they are kept.
    pub fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.values().map(|sighted| &sighted.shard)
    }

    /// The shards of a job whose seats were taken, by their index.
    pub fn shards_of(&self, job: &Pubkey) -> impl Iterator<Item = &Shard> {
        let all = (*job, 0)..=(*job, u32::MAX);
        self.shards.range(all).map(|(_, sighted)| &sighted.shard)
    }

    /// A shard, once its seats were taken.
    pub fn shard(&self, job: &Pubkey, index: u32) -> Option<&Shard> {
        self.shards
            .get(&(*job, index))
            .map(|sighted| &sighted.shard)
    }

    /// The account of a shard that is known and not kept in its job's.
    pub fn shard_account(&self, job: &Pubkey, index: u32) -> Option<Pubkey> {
        self.shards.get(&(*job, index))?.account
    }

    /// Since when a shard has been known as it is, by this machine's clock.
    pub fn shard_unchanged_since(&self, job: &Pubkey, index: u32) -> Option<Instant> {
        self.shards.get(&(*job, index)).map(|sighted| sighted.since)
    }

    /// Challenges by address.
    pub fn challenges(&self) -> &HashMap<Pubkey, Challenge> {
        &self.challenges
    }

    /// Whether anything was seen of an address, be it that there is no account.
    pub fn has_seen(&self, address: &Pubkey) -> bool {
        self.seen.contains_key(address)
    }

    /// Closed epochs by address.
    pub fn epochs(&self) -> &HashMap<Pubkey, Epoch> {
        &self.epochs
    }

    /// Takes in one account as it was at `slot`. Returns whether anything is new; what is older than
    /// what is known is left out.
    pub fn update(&mut self, slot: u64, address: Pubkey, data: &[u8]) -> bool {
        self.apply(slot, address, AnyAccount::decode(&address, data))
    }

    /// As [`AccountCache::update`], of what was read already; `None` is no account of ours, or none any more.
    pub fn apply(&mut self, slot: u64, address: Pubkey, entity: Option<AnyAccount>) -> bool {
        let known = self.seen.get(&address).copied().unwrap_or(0);
        if slot < known.max(self.floor) {
            return false;
        }
        self.slot = self.slot.max(slot);
        self.seen.insert(address, slot);
        match entity {
            Some(AnyAccount::Network(network)) => self.network = Some(network),
            Some(AnyAccount::Orchestrator(x)) => drop(self.orchestrators.insert(address, x)),
            Some(AnyAccount::Provider(x)) => drop(self.providers.insert(address, *x)),
            Some(AnyAccount::Job(job, shard)) => {
                if let Some(shard) = shard {
                    self.sight((address, shard.index), *shard, None);
                }
                self.jobs.insert(address, *job);
            }
            Some(AnyAccount::Shard(shard)) => {
                let place = (shard.job, shard.index);
                self.shard_accounts.insert(address, place);
                self.sight(place, *shard, Some(address));
            }
            Some(AnyAccount::Challenge(x)) => drop(self.challenges.insert(address, x)),
            Some(AnyAccount::Epoch(x)) => drop(self.epochs.insert(address, x)),
            Some(AnyAccount::Client(_) | AnyAccount::Bucket(_) | AnyAccount::Rewards(_)) => {}
            None => self.forget(&address),
        }
        true
    }

    /// Takes in a full read: accounts that are missing from it, and were not seen after it, are gone. One
    /// that is older than the last is left out.
    pub fn replace(&mut self, reading: &AccountSnapshot) {
        if reading.slot < self.floor {
            return;
        }
        self.floor = reading.slot;
        for (address, data) in &reading.accounts {
            self.update(reading.slot, *address, data);
        }
        let present: std::collections::HashSet<&Pubkey> = reading
            .accounts
            .iter()
            .map(|(address, _)| address)
            .collect();
        let gone: Vec<Pubkey> = self
            .seen
            .iter()
            .filter(|(address, slot)| **slot <= reading.slot && !present.contains(address))
            .map(|(address, _)| *address)
            .collect();
        for address in gone {
            self.forget(&address);
            self.seen.remove(&address);
        }
        self.slot = self.slot.max(reading.slot);
    }

    /// Forgets all accounts but these, as if they had never been seen.
    pub fn retain(&mut self, keep: impl Fn(&Pubkey) -> bool) {
        let gone: Vec<Pubkey> = self.seen.keys().filter(|key| !keep(key)).copied().collect();
        for address in gone {
            self.forget(&address);
            self.seen.remove(&address);
        }
    }

    fn sight(&mut self, place: (Pubkey, u32), shard: Shard, account: Option<Pubkey>) {
        let known = self.shards.get(&place);
        let same =
            known.filter(|known| bytemuck::bytes_of(&known.shard) == bytemuck::bytes_of(&shard));
        let since = same.map_or_else(Instant::now, |known| known.since);
        let sighted = CachedShard {
            shard,
            account,
            since,
        };
        self.shards.insert(place, sighted);
    }

    fn forget(&mut self, address: &Pubkey) {
        self.orchestrators.remove(address);
        self.providers.remove(address);
        self.challenges.remove(address);
        self.epochs.remove(address);
        if self.jobs.remove(address).is_some_and(|job| job.shards == 1) {
            self.shards.remove(&(*address, 0));
        }
        if let Some(place) = self.shard_accounts.remove(address) {
            self.shards.remove(&place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anchor_lang::Discriminator;

    fn job(nonce: u64) -> Vec<u8> {
        let mut data = Job::DISCRIMINATOR.to_vec();
        let mut job: Job = bytemuck::Zeroable::zeroed();
        job.nonce = nonce;
        data.extend(bytemuck::bytes_of(&job));
        data
    }

    const KEY: Pubkey = Pubkey::new_from_array([9; 32]);

    #[test]
    fn an_older_notification_changes_nothing() {
        let mut cache = AccountCache::default();
        assert!(cache.update(10, KEY, &job(2)));
        assert!(!cache.is_complete());
        assert!(!cache.update(9, KEY, &job(1)));
        assert_eq!(cache.jobs()[&KEY].nonce, 2);
    }

    #[test]
    fn a_full_read_drops_what_is_gone_and_keeps_what_is_newer() {
        let mut cache = AccountCache::default();
        let newer = Pubkey::new_from_array([8; 32]);
        cache.update(10, KEY, &job(1));
        cache.update(30, newer, &job(2));
        cache.replace(&AccountSnapshot {
            slot: 20,
            accounts: Vec::new(),
        });
        assert!(!cache.jobs().contains_key(&KEY));
        assert!(cache.jobs().contains_key(&newer));
        assert!(cache.is_complete());
    }

    #[test]
    fn what_a_full_read_has_dropped_does_not_come_back_by_a_late_notification() {
        let mut cache = AccountCache::default();
        cache.update(10, KEY, &job(1));
        let empty = |slot| AccountSnapshot {
            slot,
            accounts: Vec::new(),
        };
        cache.replace(&empty(20));
        assert!(!cache.update(15, KEY, &job(1)));
        assert!(cache.jobs().is_empty());
        assert!(cache.update(20, KEY, &job(2)));
        // A full read of an endpoint that lags drops nothing.
        cache.replace(&empty(19));
        assert_eq!(cache.jobs()[&KEY].nonce, 2);
        assert_eq!(cache.slot(), 20);
    }

    #[test]
    fn what_is_not_kept_is_as_if_it_had_never_been_seen() {
        let mut cache = AccountCache::default();
        cache.update(10, KEY, &job(1));
        cache.retain(|_| true);
        assert!(cache.has_seen(&KEY));
        cache.retain(|_| false);
        assert!(!cache.has_seen(&KEY) && cache.jobs().is_empty());
        cache.update(5, KEY, &[]);
        assert!(cache.has_seen(&KEY), "that it is not there is known");
    }

    #[test]
    fn a_shard_that_is_read_again_has_been_known_since_it_was_first_read() {
        let (mut cache, job) = (AccountCache::default(), Pubkey::default());
        let mut shard: Shard = bytemuck::Zeroable::zeroed();
        let entity = |shard: &Shard| Some(AnyAccount::Shard(Box::new(*shard)));
        assert_eq!(cache.shard_unchanged_since(&job, 0), None);
        cache.apply(1, KEY, entity(&shard));
        assert_eq!(cache.shard_account(&job, 0), Some(KEY));
        let first = cache.shard_unchanged_since(&job, 0);
        cache.apply(2, KEY, entity(&shard));
        assert_eq!(cache.shard_unchanged_since(&job, 0), first);
        shard.attempt = 1;
        cache.apply(3, KEY, entity(&shard));
        assert!(cache.shard_unchanged_since(&job, 0) > first);
    }

    #[test]
    fn a_closed_account_is_gone() {
        let mut cache = AccountCache::default();
        cache.update(10, KEY, &job(1));
        cache.update(11, KEY, &[]);
        assert!(cache.jobs().is_empty());
    }
}
