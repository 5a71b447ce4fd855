//! What a store was made for: the cluster, by its genesis.

use super::Store;
use crate::error::OrchestratorError;
use rusqlite::{OptionalExtension, params};

impl Store {
    /// Remembers the cluster's genesis the first time, and compares with it from then on.
    ///
    /// # Errors
    /// [`OrchestratorError::OtherGenesis`].
    pub fn require_genesis(&self, genesis: &str) -> Result<(), OrchestratorError> {
        let connection = self.connection();
        let select = "SELECT value FROM meta WHERE key = 'genesis'";
        let found: Option<String> = connection
            .query_row(select, [], |row| row.get(0))
            .optional()?;
        match found {
            None => {
                let insert = "INSERT INTO meta (key, value) VALUES ('genesis', ?1)";
                connection.execute(insert, params![genesis])?;
                Ok(())
            }
            Some(found) if found == genesis => Ok(()),
            Some(found) => Err(OrchestratorError::OtherGenesis {
                found: genesis.to_owned(),
                expected: found,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_store_stays_with_the_cluster_that_it_was_made_for() {
        let path = std::env::temp_dir().join(format!("millrace-origin-{}.db", std::process::id()));
        Store::open(&path, "n")
            .unwrap()
            .require_genesis("one")
            .unwrap();
        let store = Store::open(&path, "n").unwrap();
        assert!(store.require_genesis("one").is_ok());
        let refused = store.require_genesis("two").unwrap_err();
        assert!(
            matches!(&refused, OrchestratorError::OtherGenesis { expected, .. } if expected == "one")
        );
        assert!(refused.to_string().contains("--data"), "{refused}");
        std::fs::remove_file(path).unwrap();
    }
}
