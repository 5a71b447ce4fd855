//! Members and leases. All times come from the database, so that the orchestrators' clocks do not matter.
//! Each change is one statement with its condition, so that only one of two competing members gets a lease.

use crate::leases::partition::{Lease, Member, Partition};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::sql::value::Row;
use std::collections::HashMap;
use std::time::Duration;

fn millis(ttl: Duration) -> i64 {
    i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX)
}

fn partition(row: &Row, at: usize) -> Result<Partition, StoreError> {
    let text = row.text(at)?;
    text.parse()
        .map_err(|()| StoreError::UnexpectedValue(format!("{text:?} is not a partition")))
}

/// Partitions with the epochs of their leases.
fn epochs(rows: &[Row]) -> Result<HashMap<Partition, u64>, StoreError> {
    rows.iter()
        .map(|row| Ok((partition(row, 0)?, row.unsigned(1)?)))
        .collect()
}

/// A condition for leases that are to be changed. All statements lock leases in the same order, so that none
/// of them deadlocks with another or with a fenced write.
fn in_order(condition: &str) -> String {
    format!("bucket IN (SELECT bucket FROM leases WHERE {condition}{{lease_locks}})")
}

impl Store {
    /// Adds a member, valid for `ttl`, and the leases that it may take unless they exist.
    pub(crate) async fn join(&self, me: &Member, ttl: Duration) -> Result<(), StoreError> {
        let leases: Vec<String> = Partition::all_for(&me.orchestrator)
            .map(|partition| format!("('{partition}', 0, 0)"))
            .collect();
        let insert = format!(
            "INSERT INTO leases (bucket, epoch, expires) VALUES {} ON CONFLICT DO NOTHING",
            leases.join(", ")
        );
        self.run(insert, []).await?;
        // Members that expired an hour ago have no entries left to adopt.
        let prune = "DELETE FROM members WHERE expires < {now} - 3600000";
        self.run(prune, []).await?;
        let insert = "INSERT INTO members (member, orchestrator, expires) \
                      VALUES ($1, $2, {now} + $3)";
        let orchestrator = me.orchestrator.to_string();
        let values = [
            me.id.as_str().into(),
            orchestrator.as_str().into(),
            millis(ttl).into(),
        ];
        self.run(insert, values).await?;
        Ok(())
    }

    /// Renews a member and its leases for `ttl` from now, and returns the leases that it still holds, with
    /// their epochs. Returns `None` if the membership has expired: the member holds nothing and has to join
    /// again.
    pub(crate) async fn renew(
        &self,
        member: &str,
        ttl: Duration,
    ) -> Result<Option<HashMap<Partition, u64>>, StoreError> {
        let update = "UPDATE members SET expires = {now} + $1 \
                      WHERE member = $2 AND expires > {now}";
        let values = [millis(ttl).into(), member.into()];
        if self.run(update, values.clone()).await?.changed == 0 {
            return Ok(None);
        }
        let update = format!(
            "UPDATE leases SET expires = {{now}} + $1 WHERE {} RETURNING bucket, epoch",
            in_order("member = $2 AND expires > {now}")
        );
        let rows = self.rows(update, values).await?;
        epochs(&rows).map(Some)
    }

    /// All members that have not expired.
    pub(crate) async fn members(&self) -> Result<Vec<Member>, StoreError> {
        let select = "SELECT member, orchestrator FROM members WHERE expires > {now}";
        let rows = self.rows(select, []).await?;
        let member = |row: &Row| {
            let key = row.text(1)?;
            let wrong = |_| StoreError::UnexpectedValue(format!("{key:?} is not a public key"));
            Ok(Member {
                id: row.text(0)?,
                orchestrator: key.parse().map_err(wrong)?,
            })
        };
        rows.iter().map(member).collect()
    }

    pub(crate) async fn leases(&self) -> Result<Vec<Lease>, StoreError> {
        let select = "SELECT bucket, COALESCE(CASE WHEN expires > {now} THEN member END, ''), epoch \
                      FROM leases ORDER BY bucket";
        let rows = self.rows(select, []).await?;
        let lease = |row: &Row| {
            let holder = row.text(1)?;
            Ok(Lease {
                partition: partition(row, 0)?,
                holder: (!holder.is_empty()).then_some(holder),
                epoch: row.unsigned(2)?,
            })
        };
        rows.iter().map(lease).collect()
    }

    /// Takes those of the wanted leases that are free, for `ttl`. Returns the ones that were taken, with
    /// their epochs.
    pub(crate) async fn take(
        &self,
        member: &str,
        wanted: &[Partition],
        ttl: Duration,
    ) -> Result<HashMap<Partition, u64>, StoreError> {
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let update = format!(
            "UPDATE leases SET member = $1, epoch = epoch + 1, expires = {{now}} + $2 \
             WHERE {} AND expires <= {{now}} AND EXISTS \
             (SELECT 1 FROM members WHERE members.member = $1 AND members.expires > {{now}}) \
             RETURNING bucket, epoch",
            in_order(&format!(
                "bucket IN ({}) AND expires <= {{now}}",
                Partition::sql_list(wanted)
            ))
        );
        let rows = self
            .rows(update, [member.into(), millis(ttl).into()])
            .await?;
        epochs(&rows)
    }

    /// Gives back those of the leases that the member still holds.
    pub(crate) async fn give_back(
        &self,
        member: &str,
        given: &[Partition],
    ) -> Result<(), StoreError> {
        if given.is_empty() {
            return Ok(());
        }
        let update = format!(
            "UPDATE leases SET member = NULL, expires = 0 WHERE {} AND member = $1",
            in_order(&format!(
                "member = $1 AND bucket IN ({})",
                Partition::sql_list(given)
            ))
        );
        self.run(update, [member.into()]).await?;
        Ok(())
    }

    /// Gives all leases back and ends the membership.
    pub(crate) async fn leave(&self, member: &str) -> Result<(), StoreError> {
        let update = format!(
            "UPDATE leases SET member = NULL, expires = 0 WHERE {}",
            in_order("member = $1")
        );
        self.run(update, [member.into()]).await?;
        let delete = "DELETE FROM members WHERE member = $1";
        self.run(delete, [member.into()]).await?;
        Ok(())
    }
}
