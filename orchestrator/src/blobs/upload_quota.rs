//! Limits the space of uploaded blobs that no job names yet.
//!
//! Clients upload before they post a job, so any caller can upload, and no one has paid for the space. One
//! uploader can use half of the quota. A blob leaves the quota and is kept once a job names it or a
//! revealed result refers to it.

use crate::blobs::BlobStore;
use millrace_protocol::hash::Digest;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::{debug, warn};

/// The quota of all uploaders: 16 GiB.
const MAX_PENDING_BYTES: u64 = 16 << 30;
/// A pending blob can be evicted for a new one after this time.
const PENDING_TTL: Duration = Duration::from_secs(3_600);

/// The quota for blobs that no job names. Blobs that an earlier process received do not count.
#[derive(Clone)]
pub(crate) struct UploadQuota {
    blobs: BlobStore,
    pending: Arc<Mutex<PendingUploads>>,
}

impl UploadQuota {
    pub(crate) fn new(blobs: BlobStore) -> Self {
        Self {
            blobs,
            pending: Arc::new(Mutex::new(PendingUploads::new(MAX_PENDING_BYTES))),
        }
    }

    /// Counts a blob that has just been uploaded. Returns false if the quota is exhausted; the blob is
    /// deleted then.
    pub(crate) async fn add(&self, name: Digest, bytes: u64, client_subnet: IpAddr) -> bool {
        let upload = PendingUpload {
            name,
            bytes,
            client_subnet,
            since: Instant::now(),
        };
        let (fits, evicted) = self.pending.lock().add(upload);
        for name in evicted {
            let blob = hex::encode(name);
            match self.blobs.remove(&name).await {
                Ok(()) => debug!(blob, "deleted a blob that no job names"),
                Err(error) => warn!(%error, blob, "failed to delete a blob that no job names"),
            }
        }
        fits
    }

    /// Keeps these blobs: a job pays for them.
    pub(crate) fn claim(&self, names: impl IntoIterator<Item = Digest>) {
        let mut pending = self.pending.lock();
        for name in names {
            pending.remove(&name);
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct PendingUpload {
    name: Digest,
    bytes: u64,
    client_subnet: IpAddr,
    since: Instant,
}

/// The uploads that count towards the quota. Performs no I/O.
struct PendingUploads {
    max_bytes: u64,
    next_number: u64,
    /// By number, so that the oldest comes first.
    uploads: BTreeMap<u64, PendingUpload>,
    numbers: HashMap<Digest, u64>,
    bytes: u64,
    bytes_of_subnet: HashMap<IpAddr, u64>,
}

impl PendingUploads {
    fn new(max_bytes: u64) -> Self {
        Self {
            max_bytes,
            next_number: 0,
            uploads: BTreeMap::new(),
            numbers: HashMap::new(),
            bytes: 0,
            bytes_of_subnet: HashMap::new(),
        }
    }

    /// Adds an upload. Returns whether it fits, and the blobs to delete: expired ones that were evicted for
    /// it, or the upload itself.
    fn add(&mut self, new: PendingUpload) -> (bool, Vec<Digest>) {
        let mut evicted = Vec::new();
        if self.numbers.contains_key(&new.name) {
            return (true, evicted);
        }
        loop {
            let subnet = self.bytes_of_subnet.get(&new.client_subnet);
            let over_share = subnet.copied().unwrap_or(0) + new.bytes > self.max_bytes / 2;
            if !over_share && self.bytes + new.bytes <= self.max_bytes {
                break;
            }
            let mut uploads = self.uploads.values();
            let oldest =
                uploads.find(|upload| !over_share || upload.client_subnet == new.client_subnet);
            let expired = |upload: &&PendingUpload| {
                new.since.saturating_duration_since(upload.since) >= PENDING_TTL
            };
            let Some(name) = oldest.filter(expired).map(|upload| upload.name) else {
                evicted.push(new.name);
                return (false, evicted);
            };
            self.remove(&name);
            evicted.push(name);
        }
        self.bytes += new.bytes;
        *self.bytes_of_subnet.entry(new.client_subnet).or_default() += new.bytes;
        self.numbers.insert(new.name, self.next_number);
        self.uploads.insert(self.next_number, new);
        self.next_number += 1;
        (true, evicted)
    }

    fn remove(&mut self, name: &Digest) {
        let number = self.numbers.remove(name);
        let Some(upload) = number.and_then(|number| self.uploads.remove(&number)) else {
            return;
        };
        self.bytes -= upload.bytes;
        if let Some(bytes) = self.bytes_of_subnet.get_mut(&upload.client_subnet) {
            *bytes -= upload.bytes;
            if *bytes == 0 {
                self.bytes_of_subnet.remove(&upload.client_subnet);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREEDY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn upload(n: u8, client_subnet: IpAddr, since: Instant) -> PendingUpload {
        PendingUpload {
            name: [n; 32],
            bytes: 10,
            client_subnet,
            since,
        }
    }

    #[test]
    fn one_uploader_can_use_half_of_the_quota() {
        let (mut pending, now) = (PendingUploads::new(40), Instant::now());
        let mut fits = |n, subnet| pending.add(upload(n, subnet, now)).0;
        assert!(fits(1, GREEDY) && fits(2, GREEDY) && !fits(3, GREEDY));
        assert!(fits(2, GREEDY), "a repeated upload takes no more space");
        assert!(fits(4, OTHER) && fits(5, OTHER) && !fits(6, OTHER));
        // The quota is used up, even for the first upload of another subnet.
        assert!(!fits(7, IpAddr::from([192, 0, 2, 3])));
        pending.remove(&[1; 32]);
        assert!(pending.add(upload(3, GREEDY, now)).0);
        for n in 0..8 {
            pending.remove(&[n; 32]);
        }
        let left = (
            pending.bytes,
            pending.bytes_of_subnet.len(),
            pending.uploads.len(),
        );
        assert_eq!(left, (0, 0, 0));
    }

    #[test]
    fn expired_uploads_are_evicted_oldest_first_and_within_the_subnet_that_exceeds_its_share() {
        let (mut pending, start) = (PendingUploads::new(40), Instant::now());
        pending.add(upload(1, OTHER, start));
        pending.add(upload(2, GREEDY, start));
        pending.add(upload(3, GREEDY, start));
        let early = start + PENDING_TTL / 2;
        let refused = pending.add(upload(4, GREEDY, early));
        assert_eq!(refused, (false, vec![[4; 32]]));
        let late = start + PENDING_TTL;
        let own_evicted = pending.add(upload(4, GREEDY, late));
        assert_eq!(own_evicted, (true, vec![[2; 32]]));
        assert_eq!(pending.add(upload(5, OTHER, late)), (true, vec![]));
        let third = IpAddr::from([192, 0, 2, 3]);
        let oldest_evicted = pending.add(upload(6, third, late));
        assert_eq!(oldest_evicted, (true, vec![[1; 32]]));
    }
}
