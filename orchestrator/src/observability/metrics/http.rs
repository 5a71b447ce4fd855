//! Counts requests by the route that took them, not by their paths: those are as many as there are blobs.

use super::{Metrics, labels};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;

/// Middleware that counts what passes.
pub async fn count_requests(
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

/// Methods may be made up by whoever asks: a label must not be.
fn method_word(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "PUT" => "PUT",
        "POST" => "POST",
        _ => "other",
    }
}
