//! Jobs as clients see them: views, queries, the archive, and the readiness of manifests.

pub(crate) mod archive;
pub(crate) mod closable;
pub(crate) mod manifests;
pub(crate) mod queries;
pub(crate) mod view;
