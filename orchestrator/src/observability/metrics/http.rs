//! Counts requests by route. A label for each path would make a series for each blob.

use super::{Metrics, labels};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;

/// Middleware that counts requests.
pub(crate) async fn count_requests(
    State(metrics): State<Metrics>,
    request: Request,
    next: Next,
) -> Response {
    let since = Instant::now();
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or("none", MatchedPath::as_str).to_owned();
    let method = method_word(request.method());
    let response = next.run(request).await;
    let status = response.status();
    let label = labels([
        ("method", method),
        ("route", &route),
        ("status", status.as_str()),
    ]);
    metrics.0.requests.get_or_create(&label).inc();
    let seconds = metrics
        .0
        .request_seconds
        .get_or_create(&labels([("route", &route)]));
    seconds.observe(since.elapsed().as_secs_f64());
    response
}

/// Clients can invent methods, so unknown ones share a label.
fn method_word(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "PUT" => "PUT",
        "POST" => "POST",
        _ => "other",
    }
}
