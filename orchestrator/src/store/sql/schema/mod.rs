//! The schema, as a list of migrations. Add a step at the end to change it; released steps never change.

use crate::store::error::StoreError;

/// A migration from one version to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SchemaStep {
    /// The version after the step.
    pub version: i64,
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

/// All steps, starting from an empty database.
const STEPS: [SchemaStep; 4] = [
    SchemaStep {
        version: 1,
        sqlite: include_str!("sqlite-1.sql"),
        postgres: include_str!("postgres-1.sql"),
    },
    SchemaStep {
        version: 2,
        sqlite: include_str!("sqlite-2.sql"),
        postgres: include_str!("postgres-2.sql"),
    },
    SchemaStep {
        version: 3,
        sqlite: include_str!("sqlite-3.sql"),
        postgres: include_str!("postgres-3.sql"),
    },
    SchemaStep {
        version: 4,
        sqlite: include_str!("sqlite-4.sql"),
        postgres: include_str!("postgres-4.sql"),
    },
];

/// The steps that a database of version `found` needs. Version 0 is an empty database.
///
/// # Errors
/// [`StoreError::NewerVersion`] if a newer millrace has migrated the database.
pub(crate) fn steps_from(found: i64, location: &str) -> Result<Vec<SchemaStep>, StoreError> {
    let known = STEPS.last().map_or(0, |step| step.version);
    if found > known {
        return Err(StoreError::NewerVersion {
            location: location.to_owned(),
            found,
            known,
        });
    }
    let due = STEPS.iter().filter(|step| step.version > found);
    Ok(due.copied().collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_older_version_is_migrated_and_a_newer_one_is_refused() {
        let versions = |found| -> Vec<i64> {
            let steps = steps_from(found, "here").unwrap();
            steps.iter().map(|step| step.version).collect()
        };
        assert_eq!(versions(0), [1, 2, 3, 4]);
        assert_eq!(versions(1), [2, 3, 4]);
        assert!(versions(4).is_empty());
        assert!(matches!(
            steps_from(5, "here"),
            Err(StoreError::NewerVersion {
                found: 5,
                known: 4,
                ..
            })
        ));
    }
}
