//! Blobs that no job names yet: a client uploads before it posts, so anybody may upload, and nobody has
//! paid for what he uploads. There is so much room for them, and half of it for one uploader. A job that
//! names them, or a reveal that shows them, claims them: then they stay.

use crate::blobs::Blobs;
use millrace_protocol::hash::Digest;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tracing::{debug, warn};

/// Bytes of all of them: 16 GiB.
const MOST: u64 = 16 << 30;
/// Where there is no room, those go that have waited for so long.
const KEPT: Duration = Duration::from_secs(3_600);

/// Keeps the room for unclaimed blobs. What an earlier process was sent counts as claimed.
#[derive(Clone)]
pub struct UploadQuota {
    blobs: Blobs,
    pending: Arc<Mutex<PendingUploads>>,
}

impl UploadQuota {
    /// Nothing has come yet.
    pub fn new(blobs: Blobs) -> Self {
        Self {
            blobs,
            pending: Arc::new(Mutex::new(PendingUploads::new(MOST))),
        }
    }

    fn pending(&self) -> MutexGuard<'_, PendingUploads> {
        // A poisoned lock still holds whole entries.
        self.pending.lock().unwrap_or_else(|held| held.into_inner())
    }

    /// Takes note of a blob that has just come. Returns whether there was room; where there was none, it
    /// is gone again.
    pub async fn arrived(&self, name: Digest, bytes: u64, client_subnet: IpAddr) -> bool {
        let entry = Entry {
            name,
            bytes,
            client_subnet,
            since: Instant::now(),
        };
        let (fits, out) = self.pending().arrived(entry);
        for name in out {
            match self.blobs.remove(&name).await {
                Ok(()) => debug!(
                    blob = hex::encode(name),
                    "no job has named a blob: it is dropped"
                ),
                Err(error) => warn!(%error, blob = hex::encode(name), "a blob can't be dropped"),
            }
        }
        fits
    }

    /// Somebody pays for these, so they stay.
    pub fn claim(&self, names: impl IntoIterator<Item = Digest>) {
        let mut pending = self.pending();
        for name in names {
            pending.claim(&name);
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    name: Digest,
    bytes: u64,
    client_subnet: IpAddr,
    since: Instant,
}

/// What is there, pure.
struct PendingUploads {
    most: u64,
    next: u64,
    /// By number, so the oldest first.
    entries: BTreeMap<u64, Entry>,
    numbers: HashMap<Digest, u64>,
    used: u64,
    of_subnet: HashMap<IpAddr, u64>,
}

impl PendingUploads {
    fn new(most: u64) -> Self {
        Self {
            most,
            next: 0,
            entries: BTreeMap::new(),
            numbers: HashMap::new(),
            used: 0,
            of_subnet: HashMap::new(),
        }
    }

    /// Whether it fits, and what has to go: old ones that made room, or itself.
    fn arrived(&mut self, new: Entry) -> (bool, Vec<Digest>) {
        let mut out = Vec::new();
        if self.numbers.contains_key(&new.name) {
            return (true, out);
        }
        loop {
            let own = self.of_subnet.get(&new.client_subnet).copied().unwrap_or(0);
            let is_greedy = own + new.bytes > self.most / 2;
            if !is_greedy && self.used + new.bytes <= self.most {
                break;
            }
            let mut entries = self.entries.values();
            let oldest =
                entries.find(|entry| !is_greedy || entry.client_subnet == new.client_subnet);
            let is_old = |entry: &&Entry| new.since.saturating_duration_since(entry.since) >= KEPT;
            let Some(name) = oldest.filter(is_old).map(|entry| entry.name) else {
                out.push(new.name);
                return (false, out);
            };
            self.claim(&name);
            out.push(name);
        }
        self.used += new.bytes;
        *self.of_subnet.entry(new.client_subnet).or_default() += new.bytes;
        self.numbers.insert(new.name, self.next);
        self.entries.insert(self.next, new);
        self.next += 1;
        (true, out)
    }

    fn claim(&mut self, name: &Digest) {
        let number = self.numbers.remove(name);
        let Some(entry) = number.and_then(|number| self.entries.remove(&number)) else {
            return;
        };
        self.used -= entry.bytes;
        if let Some(own) = self.of_subnet.get_mut(&entry.client_subnet) {
            *own -= entry.bytes;
            if *own == 0 {
                self.of_subnet.remove(&entry.client_subnet);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREEDY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn blob(n: u8, client_subnet: IpAddr, since: Instant) -> Entry {
        Entry {
            name: [n; 32],
            bytes: 10,
            client_subnet,
            since,
        }
    }

    #[test]
    fn one_uploader_fills_half_of_the_room_and_all_of_them_the_whole() {
        let (mut pending, now) = (PendingUploads::new(40), Instant::now());
        let mut fits = |n, client_subnet| pending.arrived(blob(n, client_subnet, now)).0;
        assert!(fits(1, GREEDY) && fits(2, GREEDY) && !fits(3, GREEDY));
        assert!(fits(2, GREEDY), "one that is there takes no more room");
        assert!(fits(4, OTHER) && fits(5, OTHER) && !fits(6, OTHER));
        // One more has no room at all, though it is the only one from there.
        assert!(!fits(7, IpAddr::from([192, 0, 2, 3])));
        pending.claim(&[1; 32]);
        assert!(pending.arrived(blob(3, GREEDY, now)).0);
        for n in 0..8 {
            pending.claim(&[n; 32]);
        }
        assert!((pending.used, pending.of_subnet.len(), pending.entries.len()) == (0, 0, 0));
    }

    #[test]
    fn old_ones_make_room_the_oldest_first_and_of_the_greedy_ones_own() {
        let (mut pending, start) = (PendingUploads::new(40), Instant::now());
        pending.arrived(blob(1, OTHER, start));
        pending.arrived(blob(2, GREEDY, start));
        pending.arrived(blob(3, GREEDY, start));
        let soon = start + KEPT / 2;
        assert_eq!(
            pending.arrived(blob(4, GREEDY, soon)),
            (false, vec![[4; 32]])
        );
        let late = start + KEPT;
        assert_eq!(
            pending.arrived(blob(4, GREEDY, late)),
            (true, vec![[2; 32]])
        );
        assert_eq!(pending.arrived(blob(5, OTHER, late)), (true, vec![]));
        let third = IpAddr::from([192, 0, 2, 3]);
        assert_eq!(pending.arrived(blob(6, third, late)), (true, vec![[1; 32]]));
    }
}
