//! The desk's papers, in the store.

use super::Store;
use crate::desk::{HandedIn, Opening, Outcome, Papers, SeatKey};
use crate::error::OrchestratorError;
use millrace_chain::Pubkey;
use rusqlite::{Row, params};

fn bytes<const N: usize>(row: &Row, at: usize) -> rusqlite::Result<[u8; N]> {
    row.get(at)
}

fn key(row: &Row, at: usize) -> rusqlite::Result<Pubkey> {
    bytes::<32>(row, at).map(Pubkey::new_from_array)
}

/// SQLite holds signed integers; the bits stay the same both ways.
fn signed(n: u64) -> i64 {
    n.cast_signed()
}

fn unsigned(row: &Row, at: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(at).map(i64::cast_unsigned)
}

fn opening(row: &Row) -> rusqlite::Result<Option<Opening>> {
    let root: Option<[u8; 32]> = row.get(7)?;
    let Some(root) = root else { return Ok(None) };
    Ok(Some(Opening {
        root,
        units: unsigned(row, 8)?,
        salt: bytes(row, 9)?,
        output: bytes(row, 10)?,
        exit: row.get(11)?,
        fuel: unsigned(row, 12)?,
        reason: row.get(13)?,
    }))
}

impl Store {
    /// Everything that was stored.
    pub fn load_papers(&self) -> Result<Papers, OrchestratorError> {
        let mut papers = Papers::default();
        let connection = self.connection();

        let select = "SELECT job, shard, attempt, provider, seat, commitment, signature, \
                      root, units, salt, output, exit, fuel, reason FROM seats";
        let mut statement = connection.prepare(select)?;
        let seats = statement.query_map([], |row| {
            let seat = SeatKey {
                job: key(row, 0)?,
                shard: row.get(1)?,
                attempt: row.get(2)?,
                provider: key(row, 3)?,
            };
            let paper = HandedIn {
                seat: row.get(4)?,
                commitment: bytes(row, 5)?,
                signature: bytes(row, 6)?,
                opening: opening(row)?,
            };
            Ok((seat, paper))
        })?;
        papers.handed_in = seats.collect::<Result<_, _>>()?;

        let mut statement =
            connection.prepare("SELECT job, shard, provider, reason FROM failures")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let failed = papers
                .failed
                .entry((key(row, 0)?, row.get(1)?))
                .or_default();
            failed.insert(key(row, 2)?, row.get(3)?);
        }

