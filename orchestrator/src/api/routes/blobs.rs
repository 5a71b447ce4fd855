//! `GET`, `HEAD` and `PUT /v1/blobs/{sha256 in hex}`. Blobs are streamed; none is held in memory.

use crate::api::ConnectionSlot;
use crate::api::error::ApiError;
use crate::api::state::ApiState;
use crate::blobs::{BlobStoreError, BlobWriter, MAX_BLOB_BYTES};
use crate::observability::metrics::BlobDirection;
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

/// Longest wait for the next chunk of an upload.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(15);
/// An upload has no minimum rate during this time.
const RATE_GRACE: Duration = Duration::from_secs(15);
/// Minimum average rate after the grace period: 256 kbit/s.
const MIN_BYTES_PER_SEC: u64 = 32 << 10;
/// Bytes per read from disk.
const READ_BYTES: usize = 64 << 10;

pub(crate) async fn get_blob(
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let digest = parse_hex(&name).map_err(ApiError::bad)?;
    let found = state.blobs.open_verified(&digest).await;
    let Some((file, length)) = found.map_err(ApiError::internal)? else {
        return Err(ApiError::not_found("the blob"));
    };
    state.metrics.blob_transferred(BlobDirection::Out, length);
    let body = Body::from_stream(ReaderStream::with_capacity(file, READ_BYTES));
    Ok(([(CONTENT_LENGTH, length)], body).into_response())
}

pub(crate) async fn put_blob(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    Extension(slot): Extension<Arc<ConnectionSlot>>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let digest = parse_hex(&name).map_err(ApiError::bad)?;
    let writer = state.blobs.writer().await.map_err(ApiError::internal)?;
    let writer = receive(body, writer).await?;
    let bytes = writer.length();
    state.metrics.blob_transferred(BlobDirection::In, bytes);
    match state.blobs.commit(writer, &digest).await {
        Ok(true) => {
            let quota = &state.upload_quota;
            if !quota.add(digest, bytes, slot.client_subnet()).await {
                return Err(ApiError(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "the quota for blobs that no job names is used up; post a job for the blobs that \
                     you have uploaded, or upload again in an hour"
                        .to_owned(),
                ));
            }
            state.manifests.blob_stored(digest);
            Ok(StatusCode::CREATED)
        }
        Ok(false) => Ok(StatusCode::OK),
        Err(error @ BlobStoreError::HashMismatch { .. }) => Err(ApiError::bad(error)),
        Err(error) => Err(ApiError::internal(error)),
    }
}

/// Receives an upload that is neither too large nor too slow.
async fn receive(body: Body, mut writer: BlobWriter) -> Result<BlobWriter, ApiError> {
    let start = Instant::now();
    let mut chunks = body.into_data_stream();
    loop {
        let Ok(chunk) = timeout(CHUNK_TIMEOUT, chunks.next()).await else {
            return Err(too_slow());
        };
        let Some(chunk) = chunk else {
            return Ok(writer);
        };
        writer
            .write(&chunk.map_err(ApiError::bad)?)
            .await
            .map_err(ApiError::internal)?;
        if writer.length() > MAX_BLOB_BYTES as u64 {
            let max = MAX_BLOB_BYTES >> 20;
            return Err(ApiError(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("a blob has at most {max} MiB; split the input into smaller blobs"),
            ));
        }
        if !is_fast_enough(writer.length(), start.elapsed()) {
            return Err(too_slow());
        }
    }
}

fn is_fast_enough(bytes: u64, elapsed: Duration) -> bool {
    bytes >= elapsed.saturating_sub(RATE_GRACE).as_secs() * MIN_BYTES_PER_SEC
}

fn too_slow() -> ApiError {
    ApiError(
        StatusCode::REQUEST_TIMEOUT,
        "the upload is too slow or has stalled; send the blob again".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_has_to_average_256_kilobits_per_second_after_its_grace_period() {
        let ok = |bytes, seconds| is_fast_enough(bytes, Duration::from_secs(seconds));
        assert!(ok(0, 15) && !ok(0, 16));
        assert!(ok(60 * MIN_BYTES_PER_SEC, 75) && !ok(60 * MIN_BYTES_PER_SEC, 76));
    }
}
