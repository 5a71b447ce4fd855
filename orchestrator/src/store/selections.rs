//! By what seats were given, in the store: kept as long as a job's view, for whoever audits it.

use super::{Store, StoreError};
use millrace_client::Pubkey;
use millrace_protocol::selection::SelectionRecord;

impl Store {
    /// Keeps a choice. One of the same providers for the same seats was tried again, and takes the place
    /// of the earlier.
    pub async fn put_selection(
        &self,
        job: &Pubkey,
        record: &SelectionRecord,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO choices (job, shard, attempt, chosen, choice) \
                      VALUES ($1, $2, $3, $4, $5) \
                      ON CONFLICT (job, shard, attempt, chosen) \
                      DO UPDATE SET choice = excluded.choice";
        let chosen: Vec<String> = record
            .chosen()
            .map(|one| one.provider.to_string())
            .collect();
        let text = serde_json::to_string(record).map_err(|e| StoreError::Failed(e.to_string()))?;
        let values = [
            job.as_array().into(),
            record.shard.into(),
            record.attempt.into(),
            chosen.join(" ").as_str().into(),
            text.as_str().into(),
        ];
        self.run(insert, values).await?;
        Ok(())
    }

    /// The choices for a job's seats, by shard and attempt. What another version wrote and this one can't
    /// read is left out.
    pub async fn selections(&self, job: &Pubkey) -> Result<Vec<SelectionRecord>, StoreError> {
        let select = "SELECT choice FROM choices WHERE job = $1 ORDER BY shard, attempt";
        let rows = self.rows(select, [job.as_array().into()]).await?;
        let texts: Result<Vec<String>, StoreError> = rows.iter().map(|row| row.text(0)).collect();
        let records = texts?.into_iter().map(|text| serde_json::from_str(&text));
        Ok(records.filter_map(Result::ok).collect())
    }
}
