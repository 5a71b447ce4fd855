//! What a store was made for: the cluster, by its genesis.

use super::Store;
use crate::error::OrchestratorError;

impl Store {
    /// Remembers the cluster's genesis the first time, and compares with it from then on.
    ///
    /// # Errors
    /// [`OrchestratorError::OtherGenesis`].
    pub async fn require_genesis(&self, genesis: &str) -> Result<(), OrchestratorError> {
        match self.remember("genesis", genesis).await? {
            found if found == genesis => Ok(()),
            found => Err(OrchestratorError::OtherGenesis {
                found: genesis.to_owned(),
                expected: found,
            }),
        }
    }
}
