//! ConcurrencyLimit: so many requests of a kind are worked on at a time, the others wait a little, and whoever
//! would wait longer is told to come again. Nobody has more than half of them at a time.

use crate::api::Failure;
use crate::api::limits::connections::ConnectionSlot;
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long a request waits for its turn.
const WAIT: Duration = Duration::from_secs(10);

/// ConcurrencyLimit of one kind.
#[derive(Clone)]
pub struct ConcurrencyLimit {
    free: Arc<Semaphore>,
    /// ConcurrencyLimit by who has them.
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most_of_one: usize,
    /// How long one may take.
    most: Duration,
}

/// One of the turns that somebody has, or waits for; dropping it gives it back.
struct Permit {
    turns: ConcurrencyLimit,
    client_subnet: IpAddr,
}

impl ConcurrencyLimit {
    /// So many at a time, each at most so long.
    pub fn new(at_a_time: usize, most: Duration) -> Self {
        Self {
            free: Arc::new(Semaphore::new(at_a_time)),
            taken: Arc::default(),
            most_of_one: at_a_time.div_ceil(2),
            most,
        }
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // A poisoned lock still holds whole entries.
        self.taken.lock().unwrap_or_else(|held| held.into_inner())
    }

    fn share(&self, client_subnet: IpAddr) -> Option<Permit> {
        let mut taken = self.taken();
        let own = taken.entry(client_subnet).or_default();
        if *own >= self.most_of_one {
            return None;
        }
        *own += 1;
        Some(Permit {
            turns: self.clone(),
            client_subnet,
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.turns.taken();
        if let Some(own) = taken.get_mut(&self.client_subnet) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.client_subnet);
            }
        }
    }
}

/// Serves a request when its turn comes.
pub async fn limit_concurrency(
    State(turns): State<ConcurrencyLimit>,
    Extension(place): Extension<Arc<ConnectionSlot>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(_share) = turns.share(place.client_subnet()) else {
        return busy("too many requests come from your address");
    };
    let Ok(Ok(_turn)) = timeout(WAIT, turns.free.acquire()).await else {
        return busy("too many requests are being served");
    };
    match timeout(turns.most, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => busy("it took too long"),
    }
}

fn busy(reason: &str) -> Response {
    let reason = format!("{reason}; ask again in a moment");
    Failure(StatusCode::SERVICE_UNAVAILABLE, reason).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_more_than_half_of_the_turns() {
        let turns = ConcurrencyLimit::new(5, Duration::from_secs(1));
        let (greedy, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut held: Vec<_> = (0..3).map(|_| turns.share(greedy)).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(turns.share(greedy).is_none() && turns.share(other).is_some());
        held.pop();
        assert!(turns.share(greedy).is_some());
        held.clear();
        assert!(
            turns.taken().is_empty(),
            "nothing is left of those who are gone"
        );
    }
}
