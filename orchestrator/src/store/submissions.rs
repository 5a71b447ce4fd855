//! Submissions of agents, failures of providers, and results of settled shards.

use crate::leases::fence::Fence;
use crate::leases::partition::Partition;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::sql::value::{Row, SqlValue};
use crate::submissions::model::{RevealedResult, SeatKey, SettledResult, Submission, Submissions};
use millrace_client::Pubkey;

/// Selects submissions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope<'a> {
    All,
    Partitions(&'a [Partition]),
    Job(&'a Pubkey),
}

impl Scope<'_> {
    fn condition(&self) -> (String, Vec<SqlValue>) {
        match self {
            Self::All => (String::new(), Vec::new()),
            Self::Partitions(partitions) => (
                format!(" WHERE bucket IN ({})", Partition::sql_list(partitions)),
                Vec::new(),
            ),
            Self::Job(job) => (" WHERE job = $1".to_owned(), vec![job.as_array().into()]),
        }
    }
}

fn key(row: &Row, at: usize) -> Result<Pubkey, StoreError> {
    row.array(at).map(Pubkey::new_from_array)
}

fn revealed(row: &Row) -> Result<Option<RevealedResult>, StoreError> {
    if row.is_null(7) {
        return Ok(None);
    }
    Ok(Some(RevealedResult {
        root: row.array(7)?,
        units: row.unsigned(8)?,
        salt: row.array(9)?,
        output: row.array(10)?,
        exit: row.small(11)?,
        fuel: row.unsigned(12)?,
        reason: row.text(13)?,
    }))
}

/// The partition; `None` for rows from before partitions existed.
fn partition(row: &Row, at: usize) -> Result<Option<Partition>, StoreError> {
    Ok(row.text(at)?.parse().ok())
}

impl Store {
    pub(crate) async fn load_submissions(
        &self,
        scope: Scope<'_>,
    ) -> Result<Submissions, StoreError> {
        let (condition, values) = scope.condition();
        let select = format!(
            "SELECT job, shard, attempt, provider, seat, commitment, signature, \
             root, units, salt, output, exit, fuel, reason, bucket FROM seats{condition}"
        );
        let seats = self.rows(select, values.clone());
        let select =
            format!("SELECT job, shard, provider, reason, bucket FROM failures{condition}");
        let failures = self.rows(select, values.clone());
        let select = format!(
            "SELECT job, shard, root, output, exit, fuel, reason, bucket FROM outcomes{condition}"
        );
        let outcomes = self.rows(select, values);
        let (seats, failures, outcomes) = tokio::try_join!(seats, failures, outcomes)?;

        let mut submissions = Submissions::default();
        for row in &seats {
            let seat = SeatKey {
                job: key(row, 0)?,
                shard: row.small(1)?,
                attempt: row.small(2)?,
                provider: key(row, 3)?,
            };
            let submission = Submission {
                seat: row.small(4)?,
                commitment: row.array(5)?,
                signature: row.array(6)?,
                revealed: revealed(row)?,
            };
            submissions.set_partition(seat.job, partition(row, 14)?);
            submissions.by_seat.insert(seat, submission);
        }
        for row in &failures {
            let job = key(row, 0)?;
            submissions.set_partition(job, partition(row, 4)?);
            let failed = submissions
                .failures
                .entry((job, row.small(1)?))
                .or_default();
            failed.insert(key(row, 2)?, row.text(3)?);
        }
        for row in &outcomes {
            let job = key(row, 0)?;
            let outcome = SettledResult {
                root: row.array(2)?,
                output: row.array(3)?,
                exit: row.small(4)?,
                fuel: row.unsigned(5)?,
                reason: row.text(6)?,
            };
            submissions.set_partition(job, partition(row, 7)?);
            submissions.settled.insert((job, row.small(1)?), outcome);
        }
        Ok(submissions)
    }

