//! What the API's handlers work with.

use crate::agents::Agents;
use crate::blobs::BlobStore;
use crate::blobs::upload_quota::UploadQuota;
use crate::events::Events;
use crate::jobs::manifests::ManifestTracker;
use crate::jobs::queries::JobQueries;
use crate::observability::debug_stats::DebugStatsSource;
use crate::observability::metrics::Metrics;
use crate::observability::status::Status;
use tokio_util::sync::CancellationToken;

/// Shared by all handlers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ApiState {
    pub jobs: JobQueries,
    pub manifests: ManifestTracker,
    pub blobs: BlobStore,
    pub upload_quota: UploadQuota,
    pub agents: Agents,
    pub events: Events,
    pub status: Status,
    pub debug_stats: DebugStatsSource,
    pub metrics: Metrics,
    /// Cancelled when all connections must end.
    pub end: CancellationToken,
}
