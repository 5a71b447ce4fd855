//! Costs of a job on chain: compute units, signatures, lamports.

use crate::figures::Figures;
use anyhow::{Context, Result};
use millrace_cli::job::submit;
use millrace_testkit::jobs::{JobFiles, Terms};
use millrace_testkit::localnet::{Net, ValidatorKind};
use serde::Deserialize;
use solana_client::rpc_config::RpcTransactionConfig;
use solana_commitment_config::CommitmentConfig;
use solana_sdk::signature::{Signature, Signer};
use solana_transaction_status_client_types::UiTransactionEncoding;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Deserialize)]
struct Line {
    name: String,
    value: f64,
    unit: String,
}

/// Reads the figures that the program tests measured.
pub(crate) fn read(figures: &mut Figures) -> Result<BTreeMap<String, f64>> {
    let path = std::env::var("MILLRACE_CU_OUT")
        .context("MILLRACE_CU_OUT is not set: run this by `make bench`")?;
    let text = std::fs::read_to_string(&path).context(path)?;
    let mut measured = BTreeMap::new();
    for line in text.lines() {
        let Line { name, value, unit } = serde_json::from_str(line)?;
        let unit = match unit.as_str() {
            "cu" => "cu",
            "accounts" => "accounts",
            _ => "bytes",
        };
        figures.note(&name, value, unit);
        measured.insert(name, value);
    }
    Ok(measured)
}

/// Signatures of a wallet for a job and lamports that it locks besides the deposit, and how many of
/// them are returned after closing. The permanent client account is not counted because the wallet has
/// posted a job before.
pub(crate) async fn of_a_client(figures: &mut Figures) -> Result<()> {
    let net = Net::start_on(ValidatorKind::Embedded, |options| {
        options.close_after = Duration::ZERO
    })
    .await?;
    let files = JobFiles::from_wat("tiny", &Terms::default())?;
    let first = net.post(&files).await?;
    net.wait_closed(&first).await?;

    let (connection, api) = (net.local.connection().await?, net.api()?);
    let wallet = net.wallet();
    let resolved = submit::load(&files.path(), &api).await?;
    let prepared = submit::prepare(&connection, &api, wallet.pubkey(), resolved).await?;
    let before = net.client_lamports().await?;
    let posted = submit::post(&prepared, &api, &net.local.sender(), wallet).await?;
    let config = RpcTransactionConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        commitment: Some(CommitmentConfig::confirmed()),
        max_supported_transaction_version: Some(0),
    };
    let signature: Signature = posted.signature.parse()?;
    let (rpc, job) = (net.rpc(), posted.job);
    let found = rpc
        .client()
        .get_transaction_with_config(&signature, config)
        .await?
        .transaction;
    let signatures = found.transaction.decode().context("an odd transaction")?;
    let meta = found.meta.context("a transaction without its balances")?;
    // The wallet pays the fee, so it is the first account.
    let locked = meta.pre_balances[0] - meta.post_balances[0] - meta.fee;
    net.wait_closed(&job).await?;
    let back = net.client_lamports().await? + meta.fee + locked - before;
    figures.note(
        "client.signatures",
        signatures.signatures.len() as f64,
        "signatures",
    );
    figures.note("client.lamports_locked", locked as f64, "lamports");
    let remark = if back == locked {
        "all of it"
    } else {
        "NOT all of it"
    };
    figures.note_with("client.lamports_back", back as f64, "lamports", remark);
    net.stop().await;
    Ok(())
}
