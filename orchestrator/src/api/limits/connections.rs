//! Limits connections of clients and of agents that are not authenticated yet. At capacity, a new connection
//! evicts the oldest connection of the subnet that holds the most. A client that opens thousands of
//! connections evicts only its own, and an honest agent that answers at once is not evicted.

use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
pub(crate) struct ConnectionLimiter {
    connections: Arc<Mutex<Connections>>,
    max: usize,
}

#[derive(Default)]
struct Connections {
    next_number: u64,
    /// By number, so that the oldest comes first.
    limited: BTreeMap<u64, LimitedConnection>,
}

struct LimitedConnection {
    client_subnet: IpAddr,
    eviction: CancellationToken,
}

/// A connection that counts towards the limit until it is released or dropped.
pub(crate) struct ConnectionSlot {
    limiter: ConnectionLimiter,
    number: u64,
    client_subnet: IpAddr,
    eviction: CancellationToken,
}

impl ConnectionLimiter {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            connections: Arc::default(),
            max: max.max(1),
        }
    }

    /// Adds a connection, and evicts another one if the limit is reached.
    pub(crate) fn accept(&self, from: IpAddr) -> ConnectionSlot {
        let eviction = CancellationToken::new();
        let client_subnet = client_subnet(from);
        let mut connections = self.connections.lock();
        if connections.limited.len() >= self.max
            && let Some(number) = eviction_candidate(&connections.limited)
            && let Some(evicted) = connections.limited.remove(&number)
        {
            evicted.eviction.cancel();
        }
        let number = connections.next_number;
        connections.next_number += 1;
        let connection = LimitedConnection {
            client_subnet,
            eviction: eviction.clone(),
        };
        connections.limited.insert(number, connection);
        drop(connections);
        ConnectionSlot {
            limiter: self.clone(),
            number,
            client_subnet,
            eviction,
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.connections.lock().limited.len()
    }
}

impl ConnectionSlot {
    /// The address that per-client limits apply to. See [`client_subnet`].
    pub(crate) fn client_subnet(&self) -> IpAddr {
        self.client_subnet
    }

    /// Completes when a newer connection evicts this one; never after [`ConnectionSlot::release`].
    pub(crate) async fn evicted(&self) {
        self.eviction.cancelled().await;
    }

    /// Stops counting the connection, because its agent is authenticated. It can no longer be evicted.
    pub(crate) fn release(&self) {
        self.limiter.connections.lock().limited.remove(&self.number);
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.release();
    }
}

/// The IPv4 address, or the /64 network of the IPv6 address, which is what one customer gets.
fn client_subnet(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
        address => address,
    }
}

/// The oldest connection of the subnet that holds the most.
fn eviction_candidate(limited: &BTreeMap<u64, LimitedConnection>) -> Option<u64> {
    let mut counts: HashMap<IpAddr, usize> = HashMap::new();
    for connection in limited.values() {
        *counts.entry(connection.client_subnet).or_default() += 1;
    }
    let max = counts.values().max()?;
    limited
        .iter()
        .find(|(_, connection)| counts.get(&connection.client_subnet) == Some(max))
        .map(|(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const QUIET: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn is_evicted(slot: &ConnectionSlot) -> bool {
        slot.eviction.is_cancelled()
    }

    #[test]
    fn the_subnet_with_the_most_connections_loses_its_oldest() {
        let limiter = ConnectionLimiter::new(3);
        let quiet = limiter.accept(QUIET);
        let busy: Vec<ConnectionSlot> = (0..4).map(|_| limiter.accept(BUSY)).collect();
        let evicted: Vec<bool> = busy.iter().map(is_evicted).collect();
        assert_eq!(evicted, [true, true, false, false]);
        assert!(!is_evicted(&quiet));
        assert_eq!(limiter.len(), 3);
        let another = limiter.accept(QUIET);
        assert!(is_evicted(&busy[2]) && !is_evicted(&quiet) && !is_evicted(&another));
    }

    #[test]
    fn released_and_dropped_slots_do_not_count() {
        let limiter = ConnectionLimiter::new(1);
        let agent = limiter.accept(BUSY);
        agent.release();
        let client = limiter.accept(BUSY);
        assert!(!is_evicted(&agent) && !is_evicted(&client));
        drop(agent);
        assert_eq!(limiter.len(), 1, "a released slot leaves nothing behind");
        drop(client);
        assert_eq!(limiter.len(), 0);
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_subnet() {
        let subnet = |text: &str| client_subnet(text.parse().unwrap_or(BUSY));
        assert_eq!(subnet("2001:db8::1"), subnet("2001:db8::ffff:0:0:1"));
        assert_ne!(subnet("2001:db8::1"), subnet("2001:db8:0:1::1"));
        assert_eq!(subnet("::ffff:192.0.2.1"), BUSY);
    }
}
