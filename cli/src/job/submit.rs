//! Posts a job: checks and prices everything first, then signs once.

use crate::api::Api;
use crate::connection::NetworkConnection;
use crate::error::{CliError, Shortfall};
use crate::job::costs::{JobCosts, JobRents, PricedTerms};
use crate::job::terms;
use crate::ui::output::SOL_DECIMALS;
use millrace_client::instructions::{Mints, open_client, post_job};
use millrace_client::program::PostJobArgs;
use millrace_client::program::math::money::share;
use millrace_client::program::state::{Client, Job, Meter, Network, Provider, Scenario};
use millrace_client::rpc::client::Rpc;
use millrace_client::tag::{tag, tag_text};
use millrace_client::tx::sender::Sender;
use millrace_client::{Pubkey, pda};
use millrace_protocol::api::QuoteRequest;
use millrace_protocol::hash::Digest;
use millrace_protocol::manifest::{Resolved, load_with};
use solana_sdk::signature::{Keypair, Signer};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MIB: u64 = 1 << 20;

/// A job that passed every check and is ready to be signed.
pub struct PreparedJob {
    pub resolved: Resolved,
    pub costs: JobCosts,
    /// Address of the job's account.
    pub job: Pubkey,
    /// Reasons why the job may have to wait.
    pub warnings: Vec<String>,
    pub args: PostJobArgs,
    mints: Mints,
    opens_client: bool,
    funds: Funds,
    rents: JobRents,
    decimals: u8,
}

impl PreparedJob {
    /// Checks that the wallet can pay the job.
    ///
    /// # Errors
    /// [`CliError::TooLittleSol`], [`CliError::TooFewTokens`].
    pub fn require_funds(&self) -> Result<(), CliError> {
        self.funds.require(&self.costs, &self.rents, self.decimals)
    }

