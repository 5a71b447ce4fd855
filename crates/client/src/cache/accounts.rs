//! In-memory cache of the program's accounts. Performs no I/O; updates from older slots are ignored.

use crate::accounts::{AccountSnapshot, AnyAccount};
use millrace_program::state::{Challenge, Epoch, Job, Network, Orchestrator, Provider, Shard};
use solana_sdk::pubkey::Pubkey;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

#[derive(Clone, Copy, Debug)]
struct CachedShard {
    shard: Shard,
    /// The shard's own account; `None` if the job's account contains the shard. Kept because deriving
    /// the address is slow.
    account: Option<Pubkey>,
    unchanged_since: Instant,
}

/// The program's accounts as they were last read or notified.
#[derive(Clone, Debug, Default)]
pub struct AccountCache {
    slot: u64,
    /// The slot of the last full read. Older updates are ignored.
    full_read_slot: u64,
    /// The slot of the last update of each address, closed accounts included.
    updated: HashMap<Pubkey, u64>,
    network: Option<Box<Network>>,
    orchestrators: HashMap<Pubkey, Orchestrator>,
    providers: HashMap<Pubkey, Provider>,
    jobs: HashMap<Pubkey, Job>,
    /// Ordered by job, so that the shards of one job are contiguous.
    shards: BTreeMap<(Pubkey, u32), CachedShard>,
    /// Job and index of the shard that an account contains.
    shard_accounts: HashMap<Pubkey, (Pubkey, u32)>,
    challenges: HashMap<Pubkey, Challenge>,
    epochs: HashMap<Pubkey, Epoch>,
}

impl AccountCache {
    /// The newest slot of any update.
    pub fn slot(&self) -> u64 {
        self.slot
    }

    /// Whether all accounts were read at least once. Before that, a missing account may exist on chain.
    pub fn is_complete(&self) -> bool {
        self.full_read_slot > 0
    }

    /// The network; `None` until it is read.
    pub fn network(&self) -> Option<&Network> {
        self.network.as_deref()
    }

    /// Orchestrators by account address.
    pub fn orchestrators(&self) -> &HashMap<Pubkey, Orchestrator> {
        &self.orchestrators
    }

    /// Providers by account address.
    pub fn providers(&self) -> &HashMap<Pubkey, Provider> {
        &self.providers
    }

    /// Jobs by account address.
    pub fn jobs(&self) -> &HashMap<Pubkey, Job> {
        &self.jobs
    }

