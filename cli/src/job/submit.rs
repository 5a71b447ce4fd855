//! Posting a job: everything is checked and priced first, then one signature.

use crate::api::Api;
use crate::config::settings::Connection;
use crate::error::{CliError, Shortfall};
use crate::job::costs::{JobCosts, JobRents, PricedTerms};
use crate::job::terms;
use crate::ui::output::SOL_DECIMALS;
use millrace_client::accounts::AnyAccount;
use millrace_client::instructions::{Mints, open_client, post_job};
use millrace_client::program::PostJobArgs;
use millrace_client::program::state::{Client, Job, Meter, Provider, Scenario};
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

/// A job that has passed every check and waits for its signature.
pub struct PreparedJob {
    /// The manifest with its blobs.
    pub resolved: Resolved,
    /// What it costs.
    pub costs: JobCosts,
    /// Where it will be.
    pub job: Pubkey,
    /// What does not keep it from being posted but may keep it waiting.
    pub warnings: Vec<String>,
    /// What the wallet will sign.
    pub args: PostJobArgs,
    mints: Mints,
    opens_client: bool,
    funds: Funds,
    rents: JobRents,
    decimals: u8,
}

impl PreparedJob {
    /// The wallet has what the job costs.
    ///
    /// # Errors
    /// [`CliError::TooLittleSol`], [`CliError::TooFewTokens`].
    pub fn require_funds(&self) -> Result<(), CliError> {
        self.funds.require(&self.costs, &self.rents, self.decimals)
    }

    /// What an orchestrator has to know to say whether the job could be placed.
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

/// A job that was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedJob {
    /// Its account.
    pub job: Pubkey,
    /// The transaction's signature.
    pub signature: String,
    /// Blobs that were sent, without those that were there already.
    pub uploaded: usize,
}

/// Loads a manifest; blobs that it names by their hash come from the orchestrator.
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
    let loaded = loaded
        .map_err(|error| CliError::Usage(format!("reading the manifest broke off: {error}")))?;
    Ok(loaded?)
}

/// Every provider that is registered.
pub async fn providers(rpc: &Rpc) -> Result<Vec<(Pubkey, Provider)>, CliError> {
    let reading = rpc.snapshot_all().await?;
    let providers =
        reading
            .accounts
            .iter()
            .filter_map(|(key, data)| match AnyAccount::decode(key, data)? {
                AnyAccount::Provider(provider) => Some((*key, *provider)),
                _ => None,
            });
    let mut providers: Vec<_> = providers.collect();
    providers.sort_by_key(|(key, provider)| (provider.registered_at, *key));
    Ok(providers)
}

/// Checks everything that could keep `wallet` from posting a loaded manifest, and prices it. Sends
/// nothing.
///
/// # Errors
/// Those of [`price`] and of [`PreparedJob::require_funds`].
pub async fn prepare(
    connection: &Connection,
    api: &Api,
    wallet: Pubkey,
    resolved: Resolved,
) -> Result<PreparedJob, CliError> {
    let prepared = price(connection, api, wallet, resolved).await?;
    prepared.require_funds()?;
    Ok(prepared)
}

/// Checks a loaded manifest, and prices it, whatever `wallet` has. Sends nothing.
///
/// # Errors
/// Whatever is wrong, by name: the terms against the network's bounds and the providers'
/// asks, the orchestrator.
pub async fn price(
    connection: &Connection,
    api: &Api,
    wallet: Pubkey,
    resolved: Resolved,
) -> Result<PreparedJob, CliError> {
    let Connection {
        rpc,
        network,
        payment_decimals: decimals,
        ..
    } = connection;
    let shards = resolved.manifest.shards.len();
    let windows = terms::windows(&resolved.terms, network)?;
    terms::check(&resolved.terms, shards, windows, network)?;
    let providers: Vec<Provider> = providers(rpc).await?.into_iter().map(|(_, p)| p).collect();
    let price_cap = terms::price_cap(&resolved.terms, *decimals, network, &providers)?;
    let health = api.require_network(&connection.network_id()).await?;

    // Bounded by the network's own limit, which is a u32.
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
        // At most 4 GiB by the manifest's own bounds.
        min_memory_mb: u32::try_from(resolved.manifest.limits.memory.div_ceil(MIB))
            .unwrap_or(u32::MAX),
        min_cores: 0,
    };
    let funds = Funds::read(rpc, &wallet, &network.payment_mint).await?;

    let eligible = terms::eligible_providers(&admission_criteria(&args), network, &providers);
    let mut warnings = Vec::new();
    if eligible < usize::from(args.replicas) {
        warnings.push(format!(
            "{eligible} of {} providers fit this job, and each shard starts with {}: it waits until there are more, and is refunded at its deadline",
            providers.len(),
            args.replicas
        ));
    } else if health.agents < u64::from(args.replicas) {
        warnings.push(format!(
            "only {} agents are connected to the orchestrator now, and each shard starts with {}",
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

/// The parts of a job that decide who may take it.
fn admission_criteria(args: &PostJobArgs) -> Job {
    // Everything else of the account plays no part in it.
    let mut job = zeroed_job();
    job.price_cap = args.price_cap;
    job.supplier = args.supplier;
    job.region = args.region;
    job.min_score = args.min_score;
    job.min_memory_mb = args.min_memory_mb;
    job.min_cores = args.min_cores;
    job
}

fn zeroed_job() -> Job {
    bytemuck::Zeroable::zeroed()
}

/// What a wallet has.
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
        // A wallet that falls below its own rent would vanish, and the cluster refuses that.
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

/// Uploads what the orchestrator does not have yet, and posts the job with one signature.
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
    // Last, because it makes the rest findable.
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
    fn a_wallet_with_too_little_is_told_what_and_how_much() {
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
