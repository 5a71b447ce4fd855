//! 0002: creates the buckets that settlements write to, with their treasury vaults.

use crate::error::MigrationError;
use crate::migration::{Migration, Setup};
use async_trait::async_trait;
use futures_util::future::try_join_all;
use millrace_client::instructions::open_bucket;
use millrace_client::pda;
use millrace_client::program::constants::BUCKETS;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use solana_sdk::signature::Signer;

/// Limited by the size of a transaction.
const MAX_BUCKETS_PER_TRANSACTION: usize = 2;

pub(crate) struct BucketsMigration;

async fn missing_buckets(rpc: &Rpc) -> Result<Vec<u8>, MigrationError> {
    let addresses: Vec<_> = (0..BUCKETS).map(pda::bucket).collect();
    let found = rpc.accounts(&addresses).await?;
    let open = |account: &Option<_>| account.as_ref().is_some_and(is_bucket);
    let missing = (0..BUCKETS).zip(found).filter(|(_, found)| !open(found));
    Ok(missing.map(|(index, _)| index).collect())
}

/// An account with lamports alone is not a bucket.
fn is_bucket(account: &solana_sdk::account::Account) -> bool {
    account.owner == pda::PROGRAM
}

#[async_trait]
impl Migration for BucketsMigration {
    fn number(&self) -> u16 {
        2
    }

    fn name(&self) -> &'static str {
        "open the buckets"
    }

    fn describe(&self, _: &Setup) -> String {
        format!(
            "create the missing ones of {BUCKETS} buckets for fees, penalties and points, with their treasury vaults"
        )
    }

    async fn is_done(&self, rpc: &Rpc, _: &Setup) -> Result<bool, MigrationError> {
        Ok(missing_buckets(rpc).await?.is_empty())
    }

    async fn apply(&self, sender: &Sender, setup: &Setup) -> Result<(), MigrationError> {
        let payer = setup.authority.pubkey();
        let missing = missing_buckets(sender.rpc()).await?;
        let instructions: Vec<_> = missing
            .into_iter()
            .map(|index| open_bucket(payer, setup.mints, index))
            .collect();
        let signers = [&setup.authority];
        let sends: Vec<_> = instructions
            .chunks(MAX_BUCKETS_PER_TRANSACTION)
            .map(|chunk| sender.send("open buckets", chunk, &signers))
            .collect();
        try_join_all(sends).await?;
        Ok(())
    }
}
