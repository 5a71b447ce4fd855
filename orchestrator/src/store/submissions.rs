//! The desk's papers, in the store.

use super::{Row, Store, StoreError, Value};
use crate::leases::partition::Bucket;
use crate::submissions::model::{HandedIn, Opening, Outcome, Papers, SeatKey};
use millrace_client::Pubkey;

/// Which papers.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// All.
    All,
    /// Those of jobs in these buckets.
    Buckets(&'a [Bucket]),
    /// Those of one job.
    Job(&'a Pubkey),
}

impl Scope<'_> {
    fn condition(&self) -> (String, Vec<Value>) {
        match self {
            Self::All => (String::new(), Vec::new()),
            Self::Buckets(buckets) => (
                format!(" WHERE bucket IN ({})", Bucket::list(buckets)),
                Vec::new(),
            ),
            Self::Job(job) => (" WHERE job = $1".to_owned(), vec![job.as_array().into()]),
        }
    }
}

fn key(row: &Row, at: usize) -> Result<Pubkey, StoreError> {
    row.array(at).map(Pubkey::new_from_array)
}

fn opening(row: &Row) -> Result<Option<Opening>, StoreError> {
    if row.is_null(7) {
        return Ok(None);
    }
    Ok(Some(Opening {
        root: row.array(7)?,
        units: row.unsigned(8)?,
        salt: row.array(9)?,
        output: row.array(10)?,
        exit: row.small(11)?,
        fuel: row.unsigned(12)?,
        reason: row.text(13)?,
    }))
}

/// How a bucket is written; empty where none is known.
fn name(bucket: Option<Bucket>) -> String {
    bucket.map(|bucket| bucket.to_string()).unwrap_or_default()
}

/// The bucket; none where the row is older than buckets are.
fn bucket(row: &Row, at: usize) -> Result<Option<Bucket>, StoreError> {
    Ok(row.text(at)?.parse().ok())
}

impl Store {
    /// What was stored.
    pub async fn load_papers(&self, scope: Scope<'_>) -> Result<Papers, StoreError> {
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

        let mut papers = Papers::default();
        for row in &seats {
            let seat = SeatKey {
                job: key(row, 0)?,
                shard: row.small(1)?,
                attempt: row.small(2)?,
                provider: key(row, 3)?,
            };
            let paper = HandedIn {
                seat: row.small(4)?,
                commitment: row.array(5)?,
                signature: row.array(6)?,
                opening: opening(row)?,
            };
            papers.place(seat.job, bucket(row, 14)?);
            papers.handed_in.insert(seat, paper);
        }
        for row in &failures {
            let job = key(row, 0)?;
            papers.place(job, bucket(row, 4)?);
            let failed = papers.failed.entry((job, row.small(1)?)).or_default();
            failed.insert(key(row, 2)?, row.text(3)?);
        }
        for row in &outcomes {
            let job = key(row, 0)?;
            let outcome = Outcome {
                root: row.array(2)?,
                output: row.array(3)?,
                exit: row.small(4)?,
                fuel: row.unsigned(5)?,
                reason: row.text(6)?,
            };
            papers.place(job, bucket(row, 7)?);
            papers.outcomes.insert((job, row.small(1)?), outcome);
        }
        Ok(papers)
    }

    /// Stores a commitment; a second one for the same seat changes nothing.
    pub async fn put_commitment(
        &self,
        k: &SeatKey,
        p: &HandedIn,
        bucket: Option<Bucket>,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO seats \
                      (job, shard, attempt, provider, seat, commitment, signature, bucket) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
        let values = [
            k.job.as_array().into(),
            k.shard.into(),
            k.attempt.into(),
            k.provider.as_array().into(),
            p.seat.into(),
            (&p.commitment).into(),
            (&p.signature).into(),
            name(bucket).as_str().into(),
        ];
        self.run(insert, values).await?;
        Ok(())
    }

    /// Stores what opens a commitment.
    pub async fn put_opening(&self, k: &SeatKey, o: &Opening) -> Result<(), StoreError> {
        let update = "UPDATE seats SET root = $1, units = $2, salt = $3, output = $4, exit = $5, \
                      fuel = $6, reason = $7 \
                      WHERE job = $8 AND shard = $9 AND attempt = $10 AND provider = $11";
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
        self.run(update, values).await?;
        Ok(())
    }

    /// Stores that a provider failed a shard.
    pub async fn put_failure(
        &self,
        (job, shard): (&Pubkey, u32),
        provider: &Pubkey,
        reason: &str,
        bucket: Option<Bucket>,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO failures (job, shard, provider, reason, bucket) \
                      VALUES ($1, $2, $3, $4, $5) \
                      ON CONFLICT (job, shard, provider) DO UPDATE SET reason = excluded.reason";
        let values = [
            job.as_array().into(),
            shard.into(),
            provider.as_array().into(),
            reason.into(),
            name(bucket).as_str().into(),
        ];
        self.run(insert, values).await?;
        Ok(())
    }

    /// Stores the result of a settled shard; a second time changes nothing, as it is the same.
    pub async fn put_outcome(
        &self,
        (job, shard): (&Pubkey, u32),
        o: &Outcome,
        bucket: Option<Bucket>,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO outcomes \
                      (job, shard, root, output, exit, fuel, reason, bucket) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
        let values = [
            job.as_array().into(),
            shard.into(),
            (&o.root).into(),
            (&o.output).into(),
            o.exit.into(),
            o.fuel.into(),
            o.reason.as_str().into(),
            name(bucket).as_str().into(),
        ];
        self.run(insert, values).await?;
        Ok(())
    }

    /// Forgets everything of a job but its view in the archive. Its outcomes go last: where it is cut
    /// short, they say that there is something to forget.
    pub async fn forget(&self, job: &Pubkey) -> Result<(), StoreError> {
        for delete in [
            "DELETE FROM seats WHERE job = $1",
            "DELETE FROM failures WHERE job = $1",
            "DELETE FROM outcomes WHERE job = $1",
        ] {
            self.run(delete, [job.as_array().into()]).await?;
        }
        Ok(())
    }

    /// Forgets a seat.
    pub async fn delete_seat(&self, k: &SeatKey) -> Result<(), StoreError> {
        let delete = "DELETE FROM seats \
                      WHERE job = $1 AND shard = $2 AND attempt = $3 AND provider = $4";
        let values = [
            k.job.as_array().into(),
            k.shard.into(),
            k.attempt.into(),
            k.provider.as_array().into(),
        ];
        self.run(delete, values).await?;
        Ok(())
    }
}
