//! `GET`, `HEAD` and `PUT /v1/blobs/{sha256 in hex}`. Blobs pass in parts: none is ever held whole.

use crate::api::{ConnectionSlot, Failure};
use crate::blobs::{BlobError, Draft, MAX_BLOB_BYTES};
use crate::observability::metrics::Way;
use crate::service::Service;
use axum::body::Body;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use millrace_protocol::blob::parse_hex;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tokio_util::io::ReaderStream;

/// Longest wait for the next part of an upload.
const STALL: Duration = Duration::from_secs(15);
/// An upload starts as slowly as it likes for so long.
const GRACE: Duration = Duration::from_secs(15);
/// From then on it has brought so many bytes for each second since: 256 kbit/s.
const SLOWEST: u64 = 32 << 10;
/// Bytes that are read from disk at a time.
const PART: usize = 64 << 10;

pub(crate) async fn get_blob(
    State(service): State<Service>,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let digest = parse_hex(&name).map_err(Failure::bad)?;
    let found = service.blobs().open_checked(&digest).await;
    let Some((file, length)) = found.map_err(Failure::internal)? else {
        return Err(Failure::not_found("the blob"));
    };
    let bytes = usize::try_from(length).unwrap_or(usize::MAX);
    service.metrics().blob_passed(Way::Out, bytes);
    let body = Body::from_stream(ReaderStream::with_capacity(file, PART));
    Ok(([(CONTENT_LENGTH, length)], body).into_response())
}

pub(crate) async fn put_blob(
    State(service): State<Service>,
    Path(name): Path<String>,
    Extension(place): Extension<Arc<ConnectionSlot>>,
    body: Body,
) -> Result<StatusCode, Failure> {
    let digest = parse_hex(&name).map_err(Failure::bad)?;
    let draft = service.blobs().draft().await.map_err(Failure::internal)?;
    let draft = receive(body, draft).await?;
    let bytes = draft.length();
    let passed = usize::try_from(bytes).unwrap_or(usize::MAX);
    service.metrics().blob_passed(Way::In, passed);
    match draft.finish(&digest).await {
        Ok(true) => {
            let upload_quota = service.upload_quota();
            if !upload_quota
                .arrived(digest, bytes, place.client_subnet())
                .await
            {
                return Err(Failure(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "there is no room for more blobs that no job names; post a job for those that \
                     you sent, or send it again in an hour"
                        .to_owned(),
                ));
            }
            service.blob_arrived(digest);
            Ok(StatusCode::CREATED)
        }
        Ok(false) => Ok(StatusCode::OK),
        Err(error @ BlobError::WrongHash { .. }) => Err(Failure::bad(error)),
        Err(error) => Err(Failure::internal(error)),
    }
}

/// Takes an upload in, which must not be too large or too slow.
async fn receive(body: Body, mut draft: Draft) -> Result<Draft, Failure> {
    let start = Instant::now();
    let mut parts = body.into_data_stream();
    loop {
        let Ok(part) = timeout(STALL, parts.next()).await else {
            return Err(too_slow());
        };
        let Some(part) = part else { return Ok(draft) };
        draft
            .write(&part.map_err(Failure::bad)?)
            .await
            .map_err(Failure::internal)?;
        if draft.length() > MAX_BLOB_BYTES as u64 {
            let most = MAX_BLOB_BYTES >> 20;
            return Err(Failure(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("a blob has at most {most} MiB; split the input into smaller ones"),
            ));
        }
        if !keeps_pace(draft.length(), start.elapsed()) {
            return Err(too_slow());
        }
    }
}

fn keeps_pace(bytes: u64, elapsed: Duration) -> bool {
    bytes >= elapsed.saturating_sub(GRACE).as_secs() * SLOWEST
}

fn too_slow() -> Failure {
    Failure(
        StatusCode::REQUEST_TIMEOUT,
        "the upload is too slow or stands still; send it again".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_may_start_slowly_and_has_to_go_on_at_256_kilobits() {
        let at = |bytes, seconds| keeps_pace(bytes, Duration::from_secs(seconds));
        assert!(at(0, 15) && !at(0, 16));
        assert!(at(60 * SLOWEST, 75) && !at(60 * SLOWEST, 76));
    }
}
