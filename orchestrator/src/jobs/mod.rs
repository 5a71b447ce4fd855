//! Jobs as clients see them: views, queries, the archive, and manifests that have arrived.

pub mod archive;
pub mod manifests;
pub mod queries;
pub mod view;
