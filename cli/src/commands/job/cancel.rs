//! `millrace job cancel`.

use crate::config::Settings;
use crate::connection::connect;
use crate::error::CliError;
use millrace_client::instructions::{Mints, cancel_job, create_token_account};
use millrace_client::program::state::Job;
use millrace_client::{Pubkey, pda};
use solana_sdk::signature::Signer;

pub(crate) async fn run(settings: &Settings, job: &Pubkey) -> Result<(), CliError> {
    let connection = connect(settings).await?;
    let wallet = settings.wallet()?;
    let account = connection.rpc.find::<Job>(job).await?;
    let account = account.ok_or_else(|| CliError::NoSuchJob(job.to_string()))?;
    let owner = wallet.pubkey();
    if account.client != owner {
        return Err(CliError::Usage(format!(
            "job {job} was posted by {}, which alone can cancel it; this wallet is {owner}",
            account.client
        )));
    }
    if account.unassigned() == 0 {
        return Err(CliError::Usage(format!(
            "nothing to cancel: every shard of job {job} is assigned or has ended"
        )));
    }
    let mints = Mints::from(&connection.network);
    let mut instructions = Vec::new();
    let refund_to = pda::token_account(&owner, &mints.payment);
    if connection.rpc.account(&refund_to).await?.is_none() {
        instructions.push(create_token_account(&owner, &owner, &mints.payment));
    }
    instructions.push(cancel_job(owner, *job, mints));
    let sender = connection.sender().await?;
    sender.send("cancel job", &instructions, &[&wallet]).await?;
    Ok(())
}