    pub fn quote_request(&self) -> QuoteRequest {
        let args = &self.args;
        QuoteRequest {
            replicas: args.replicas,
            price_cap: args.price_cap,
            max_units: args.max_units,
            supplier: tag_text(&args.supplier),
            region: tag_text(&args.region),
            min_score: args.min_score,
            min_memory_mb: args.min_memory_mb,
            min_cores: args.min_cores,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedJob {
    pub job: Pubkey,
    pub signature: String,
    /// Number of uploaded blobs, without those that the orchestrator already had.
    pub uploaded: usize,
}

/// Loads a manifest. Blobs that it names by hash are fetched from the orchestrator.
pub async fn load(path: &Path, api: &Api) -> Result<Resolved, CliError> {
    let (path, api) = (PathBuf::from(path), api.clone());
    let runtime = tokio::runtime::Handle::current();
    let work = move || {
        load_with(&path, &mut |digest: &Digest| {
            let bytes = runtime.block_on(api.blob(digest));
            bytes.map(Arc::from).map_err(|error| error.to_string())
        })
    };
    let loaded = tokio::task::spawn_blocking(work).await;
    let loaded =
        loaded.map_err(|error| CliError::Usage(format!("cannot read the manifest: {error}")))?;
    Ok(loaded?)
}

/// Checks and prices a loaded manifest, and checks the funds of `wallet`. Sends nothing.
///
/// # Errors
/// Those of [`price`] and of [`PreparedJob::require_funds`].
pub async fn prepare(
    connection: &NetworkConnection,
    api: &Api,
    wallet: Pubkey,
    resolved: Resolved,
) -> Result<PreparedJob, CliError> {
    let prepared = price(connection, api, wallet, resolved).await?;
    prepared.require_funds()?;
    Ok(prepared)
}

/// Checks and prices a loaded manifest, without checking the funds of `wallet`. Sends nothing.
///
/// # Errors
/// If the terms exceed the network's bounds or are below every provider's asking price, or the
/// orchestrator works on another network.
pub async fn price(
    connection: &NetworkConnection,
    api: &Api,
    wallet: Pubkey,
    resolved: Resolved,
) -> Result<PreparedJob, CliError> {
    let NetworkConnection {
        rpc,
        network,
        payment_decimals: decimals,
        ..
    } = connection;
    let shards = resolved.manifest.shards.len();
    let windows = terms::windows(&resolved.terms, network)?;
    terms::check(&resolved.terms, shards, windows, network)?;
    let providers: Vec<Provider> = connection
        .providers()
        .await?
        .into_iter()
        .map(|(_, p)| p)
        .collect();
    let price_cap = terms::price_cap(&resolved.terms, *decimals, network, &providers)?;
    let health = api.require_network(&connection.network_id()).await?;

    // `terms::check` bounds it by the network's limit, which is a u32.
    let shard_count = u32::try_from(shards).unwrap_or(u32::MAX);
    let client_key = pda::client(&wallet);
    let (client, time, rents) = tokio::try_join!(
        async { Ok(rpc.find::<Client>(&client_key).await?) },
        async { Ok(rpc.time().await?) },
        JobRents::read(rpc, Job::space(shard_count, resolved.terms.max_replicas)),
    )?;
    let opens_client = client.is_none();
    let nonce = client.map_or(0, |client| client.next_nonce);
    let priced = PricedTerms {
        price_cap,
        max_units: resolved.terms.max_units,
        max_replicas: resolved.terms.max_replicas,
        shards: shard_count,
        fee_bps: network.fee_bps,
    };
    let costs = JobCosts::of(priced, &rents, opens_client)?;
    let requirement = &resolved.terms.requirement;
    let args = PostJobArgs {
        nonce,
        manifest: resolved.manifest.hash(),
        orchestrator: Pubkey::default(),
        scenario: Scenario::General,
        mode: terms::mode(resolved.terms.mode),
        meter: Meter::Fuel,
        shards: priced.shards,
        replicas: resolved.terms.replicas,
        quorum: resolved.terms.quorum,
        max_replicas: resolved.terms.max_replicas,
        price_cap,
        max_units: resolved.terms.max_units,
        deadline: time
            .unix
            .saturating_add_unsigned(resolved.terms.deadline_secs),
        commit_secs: windows.commit_secs,
        reveal_secs: windows.reveal_secs,
        challenge_secs: windows.challenge_secs,
        audit_bps: resolved.terms.audit_bps,
        max_deposit: costs.deposit,
        supplier: tag(requirement.supplier.as_deref()),
        region: tag(requirement.region.as_deref()),
        min_score: requirement.min_score,
        // The manifest's bounds allow at most 4 GiB.
        min_memory_mb: u32::try_from(resolved.manifest.limits.memory.div_ceil(MIB))
            .unwrap_or(u32::MAX),
        min_cores: 0,
    };
    let funds = Funds::read(rpc, &wallet, &network.payment_mint).await?;

    let eligible =
        terms::eligible_providers(&admission_criteria(&args, network), network, &providers);
    let mut warnings = Vec::new();
    if eligible < usize::from(args.replicas) {
        warnings.push(format!(
            "{eligible} of {} providers are eligible, but each shard needs {}: the job waits for more providers, and is refunded at its deadline",
            providers.len(),
            args.replicas
        ));
    } else if health.agents < u64::from(args.replicas) {
        warnings.push(format!(
            "only {} agents are connected to the orchestrator, but each shard needs {}",
            health.agents, args.replicas
        ));
    }
    Ok(PreparedJob {
        resolved,
        costs,
        job: pda::job(&wallet, nonce),
        warnings,
        args,
        mints: Mints::from(network),
        opens_client,
        funds,
        rents,
        decimals: *decimals,
    })
}

/// A job account with only the fields that determine which providers are eligible.
fn admission_criteria(args: &PostJobArgs, network: &Network) -> Job {
    let mut job: Job = bytemuck::Zeroable::zeroed();
    job.price_cap = args.price_cap;
    let highest_price = args.price_cap.saturating_mul(args.max_units);
    job.seat_lock = share(highest_price, network.lock_bps).unwrap_or(u64::MAX);
    job.supplier = args.supplier;
    job.region = args.region;
    job.min_score = args.min_score;
    job.min_memory_mb = args.min_memory_mb;
    job.min_cores = args.min_cores;
    job
}

/// Funds of a wallet.
struct Funds {
    wallet: Pubkey,
    mint: Pubkey,
    lamports: u64,
    tokens: u64,
}

impl Funds {
    async fn read(rpc: &Rpc, wallet: &Pubkey, mint: &Pubkey) -> Result<Self, CliError> {
        let account = pda::token_account(wallet, mint);
        let (lamports, tokens) =
            tokio::try_join!(rpc.lamports(wallet), rpc.token_balance(&account))?;
        Ok(Self {
            wallet: *wallet,
            mint: *mint,
            lamports,
            tokens: tokens.unwrap_or(0),
        })
    }

    fn require(&self, costs: &JobCosts, rents: &JobRents, decimals: u8) -> Result<(), CliError> {
        // The cluster refuses transactions that leave the wallet below its rent exemption.
        let needed = costs.lamports().saturating_add(rents.wallet);
        let sol = Shortfall::of(self.wallet, self.lamports, needed, SOL_DECIMALS);
        if let Some(shortfall) = sol {
            return Err(CliError::TooLittleSol(shortfall));
        }
        let tokens = Shortfall::of(self.wallet, self.tokens, costs.deposit, decimals);
        if let Some(shortfall) = tokens {
            let mint = self.mint;
            return Err(CliError::TooFewTokens { mint, shortfall });
        }
        Ok(())
    }
}

/// Uploads the blobs that the orchestrator does not have, and posts the job with one signature.
pub async fn post(
    prepared: &PreparedJob,
    api: &Api,
    sender: &Sender,
    wallet: &Keypair,
) -> Result<PostedJob, CliError> {
    let manifest = prepared.resolved.manifest.to_bytes();
    let mut uploaded = 0;
    for (name, bytes) in &prepared.resolved.blobs {
        uploaded += usize::from(api.put_blob(name, bytes).await?);
    }
    // Last, so that an uploaded manifest implies that its blobs are there.
    uploaded += usize::from(api.put_blob(&prepared.args.manifest, &manifest).await?);

    let owner = wallet.pubkey();
    let mut instructions = Vec::new();
    if prepared.opens_client {
        instructions.push(open_client(owner, prepared.mints));
    }
    instructions.push(post_job(owner, prepared.mints, prepared.args.clone()));
    let purpose = format!(
        "post job {} of manifest {}",
        prepared.job,
        hex::encode(prepared.args.manifest)
    );
    let landed = sender.send(&purpose, &instructions, &[wallet]).await?;
    Ok(PostedJob {
        job: prepared.job,
        signature: landed.signature.to_string(),
        uploaded,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: JobCosts = JobCosts {
        deposit: 1_500_000,
        max_provider_payout: 1_400_000,
        max_fee: 100_000,
        job_rent: 4_000,
        client_rent: 0,
        network_fee: 5_000,
        max_priority_fee: 100_000,
    };
    const RENTS: JobRents = JobRents {
        job: 4_000,
        client: 0,
        wallet: 1_000,
    };

    fn funds(lamports: u64, tokens: u64) -> Result<(), CliError> {
        let funds = Funds {
            wallet: Pubkey::default(),
            mint: Pubkey::default(),
            lamports,
            tokens,
        };
        funds.require(&COSTS, &RENTS, 6)
    }

    #[test]
    fn shortfall_is_reported_with_the_missing_amount() {
        assert!(funds(10_000, 1_500_000).is_ok());
        match funds(9_999, 1_500_000) {
            Err(CliError::TooLittleSol(lacks)) => assert_eq!(lacks.missing, "0.000000001"),
            other => panic!("{other:?}"),
        }
        match funds(10_000, 400_000) {
            Err(CliError::TooFewTokens { shortfall, .. }) => {
                assert_eq!(shortfall.missing, "1.1");
                assert_eq!(shortfall.needed, "1.5");
            }
            other => panic!("{other:?}"),
        }
    }
}