        let select = "SELECT job, shard, root, output, exit, fuel, reason FROM outcomes";
        let mut statement = connection.prepare(select)?;
        let outcomes = statement.query_map([], |row| {
            let outcome = Outcome {
                root: bytes(row, 2)?,
                output: bytes(row, 3)?,
                exit: row.get(4)?,
                fuel: unsigned(row, 5)?,
                reason: row.get(6)?,
            };
            Ok(((key(row, 0)?, row.get(1)?), outcome))
        })?;
        papers.outcomes = outcomes.collect::<Result<_, _>>()?;
        Ok(papers)
    }

    /// Stores a commitment.
    pub fn put_commitment(&self, k: &SeatKey, p: &HandedIn) -> Result<(), OrchestratorError> {
        let insert = "INSERT OR IGNORE INTO seats \
                      (job, shard, attempt, provider, seat, commitment, signature) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let (job, provider) = (k.job.to_bytes(), k.provider.to_bytes());
        let row = params![
            job,
            k.shard,
            k.attempt,
            provider,
            p.seat,
            p.commitment,
            p.signature
        ];
        self.connection().execute(insert, row)?;
        Ok(())
    }

    /// Stores what opens a commitment.
    pub fn put_opening(&self, k: &SeatKey, o: &Opening) -> Result<(), OrchestratorError> {
        let update = "UPDATE seats SET root = ?5, units = ?6, salt = ?7, output = ?8, exit = ?9, \
                      fuel = ?10, reason = ?11 \
                      WHERE job = ?1 AND shard = ?2 AND attempt = ?3 AND provider = ?4";
        let (job, provider) = (k.job.to_bytes(), k.provider.to_bytes());
        let (units, fuel) = (signed(o.units), signed(o.fuel));
        let row = params![
            job, k.shard, k.attempt, provider, o.root, units, o.salt, o.output, o.exit, fuel,
            o.reason
        ];
        self.connection().execute(update, row)?;
        Ok(())
    }

    /// Stores that a provider failed a shard.
    pub fn put_failure(
        &self,
        job: &Pubkey,
        shard: u32,
        provider: &Pubkey,
        reason: &str,
    ) -> Result<(), OrchestratorError> {
        let insert = "INSERT OR REPLACE INTO failures (job, shard, provider, reason) \
                      VALUES (?1, ?2, ?3, ?4)";
        let row = params![job.to_bytes(), shard, provider.to_bytes(), reason];
        self.connection().execute(insert, row)?;
        Ok(())
    }

    /// Stores the result of a settled shard.
    pub fn put_outcome(
        &self,
        job: &Pubkey,
        shard: u32,
        o: &Outcome,
    ) -> Result<(), OrchestratorError> {
        let insert = "INSERT OR REPLACE INTO outcomes \
                      (job, shard, root, output, exit, fuel, reason) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let fuel = signed(o.fuel);
        let row = params![
            job.to_bytes(),
            shard,
            o.root,
            o.output,
            o.exit,
            fuel,
            o.reason
        ];
        self.connection().execute(insert, row)?;
        Ok(())
    }

    /// Forgets everything of a job but its view in the archive.
    pub fn forget(&self, job: &Pubkey) -> Result<(), OrchestratorError> {
        let mut connection = self.connection();
        let all = connection.transaction()?;
        for table in ["seats", "failures", "outcomes"] {
            let delete = format!("DELETE FROM {table} WHERE job = ?1");
            all.execute(&delete, params![job.to_bytes()])?;
        }
        Ok(all.commit()?)
    }

    /// Forgets a seat.
    pub fn delete_seat(&self, k: &SeatKey) -> Result<(), OrchestratorError> {
        let delete = "DELETE FROM seats \
                      WHERE job = ?1 AND shard = ?2 AND attempt = ?3 AND provider = ?4";
        let row = params![k.job.to_bytes(), k.shard, k.attempt, k.provider.to_bytes()];
        self.connection().execute(delete, row)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn papers_survive_a_restart() {
        let path = std::env::temp_dir().join(format!("millrace-papers-{}.db", std::process::id()));
        let seat = SeatKey {
            job: Pubkey::new_unique(),
            shard: 3,
            attempt: 1,
            provider: Pubkey::new_unique(),
        };
        let mut paper = HandedIn {
            seat: 2,
            commitment: [1; 32],
            signature: [2; 64],
            opening: None,
        };
        let opening = Opening {
            root: [3; 32],
            units: u64::MAX,
            salt: [4; 32],
            output: [5; 32],
            exit: -4,
            fuel: 7,
            reason: "trap: unreachable".into(),
        };
        let outcome = Outcome {
            root: [3; 32],
            output: [5; 32],
            exit: 0,
            fuel: 7,
            reason: String::new(),
        };
        let store = Store::open(&path, "n").unwrap();
        store.put_commitment(&seat, &paper).unwrap();
        store.put_opening(&seat, &opening).unwrap();
        store
            .put_failure(&seat.job, 3, &seat.provider, "no room")
            .unwrap();
        store.put_outcome(&seat.job, 3, &outcome).unwrap();
        drop(store);
        let papers = Store::open(&path, "n").unwrap().load_papers().unwrap();
        paper.opening = Some(opening);
        assert_eq!(papers.handed_in[&seat], paper);
        assert_eq!(papers.failed[&(seat.job, 3)][&seat.provider], "no room");
        assert_eq!(papers.outcomes[&(seat.job, 3)], outcome);
        let store = Store::open(&path, "n").unwrap();
        store.forget(&Pubkey::new_unique()).unwrap();
        assert_eq!(store.load_papers().unwrap().handed_in.len(), 1);
        store.forget(&seat.job).unwrap();
        let left = store.load_papers().unwrap();
        assert!(left.handed_in.is_empty() && left.failed.is_empty() && left.outcomes.is_empty());
        std::fs::remove_file(path).unwrap();
    }
}
