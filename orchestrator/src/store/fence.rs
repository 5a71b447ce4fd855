//! Writes that a lease protects.

use crate::leases::fence::{Fence, LeaseToken};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::sql::value::SqlValue;

/// A condition that holds while the lease with the epoch `$epoch` is valid. It locks the lease until the
/// statement has ended: a takeover waits for it, and then reads what was written.
pub(super) fn is_leased(partition: usize, member: usize, epoch: usize) -> String {
    format!(
        "EXISTS (SELECT 1 FROM leases WHERE bucket = ${partition} AND member = ${member} \
         AND epoch = ${epoch} AND expires > {{now}}{{share_lock}})"
    )
}

impl Store {
    /// Runs a statement that ends with the condition `{fence}`, or has it last before `ON CONFLICT`. Values
    /// of the fence follow those of the statement.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the fence no longer holds. Nothing is written then.
    pub(super) async fn run_fenced(
        &self,
        text: &str,
        values: impl Into<Vec<SqlValue>>,
        fence: &Fence,
    ) -> Result<(), StoreError> {
        let mut values = values.into();
        let Some(token) = fence.token() else {
            self.run(text.replace("{fence}", "1 = 1"), values).await?;
            return Ok(());
        };
        let first = values.len() + 1;
        let condition = is_leased(first, first + 1, first + 2);
        values.extend(fence_values(fence, token));
        let done = self
            .run(text.replace("{fence}", &condition), values)
            .await?;
        // Nothing changes if the row exists already, or is gone. Then a lease that is valid now was valid at
        // the write, too: a token that has become invalid never becomes valid again.
        if done.changed == 0 && !self.is_valid(fence, token).await? {
            return Err(StoreError::LeaseLost {
                partition: fence.partition_name(),
            });
        }
        Ok(())
    }

    async fn is_valid(&self, fence: &Fence, token: &LeaseToken) -> Result<bool, StoreError> {
        let select = "SELECT epoch FROM leases WHERE bucket = $1 AND member = $2 AND epoch = $3 \
                      AND expires > {now}";
        let rows = self.rows(select, fence_values(fence, token)).await?;
        Ok(!rows.is_empty())
    }
}

fn fence_values(fence: &Fence, token: &LeaseToken) -> [SqlValue; 3] {
    [
        fence.partition_name().as_str().into(),
        token.member.as_str().into(),
        token.epoch.into(),
    ]
}
