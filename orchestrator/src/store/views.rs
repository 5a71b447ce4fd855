//! The last views of jobs whose accounts are closed.

use crate::leases::fence::Fence;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// Stores the last view of a job, replacing an earlier one.
    pub(crate) async fn put_view(
        &self,
        job: &str,
        view: &str,
        fence: &Fence,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO views (job, view) SELECT $1, $2 WHERE {fence} \
                      ON CONFLICT (job) DO UPDATE SET view = excluded.view";
        self.run_fenced(insert, [job.into(), view.into()], fence)
            .await
    }

    pub(crate) async fn view(&self, job: &str) -> Result<Option<String>, StoreError> {
        let select = "SELECT view FROM views WHERE job = $1";
        let rows = self.rows(select, [job.into()]).await?;
        rows.first().map(|row| row.text(0)).transpose()
    }

    /// The last views of at most `limit` jobs, newest first.
    pub(crate) async fn views(&self, limit: u32) -> Result<Vec<String>, StoreError> {
        let select = "SELECT view FROM views ORDER BY number DESC LIMIT $1";
        let rows = self.rows(select, [limit.into()]).await?;
        rows.iter().map(|row| row.text(0)).collect()
    }
}
