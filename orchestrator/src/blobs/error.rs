use std::error::Error;
use std::io;
use thiserror::Error;

/// Why a blob was not stored or returned.
#[derive(Debug, Error)]
pub enum BlobStoreError {
    /// The bytes do not have the hash that they were sent under.
    #[error("the bytes have SHA-256 {found}, not {expected}; send them under their own hash")]
    HashMismatch { expected: String, found: String },
    #[error("cannot access the blobs: {0}")]
    ObjectStore(#[from] object_store::Error),
    #[error("cannot access the blob's file: {0}")]
    File(#[from] io::Error),
    /// The location cannot be used at all.
    #[error(
        "cannot use the blobs at {location}: {source}; an object store needs AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY \
         and AWS_REGION, and AWS_ENDPOINT_URL unless it is Amazon's"
    )]
    Unusable {
        location: String,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("{given:?} is not a valid location for blobs; write a folder or s3://BUCKET/PREFIX")]
    InvalidLocation { given: String },
}
