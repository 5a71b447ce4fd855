//! Facts about the store itself: the network and the cluster that it belongs to.

use crate::error::OrchestratorError;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::location::StoreLocation;

impl Store {
    /// Records the network on the first call; later calls compare with it.
    pub(super) async fn require_network(
        &self,
        location: &StoreLocation,
        network_id: &str,
    ) -> Result<(), StoreError> {
        let found = self.get_or_insert("network", network_id).await?;
        if found == network_id {
            return Ok(());
        }
        Err(StoreError::WrongNetwork {
            location: location.to_string(),
            found,
            expected: network_id.to_owned(),
        })
    }

    /// Records the cluster's genesis on the first call; later calls compare with it.
    ///
    /// # Errors
    /// [`OrchestratorError::OtherGenesis`].
    pub(crate) async fn require_genesis(&self, genesis: &str) -> Result<(), OrchestratorError> {
        let expected = self.get_or_insert("genesis", genesis).await?;
        if expected == genesis {
            return Ok(());
        }
        Err(OrchestratorError::OtherGenesis {
            found: genesis.to_owned(),
            expected,
        })
    }

    /// Stores a value under a key that has none, and returns the stored value.
    async fn get_or_insert(&self, key: &'static str, value: &str) -> Result<String, StoreError> {
        let insert = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.run(insert, [key.into(), value.into()]).await?;
        let select = "SELECT value FROM meta WHERE key = $1";
        let rows = self.rows(select, [key.into()]).await?;
        let missing = || StoreError::Failed(format!("{key} was inserted but cannot be read"));
        rows.first().ok_or_else(missing)?.text(0)
    }

    /// Checks that the store accepts writes.
    pub(crate) async fn probe(&self) -> Result<(), StoreError> {
        let insert = "INSERT INTO meta (key, value) VALUES ('probe', $1) \
                      ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        // The value differs each time, so that the row really changes.
        let value = format!("{:016x}", rand::random::<u64>());
        self.run(insert, [value.as_str().into()]).await?;
        Ok(())
    }
}
