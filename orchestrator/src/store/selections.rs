//! Seat-selection records. They are kept as long as the archived view of the job, for auditing.

use crate::leases::fence::Fence;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use millrace_client::Pubkey;
use millrace_protocol::selection::SelectionRecord;

impl Store {
    /// Stores a record. A record of the same providers for the same seats is a retry and replaces the
    /// earlier one.
    pub(crate) async fn put_selection(
        &self,
        job: &Pubkey,
        record: &SelectionRecord,
        fence: &Fence,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO selections (job, shard, attempt, selected, record) \
                      SELECT $1, $2, $3, $4, $5 WHERE {fence} \
                      ON CONFLICT (job, shard, attempt, selected) \
                      DO UPDATE SET record = excluded.record";
        let selected: Vec<String> = record
            .chosen()
            .map(|one| one.provider.to_string())
            .collect();
        let text = serde_json::to_string(record).map_err(StoreError::statement)?;
        let values = [
            job.as_array().into(),
            record.shard.into(),
            record.attempt.into(),
            selected.join(" ").as_str().into(),
            text.as_str().into(),
        ];
        self.run_fenced(insert, values, fence).await
    }

    /// The records of a job, by shard and attempt. Records of another version that this one cannot parse are
    /// left out.
    pub(crate) async fn selections(
        &self,
        job: &Pubkey,
    ) -> Result<Vec<SelectionRecord>, StoreError> {
        let select = "SELECT record FROM selections WHERE job = $1 ORDER BY shard, attempt";
        let rows = self.rows(select, [job.as_array().into()]).await?;
        let texts: Result<Vec<String>, StoreError> = rows.iter().map(|row| row.text(0)).collect();
        let records = texts?.into_iter().map(|text| serde_json::from_str(&text));
        Ok(records.filter_map(Result::ok).collect())
    }
}