    /// All shards that were ever assigned, in accounts of their own or in those of their jobs.
    pub fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.values().map(|cached| &cached.shard)
    }

    /// The shards of a job that were ever assigned, ordered by index.
    pub fn shards_of(&self, job: &Pubkey) -> impl Iterator<Item = &Shard> {
        let all = (*job, 0)..=(*job, u32::MAX);
        self.shards.range(all).map(|(_, cached)| &cached.shard)
    }

    /// A shard; `None` if it was never assigned.
    pub fn shard(&self, job: &Pubkey, index: u32) -> Option<&Shard> {
        self.shards.get(&(*job, index)).map(|cached| &cached.shard)
    }

    /// The account of a cached shard; `None` if the shard is in its job's account.
    pub fn shard_account(&self, job: &Pubkey, index: u32) -> Option<Pubkey> {
        self.shards.get(&(*job, index))?.account
    }

    /// When a shard last changed in this cache, by this machine's clock.
    pub fn shard_unchanged_since(&self, job: &Pubkey, index: u32) -> Option<Instant> {
        self.shards
            .get(&(*job, index))
            .map(|cached| cached.unchanged_since)
    }

    /// Challenges by account address.
    pub fn challenges(&self) -> &HashMap<Pubkey, Challenge> {
        &self.challenges
    }

    /// Whether this address was ever updated, even if only to find that no account exists there.
    pub fn has_seen(&self, address: &Pubkey) -> bool {
        self.updated.contains_key(address)
    }

    /// Closed epochs by account address.
    pub fn epochs(&self) -> &HashMap<Pubkey, Epoch> {
        &self.epochs
    }

    /// Updates one account from its bytes at `slot`; no bytes mean that it is closed. Returns `false` if a
    /// newer update is known, and this one was ignored.
    pub fn update(&mut self, slot: u64, address: Pubkey, data: &[u8]) -> bool {
        self.apply(slot, address, AnyAccount::decode(&address, data))
    }

    /// As [`AccountCache::update`], with a decoded account. `None` means that it is closed.
    pub fn apply(&mut self, slot: u64, address: Pubkey, account: Option<AnyAccount>) -> bool {
        let known = self.updated.get(&address).copied().unwrap_or(0);
        if slot < known.max(self.full_read_slot) {
            return false;
        }
        self.slot = self.slot.max(slot);
        self.updated.insert(address, slot);
        match account {
            Some(AnyAccount::Network(network)) => self.network = Some(network),
            Some(AnyAccount::Orchestrator(x)) => drop(self.orchestrators.insert(address, x)),
            Some(AnyAccount::Provider(x)) => drop(self.providers.insert(address, *x)),
            Some(AnyAccount::Job(job, shard)) => {
                if let Some(shard) = shard {
                    self.insert_shard((address, shard.index), *shard, None);
                }
                self.jobs.insert(address, *job);
            }
            Some(AnyAccount::Shard(shard)) => {
                let key = (shard.job, shard.index);
                self.shard_accounts.insert(address, key);
                self.insert_shard(key, *shard, Some(address));
            }
            Some(AnyAccount::Challenge(x)) => drop(self.challenges.insert(address, x)),
            Some(AnyAccount::Epoch(x)) => drop(self.epochs.insert(address, x)),
            Some(AnyAccount::Client(_) | AnyAccount::Bucket(_) | AnyAccount::Rewards(_)) => {}
            None => self.remove(&address),
        }
        true
    }

    /// Applies a full read. Accounts that are not in it and have no newer update are removed. A snapshot
    /// that is older than the last full read is ignored.
    pub fn replace(&mut self, snapshot: &AccountSnapshot) {
        if snapshot.slot < self.full_read_slot {
            return;
        }
        self.full_read_slot = snapshot.slot;
        for (address, data) in &snapshot.accounts {
            self.update(snapshot.slot, *address, data);
        }
        let addresses = snapshot.accounts.iter().map(|(address, _)| address);
        let present: HashSet<&Pubkey> = addresses.collect();
        let closed: Vec<Pubkey> = self
            .updated
            .iter()
            .filter(|(address, slot)| **slot <= snapshot.slot && !present.contains(address))
            .map(|(address, _)| *address)
            .collect();
        for address in closed {
            self.remove(&address);
            self.updated.remove(&address);
        }
        self.slot = self.slot.max(snapshot.slot);
    }

    /// Drops all other accounts, as if they had never been updated.
    pub fn retain(&mut self, keep: impl Fn(&Pubkey) -> bool) {
        let addresses = self.updated.keys();
        let dropped: Vec<Pubkey> = addresses.filter(|key| !keep(key)).copied().collect();
        for address in dropped {
            self.remove(&address);
            self.updated.remove(&address);
        }
    }

    fn insert_shard(&mut self, key: (Pubkey, u32), shard: Shard, account: Option<Pubkey>) {
        let known = self.shards.get(&key);
        let unchanged =
            known.filter(|known| bytemuck::bytes_of(&known.shard) == bytemuck::bytes_of(&shard));
        let cached = CachedShard {
            shard,
            account,
            unchanged_since: unchanged.map_or_else(Instant::now, |known| known.unchanged_since),
        };
        self.shards.insert(key, cached);
    }

    fn remove(&mut self, address: &Pubkey) {
        self.orchestrators.remove(address);
        self.providers.remove(address);
        self.challenges.remove(address);
        self.epochs.remove(address);
        if self.jobs.remove(address).is_some_and(|job| job.shards == 1) {
            self.shards.remove(&(*address, 0));
        }
        if let Some(key) = self.shard_accounts.remove(address) {
            self.shards.remove(&key);
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
    fn older_updates_are_ignored() {
        let mut cache = AccountCache::default();
        assert!(cache.update(10, KEY, &job(2)));
        assert!(!cache.is_complete());
        assert!(!cache.update(9, KEY, &job(1)));
        assert_eq!(cache.jobs()[&KEY].nonce, 2);
    }

    #[test]
    fn full_read_drops_closed_accounts_and_keeps_newer_ones() {
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
    fn accounts_dropped_by_a_full_read_do_not_come_back_with_late_updates() {
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
        // A full read from an endpoint that lags drops nothing.
        cache.replace(&empty(19));
        assert_eq!(cache.jobs()[&KEY].nonce, 2);
        assert_eq!(cache.slot(), 20);
    }

    #[test]
    fn dropped_accounts_count_as_never_updated() {
        let mut cache = AccountCache::default();
        cache.update(10, KEY, &job(1));
        cache.retain(|_| true);
        assert!(cache.has_seen(&KEY));
        cache.retain(|_| false);
        assert!(!cache.has_seen(&KEY) && cache.jobs().is_empty());
        cache.update(5, KEY, &[]);
        assert!(cache.has_seen(&KEY), "it is known not to exist");
    }

    #[test]
    fn reading_a_shard_again_without_a_change_keeps_its_time() {
        let (mut cache, job) = (AccountCache::default(), Pubkey::default());
        let mut shard: Shard = bytemuck::Zeroable::zeroed();
        let account = |shard: &Shard| Some(AnyAccount::Shard(Box::new(*shard)));
        assert_eq!(cache.shard_unchanged_since(&job, 0), None);
        cache.apply(1, KEY, account(&shard));
        assert_eq!(cache.shard_account(&job, 0), Some(KEY));
        let first = cache.shard_unchanged_since(&job, 0);
        cache.apply(2, KEY, account(&shard));
        assert_eq!(cache.shard_unchanged_since(&job, 0), first);
        shard.attempt = 1;
        cache.apply(3, KEY, account(&shard));
        assert!(cache.shard_unchanged_since(&job, 0) > first);
    }

    #[test]
    fn closed_accounts_are_removed() {
        let mut cache = AccountCache::default();
        cache.update(10, KEY, &job(1));
        cache.update(11, KEY, &[]);
        assert!(cache.jobs().is_empty());
    }
}
