//! `GET`, `HEAD` and `PUT /v1/blobs/{sha256 in hex}`.

use super::Failure;
use crate::blobs::BlobError;
use crate::metrics::Way;
use crate::service::Service;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use millrace_protocol::blob::from_hex;

pub(super) async fn get_blob(
    State(service): State<Service>,
    Path(name): Path<String>,
) -> Result<Vec<u8>, Failure> {
    let digest = from_hex(&name).map_err(Failure::bad)?;
    let found = service
        .blobs()
        .get(&digest)
        .await
        .map_err(Failure::internal)?;
    let bytes = found.ok_or_else(|| Failure::not_found("the blob"))?;
    service.metrics().blob_passed(Way::Out, bytes.len());
    Ok(bytes)
}

pub(super) async fn put_blob(
    State(service): State<Service>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Failure> {
    let digest = from_hex(&name).map_err(Failure::bad)?;
    service.metrics().blob_passed(Way::In, body.len());
    match service.blobs().put(&digest, &body).await {
        Ok(true) => {
            service.blob_arrived(digest);
            Ok(StatusCode::CREATED)
        }
        Ok(false) => Ok(StatusCode::OK),
        Err(error @ BlobError::WrongHash { .. }) => Err(Failure::bad(error)),
        Err(error) => Err(Failure::internal(error)),
    }
}
