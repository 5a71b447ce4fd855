//! The crowd at the door: connections whose agents have not been let in, and those of clients. There
//! is room for so many; where it is full, a newcomer pushes out the one that has been there longest
//! among those from the address that has the max. So whoever opens thousands only pushes out his own,
//! and an honest agent that answers at once gets in.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

/// Room for connections.
#[derive(Clone)]
pub struct ConnectionLimiter {
    all: Arc<Mutex<All>>,
    max: usize,
}

#[derive(Default)]
struct All {
    next: u64,
    /// By number, so the oldest first.
    waiting: BTreeMap<u64, (IpAddr, CancellationToken)>,
}

/// A connection's place; dropping it makes room.
pub struct ConnectionSlot {
    crowd: ConnectionLimiter,
    number: u64,
    client_subnet: IpAddr,
    out: CancellationToken,
}

impl ConnectionLimiter {
    /// Room for `max`.
    pub fn new(max: usize) -> Self {
        Self {
            all: Arc::default(),
            max: max.max(1),
        }
    }

    fn all(&self) -> MutexGuard<'_, All> {
        // A poisoned lock still holds whole entries.
        self.all.lock().unwrap_or_else(|held| held.into_inner())
    }

    /// How many are in it.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.all().waiting.len()
    }

    /// Takes a connection in.
    pub fn enter(&self, from: IpAddr) -> ConnectionSlot {
        let out = CancellationToken::new();
        let mut all = self.all();
        if all.waiting.len() >= self.max
            && let Some(number) = first_to_go(&all.waiting)
            && let Some((_, gone)) = all.waiting.remove(&number)
        {
            gone.cancel();
        }
        let number = all.next;
        all.next += 1;
        let client_subnet = client_subnet(from);
        all.waiting.insert(number, (client_subnet, out.clone()));
        drop(all);
        ConnectionSlot {
            crowd: self.clone(),
            number,
            client_subnet,
            out,
        }
    }
}

impl ConnectionSlot {
    /// Who counts as one: all connections of one machine or one customer.
    pub fn client_subnet(&self) -> IpAddr {
        self.client_subnet
    }

    /// Waits until a newer one takes the place. Never, once it is settled.
    pub async fn evicted(&self) {
        self.out.cancelled().await;
    }

    /// It is known now who is there: it can't be pushed out any more, and takes no room.
    pub fn release(&self) {
        self.crowd.all().waiting.remove(&self.number);
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.release();
    }
}

/// Who counts as one: an address, of IPv6 the network of one customer.
fn client_subnet(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(long) => Ipv6Addr::from_bits(long.to_bits() & !u128::from(u64::MAX)).into(),
        short => short,
    }
}

fn first_to_go(waiting: &BTreeMap<u64, (IpAddr, CancellationToken)>) -> Option<u64> {
    let mut counts: HashMap<IpAddr, usize> = HashMap::new();
    for (from, _) in waiting.values() {
        *counts.entry(*from).or_default() += 1;
    }
    let max = counts.values().max()?;
    let crowded = |from: &IpAddr| counts.get(from) == Some(max);
    let first = waiting.iter().find(|(_, (from, _))| crowded(from));
    first.map(|(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOISY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const QUIET: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn is_out(place: &ConnectionSlot) -> bool {
        place.out.is_cancelled()
    }

    #[test]
    fn whoever_opens_the_most_connections_pushes_out_his_own_oldest() {
        let crowd = ConnectionLimiter::new(3);
        let quiet = crowd.enter(QUIET);
        let noisy: Vec<ConnectionSlot> = (0..4).map(|_| crowd.enter(NOISY)).collect();
        let out: Vec<bool> = noisy.iter().map(is_out).collect();
        assert_eq!(out, [true, true, false, false]);
        assert!(!is_out(&quiet));
        assert_eq!(crowd.len(), 3);
        let another = crowd.enter(QUIET);
        assert!(is_out(&noisy[2]) && !is_out(&quiet) && !is_out(&another));
    }

    #[test]
    fn whoever_is_settled_or_gone_takes_no_room() {
        let crowd = ConnectionLimiter::new(1);
        let agent = crowd.enter(NOISY);
        agent.release();
        let client = crowd.enter(NOISY);
        assert!(!is_out(&agent) && !is_out(&client));
        drop(agent);
        assert_eq!(crowd.len(), 1, "a settled one leaves nothing behind");
        drop(client);
        assert_eq!(crowd.len(), 0);
    }

    #[test]
    fn one_customers_ipv6_network_is_one_site() {
        let at = |text: &str| client_subnet(text.parse().unwrap_or(NOISY));
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:0:0:1"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_eq!(at("::ffff:192.0.2.1"), NOISY);
    }
}
