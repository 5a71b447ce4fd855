//! Limits concurrent requests of one kind. Further requests wait for a moment and are then refused. The
//! requests of one client subnet use at most half of the permits.

use crate::api::error::ApiError;
use crate::api::limits::connections::ConnectionSlot;
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Longest wait for a permit.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(crate) struct ConcurrencyLimit {
    permits: Arc<Semaphore>,
    /// Requests of each subnet that hold or wait for a permit.
    in_flight: Arc<Mutex<HashMap<IpAddr, usize>>>,
    max_per_subnet: usize,
    request_timeout: Duration,
}

/// A subnet's request that holds or waits for a permit.
struct SubnetPermit {
    limit: ConcurrencyLimit,
    client_subnet: IpAddr,
}

impl ConcurrencyLimit {
    /// `request_timeout` ends requests that hold a permit for longer.
    pub(crate) fn new(max_concurrent: usize, request_timeout: Duration) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(max_concurrent)),
            in_flight: Arc::default(),
            max_per_subnet: max_concurrent.div_ceil(2),
            request_timeout,
        }
    }

    fn try_enter(&self, client_subnet: IpAddr) -> Option<SubnetPermit> {
        let mut in_flight = self.in_flight.lock();
        let count = in_flight.entry(client_subnet).or_default();
        if *count >= self.max_per_subnet {
            return None;
        }
        *count += 1;
        Some(SubnetPermit {
            limit: self.clone(),
            client_subnet,
        })
    }
}

impl Drop for SubnetPermit {
    fn drop(&mut self) {
        let mut in_flight = self.limit.in_flight.lock();
        if let Some(count) = in_flight.get_mut(&self.client_subnet) {
            *count -= 1;
            if *count == 0 {
                in_flight.remove(&self.client_subnet);
            }
        }
    }
}

/// Middleware that applies a [`ConcurrencyLimit`].
pub(crate) async fn limit_concurrency(
    State(limit): State<ConcurrencyLimit>,
    Extension(slot): Extension<Arc<ConnectionSlot>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(_subnet_permit) = limit.try_enter(slot.client_subnet()) else {
        return busy("too many requests from your address");
    };
    let Ok(Ok(_permit)) = timeout(PERMIT_TIMEOUT, limit.permits.acquire()).await else {
        return busy("too many concurrent requests");
    };
    timeout(limit.request_timeout, next.run(request))
        .await
        .unwrap_or_else(|_| busy("the request timed out"))
}

fn busy(reason: &str) -> Response {
    let message = format!("{reason}; try again in a moment");
    ApiError(StatusCode::SERVICE_UNAVAILABLE, message).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subnet_gets_at_most_half_of_the_permits() {
        let limit = ConcurrencyLimit::new(5, Duration::from_secs(1));
        let (greedy, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut entered: Vec<_> = (0..3).map(|_| limit.try_enter(greedy)).collect();
        assert!(entered.iter().all(Option::is_some));
        assert!(limit.try_enter(greedy).is_none() && limit.try_enter(other).is_some());
        entered.pop();
        assert!(limit.try_enter(greedy).is_some());
        entered.clear();
        assert!(
            limit.in_flight.lock().is_empty(),
            "finished requests leave nothing behind"
        );
    }
}