    /// Stores a commitment. A second one for the same seat is ignored.
    pub(crate) async fn put_commitment(
        &self,
        k: &SeatKey,
        p: &Submission,
        fence: &Fence,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO seats \
                      (job, shard, attempt, provider, seat, commitment, signature, bucket) \
                      SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE {fence} \
                      ON CONFLICT DO NOTHING";
        let values = [
            k.job.as_array().into(),
            k.shard.into(),
            k.attempt.into(),
            k.provider.as_array().into(),
            p.seat.into(),
            (&p.commitment).into(),
            (&p.signature).into(),
            fence.partition_name().as_str().into(),
        ];
        self.run_fenced(insert, values, fence).await
    }

    /// Stores the result behind a commitment.
    pub(crate) async fn put_reveal(
        &self,
        k: &SeatKey,
        o: &RevealedResult,
        fence: &Fence,
    ) -> Result<(), StoreError> {
        let update = "UPDATE seats SET root = $1, units = $2, salt = $3, output = $4, exit = $5, \
                      fuel = $6, reason = $7 \
                      WHERE job = $8 AND shard = $9 AND attempt = $10 AND provider = $11 \
                      AND {fence}";
        let values = [
            (&o.root).into(),
            o.units.into(),
            (&o.salt).into(),
            (&o.output).into(),
            o.exit.into(),
            o.fuel.into(),
            o.reason.as_str().into(),
            k.job.as_array().into(),
            k.shard.into(),
            k.attempt.into(),
            k.provider.as_array().into(),
        ];
        self.run_fenced(update, values, fence).await
    }

    /// Stores that a provider failed a shard.
    pub(crate) async fn put_failure(
        &self,
        (job, shard): (&Pubkey, u32),
        provider: &Pubkey,
        reason: &str,
        fence: &Fence,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO failures (job, shard, provider, reason, bucket) \
                      SELECT $1, $2, $3, $4, $5 WHERE {fence} \
                      ON CONFLICT (job, shard, provider) DO UPDATE SET reason = excluded.reason";
        let values = [
            job.as_array().into(),
            shard.into(),
            provider.as_array().into(),
            reason.into(),
            fence.partition_name().as_str().into(),
        ];
        self.run_fenced(insert, values, fence).await
    }

    /// Stores the result of a settled shard. Repeating it changes nothing: the result is the same.
    pub(crate) async fn put_settled_result(
        &self,
        (job, shard): (&Pubkey, u32),
        o: &SettledResult,
        fence: &Fence,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO outcomes \
                      (job, shard, root, output, exit, fuel, reason, bucket) \
                      SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE {fence} \
                      ON CONFLICT DO NOTHING";
        let values = [
            job.as_array().into(),
            shard.into(),
            (&o.root).into(),
            (&o.output).into(),
            o.exit.into(),
            o.fuel.into(),
            o.reason.as_str().into(),
            fence.partition_name().as_str().into(),
        ];
        self.run_fenced(insert, values, fence).await
    }

    /// Deletes everything about a job except its archived view. Settled results go last: if the deletion is
    /// interrupted, they show that there is more to delete.
    pub(crate) async fn forget(&self, job: &Pubkey, fence: &Fence) -> Result<(), StoreError> {
        for delete in [
            "DELETE FROM seats WHERE job = $1 AND {fence}",
            "DELETE FROM failures WHERE job = $1 AND {fence}",
            "DELETE FROM outcomes WHERE job = $1 AND {fence}",
        ] {
            let values = [job.as_array().into()];
            self.run_fenced(delete, values, fence).await?;
        }
        Ok(())
    }

    pub(crate) async fn delete_seat(&self, k: &SeatKey, fence: &Fence) -> Result<(), StoreError> {
        let delete = "DELETE FROM seats \
                      WHERE job = $1 AND shard = $2 AND attempt = $3 AND provider = $4 \
                      AND {fence}";
        let values = [
            k.job.as_array().into(),
            k.shard.into(),
            k.attempt.into(),
            k.provider.as_array().into(),
        ];
        self.run_fenced(delete, values, fence).await
    }
}
