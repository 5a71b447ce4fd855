//! The tables, version by version. A change of the tables is a new step at the end; steps that were
//! released are never changed.

use crate::store::StoreError;

/// From one version to the next, for each database.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The version that it leads to.
    pub version: i64,
    /// For SQLite.
    pub sqlite: &'static str,
    /// For PostgreSQL.
    pub postgres: &'static str,
}

/// All steps, from an empty database on.
const STEPS: [Step; 3] = [
    Step {
        version: 1,
        sqlite: include_str!("sqlite-1.sql"),
        postgres: include_str!("postgres-1.sql"),
    },
    Step {
        version: 2,
        sqlite: include_str!("sqlite-2.sql"),
        postgres: include_str!("postgres-2.sql"),
    },
    Step {
        version: 3,
        sqlite: include_str!("sqlite-3.sql"),
        postgres: include_str!("postgres-3.sql"),
    },
];

/// The steps that a database of version `found` needs; 0 is an empty one.
///
/// # Errors
/// [`StoreError::Newer`] where a newer version has been there.
pub fn steps_from(found: i64, place: &str) -> Result<Vec<Step>, StoreError> {
    let known = STEPS.last().map_or(0, |step| step.version);
    if found > known {
        return Err(StoreError::Newer {
            place: place.to_owned(),
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
    fn steps_lead_from_any_version_to_the_newest_and_a_newer_one_is_refused() {
        let versions = |found| -> Vec<i64> {
            let steps = steps_from(found, "here").unwrap();
            steps.iter().map(|step| step.version).collect()
        };
        assert_eq!(versions(0), [1, 2, 3]);
        assert_eq!(versions(1), [2, 3]);
        assert!(versions(3).is_empty());
        assert!(matches!(
            steps_from(4, "here"),
            Err(StoreError::Newer {
                found: 4,
                known: 3,
                ..
            })
        ));
    }
}
