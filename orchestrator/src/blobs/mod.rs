//! Blobs, named by their SHA-256, in a folder or in an S3-compatible object store.

mod error;
mod location;
mod s3_http;
mod store;
pub(crate) mod upload_quota;
mod writer;

#[cfg(test)]
mod tests;

pub use error::BlobStoreError;
pub use location::BlobLocation;
pub(crate) use store::{BlobStore, MAX_BLOB_BYTES};
pub(crate) use writer::BlobWriter;
