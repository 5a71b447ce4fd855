//! Jobs as clients see them: views, queries, the archive, and the readiness of manifests.

pub mod archive;
pub mod closable;
pub mod manifests;
pub mod queries;
pub mod view;
