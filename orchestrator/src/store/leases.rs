//! Members and leases, in the store. All times are the database's own, so that no orchestrator's
//! clock matters; each change is one statement with its condition, so that of two who want the same
//! lease one gets it.

use super::{Row, Store, StoreError};
use crate::leases::partition::{Lease, Member, Partition};
use std::time::Duration;

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn partition(row: &Row, at: usize) -> Result<Partition, StoreError> {
    let text = row.text(at)?;
    text.parse()
        .map_err(|()| StoreError::Failed(format!("{text:?} is not a partition")))
}

fn partitions(rows: &[Row]) -> Result<Vec<Partition>, StoreError> {
    rows.iter().map(|row| partition(row, 0)).collect()
}

impl Store {
    /// Enters a member for `time`, and the leases that it may take where they are not there yet.
    pub async fn join(&self, me: &Member, time: Duration) -> Result<(), StoreError> {
        let leases: Vec<String> = Partition::all_for(&me.orchestrator)
            .map(|partition| format!("('{partition}', 0, 0)"))
            .collect();
        let insert = format!(
            "INSERT INTO leases (bucket, epoch, expires) VALUES {} ON CONFLICT DO NOTHING",
            leases.join(", ")
        );
        self.run(insert, []).await?;
        // Long dead ones are of no use to anybody.
        let prune = "DELETE FROM members WHERE expires < {now} - 3600000";
        self.run(prune, []).await?;
        let insert = "INSERT INTO members (member, orchestrator, expires) \
                      VALUES ($1, $2, {now} + $3)";
        let orchestrator = me.orchestrator.to_string();
        let values = [
            me.id.as_str().into(),
            orchestrator.as_str().into(),
            millis(time).into(),
        ];
        self.run(insert, values).await?;
        Ok(())
    }

    /// Renews a member and its leases for `time` from now. Gives the leases that it still holds, or
    /// `None` where its own time was over: then it holds nothing and has to join anew.
    pub async fn renew(
        &self,
        member: &str,
        time: Duration,
    ) -> Result<Option<Vec<Partition>>, StoreError> {
        let update = "UPDATE members SET expires = {now} + $1 \
                      WHERE member = $2 AND expires > {now}";
        let values = [millis(time).into(), member.into()];
        if self.run(update, values.clone()).await?.changed == 0 {
            return Ok(None);
        }
        let update = "UPDATE leases SET expires = {now} + $1 \
                      WHERE member = $2 AND expires > {now} RETURNING bucket";
        let rows = self.rows(update, values).await?;
        partitions(&rows).map(Some)
    }

    /// All members whose time is not over.
    pub async fn members(&self) -> Result<Vec<Member>, StoreError> {
        let select = "SELECT member, orchestrator FROM members WHERE expires > {now}";
        let rows = self.rows(select, []).await?;
        let member = |row: &Row| {
            let key = row.text(1)?;
            let wrong = |_| StoreError::Failed(format!("{key:?} is no key"));
            Ok(Member {
                id: row.text(0)?,
                orchestrator: key.parse().map_err(wrong)?,
            })
        };
        rows.iter().map(member).collect()
    }

    /// All leases.
    pub async fn leases(&self) -> Result<Vec<Lease>, StoreError> {
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

    /// Takes leases for `time`, those that are free by then. Gives the ones that were taken.
    pub async fn take(
        &self,
        member: &str,
        wanted: &[Partition],
        time: Duration,
    ) -> Result<Vec<Partition>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let update = format!(
            "UPDATE leases SET member = $1, epoch = epoch + 1, expires = {{now}} + $2 \
             WHERE bucket IN ({}) AND expires <= {{now}} AND EXISTS \
             (SELECT 1 FROM members WHERE members.member = $1 AND members.expires > {{now}}) \
             RETURNING bucket",
            Partition::list(wanted)
        );
        let rows = self
            .rows(update, [member.into(), millis(time).into()])
            .await?;
        partitions(&rows)
    }

    /// Gives leases back, those that are still the member's.
    pub async fn give_back(&self, member: &str, given: &[Partition]) -> Result<(), StoreError> {
        if given.is_empty() {
            return Ok(());
        }
        let update = format!(
            "UPDATE leases SET member = NULL, expires = 0 WHERE member = $1 AND bucket IN ({})",
            Partition::list(given)
        );
        self.run(update, [member.into()]).await?;
        Ok(())
    }

    /// Gives everything back and ends the membership.
    pub async fn leave(&self, member: &str) -> Result<(), StoreError> {
        let update = "UPDATE leases SET member = NULL, expires = 0 WHERE member = $1";
        self.run(update, [member.into()]).await?;
        let delete = "DELETE FROM members WHERE member = $1";
        self.run(delete, [member.into()]).await?;
        Ok(())
    }
}
