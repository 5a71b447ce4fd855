//! `millrace demo`: renders a picture on a local network with a dishonest provider, and shows the
//! payouts.

use crate::api::{JobPhase, JobView};
use crate::config::Settings;
use crate::error::CliError;
use crate::job::{result, submit, watch};
use crate::localnet::Localnet;
use crate::localnet::options::{self, Faults, Options};
use crate::signals::stop_signal;
use crate::tokens::balances::{self, ProviderBalance, WalletBalance};
use crate::ui::output::{self, change, key_values, sol, table, tokens};
use crate::ui::progress::Progress;
use clap::Args;
use millrace_client::Pubkey;
use millrace_protocol::amount::format_amount;
use millrace_protocol::hash::sha256;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Searched in the current folder and its ancestors.
const MANIFEST: &str = "examples/render/job.toml";
/// Long enough to compare the result with the chain before the job is closed.
const CLOSE_AFTER: Duration = Duration::from_secs(5);
/// Wait for the close beyond [`CLOSE_AFTER`]; the demonstration does not depend on it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// File to write the picture to
    #[arg(long, default_value = "render.png", value_name = "FILE")]
    out: PathBuf,
    /// Folder for the network's keys and data, which is kept [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Manifest of the job [default: examples/render/job.toml in this folder or one above it]
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// File of the on-chain program [default: MILLRACE_PROGRAM_SO, or the one embedded in this binary]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

#[derive(Serialize)]
struct DemoReport {
    ready_seconds: f64,
    job: String,
    job_seconds: f64,
    signature: String,
    shards: u32,
    providers: Vec<ProviderRow>,
    client_before: WalletBalance,
    client_after: WalletBalance,
    paid: u64,
    fee: u64,
    refunded: u64,
    deposited: u64,
    result: PathBuf,
    result_sha256: String,
    verified: String,
    #[serde(skip)]
    decimals: u8,
}

#[derive(Serialize)]
struct ProviderRow {
    behaviour: String,
    before: ProviderBalance,
    after: ProviderBalance,
}

impl DemoArgs {
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let stop = stop_signal()?;
        tokio::select! {
            result = self.demonstrate(settings) => result,
            () = stop.cancelled() => {
                Err(CliError::Usage("the demonstration was interrupted".into()))
            }
        }
    }

    async fn demonstrate(self, settings: &Settings) -> Result<(), CliError> {
        let manifest = match &self.manifest {
            Some(path) => path.clone(),
            None => find_manifest()?,
        };
        let start = Instant::now();
        let mut progress = Progress::new();
        let faults = Faults {
            wrong_result: 1,
            no_commit: 0,
        };
        let options = Options {
            providers: options::providers(3, faults, "0.000001")?,
            program: self.program.clone(),
            data: self.keep.clone(),
            close_after: CLOSE_AFTER,
            ..Options::embedded()?
        };
        let network = Localnet::start_with_progress(options, |step| progress.update(step)).await?;
        let ready = start.elapsed();
        progress.finish();
        settings.output.print_text(&format!(
            "A network of one orchestrator and three providers, one of them dishonest, is ready ({:.1} s).\n",
            ready.as_secs_f64()
        ));
        let report = self.render(settings, &network, &manifest, ready).await;
        network.stop().await;
        settings.output.print(&report?, DemoReport::text);
        Ok(())
    }

    async fn render(
        &self,
        settings: &Settings,
        network: &Localnet,
        manifest: &Path,
        ready: Duration,
    ) -> Result<DemoReport, CliError> {
        let (connection, api) = (network.connection().await?, network.api()?);
        let wallet = &network.keys.client;
        let decimals = connection.payment_decimals;
        let before = balances::provider_balances(&connection).await?;
        let client_before = balances::wallet_balance(&connection, &wallet.pubkey()).await?;

        let start = Instant::now();
        let resolved = submit::load(manifest, &api).await?;
        let prepared = submit::prepare(&connection, &api, wallet.pubkey(), resolved).await?;
        let name = &prepared.resolved.manifest.name;
        settings.output.print_text(&format!(
            "Job `{name}` has {} shards. Each is run by {} providers, of which {} must agree. Maximum cost:\n{}\n",
            prepared.resolved.manifest.shards.len(),
            prepared.resolved.terms.replicas,
            prepared.resolved.terms.quorum,
            prepared.costs.table(decimals)
        ));
        let posted = submit::post(&prepared, &api, &network.sender(), &wallet.keypair).await?;
        settings
            .output
            .print_text(&format!("Posted job {} with one signature.\n", posted.job));
        let mut progress = Progress::new();
        let view = watch::wait_until_over(&api, &posted.job, &mut progress).await?;
        let took = start.elapsed();
        watch::require_paid(&view)?;
        progress.update("fetching and verifying the outputs");
        let fetched = result::fetch(&connection.rpc, &api, &posted.job).await?;
        let verified = fetched.provenance();
        progress.update("joining the outputs");
        let picture = result::join(&api, &posted.job, fetched).await?;
        result::write(&self.out, &picture)?;
        let view = wait_for_close(&api, &posted.job, &mut progress)
            .await
            .unwrap_or(view);
        progress.finish();

        let after = balances::provider_balances(&connection).await?;
        let rows = network.file.providers.iter().filter_map(|provider| {
            let of = |balances: &[ProviderBalance]| {
                let mut found = balances.iter();
                found.find(|b| b.account == provider.account).cloned()
            };
            Some(ProviderRow {
                behaviour: provider.behaviour().to_owned(),
                before: of(&before)?,
                after: of(&after)?,
            })
        });
        Ok(DemoReport {
            ready_seconds: ready.as_secs_f64(),
            job: posted.job.to_string(),
            job_seconds: took.as_secs_f64(),
            signature: posted.signature,
            shards: view.shard_count,
            providers: rows.collect(),
            client_before,
            client_after: balances::wallet_balance(&connection, &wallet.pubkey()).await?,
            paid: view.paid,
            fee: view.fee,
            refunded: view.refunded,
            deposited: view.deposited,
            result: std::path::absolute(&self.out).unwrap_or_else(|_| self.out.clone()),
            result_sha256: hex::encode(sha256(&[&picture])),
            verified,
            decimals,
        })
    }
}

/// The closed job, or `None` on a timeout; only the refund is missing then.
async fn wait_for_close(
    api: &crate::api::Api,
    job: &Pubkey,
    progress: &mut Progress,
) -> Option<JobView> {
    progress.update("waiting for the job to close and refund the rest of the deposit");
    let mut silent = Progress::silent();
    let closed = watch::wait_until(api, job, &mut silent, |view| view.state == JobPhase::Closed);
    tokio::time::timeout(CLOSE_AFTER + CLOSE_TIMEOUT, closed)
        .await
        .ok()?
        .ok()
}

fn find_manifest() -> Result<PathBuf, CliError> {
    let here = std::env::current_dir().map_err(CliError::file(Path::new(".")))?;
    let found = here
        .ancestors()
        .map(|folder| folder.join(MANIFEST))
        .find(|path| path.is_file());
    found.ok_or_else(|| {
        CliError::Usage(format!(
            "no {MANIFEST} in {} or above it; run this in a checkout, or pass a manifest with --manifest",
            here.display()
        ))
    })
}

impl DemoReport {
    fn text(&self) -> String {
        let decimals = self.decimals;
        let amount = |units| format_amount(units, decimals);
        let rows = self.providers.iter().enumerate().map(|(index, row)| {
            let (before, after) = (&row.before, &row.after);
            let pair = |before, after| format!("{} → {}", amount(before), amount(after));
            [
                format!("{} ({})", index + 1, row.behaviour),
                amount(after.wallet),
                pair(before.stake, after.stake),
                pair(before.earnings, after.earnings),
                pair(before.total(), after.total()),
                change(before.total(), after.total(), decimals),
                format!("{} / {} / {}", after.agreed, after.disagreed, after.late),
            ]
        });
        let providers = table(
            [
                "provider",
                "wallet",
                "stake",
                "earnings",
                "total",
                "change",
                "agreed/disagreed/late",
            ],
            &[1, 2, 3, 4, 5],
            rows,
        );
        let slashed: Vec<String> = self
            .providers
            .iter()
            .enumerate()
            .filter(|(_, row)| row.after.slashed > row.before.slashed)
            .map(|(index, row)| {
                let lost = tokens(row.after.slashed - row.before.slashed, decimals);
                format!(
                    "provider {} ({}) lost {lost} of its stake",
                    index + 1,
                    row.behaviour
                )
            })
            .collect();
        let slashed = if slashed.is_empty() {
            "no provider".to_owned()
        } else {
            slashed.join("; ")
        };
        let client = key_values([
            ("job", self.job.clone()),
            (
                "duration",
                format!("{:.1} s for {} shards", self.job_seconds, self.shards),
            ),
            ("deposited", tokens(self.deposited, decimals)),
            ("paid to providers", tokens(self.paid, decimals)),
            ("protocol fee", tokens(self.fee, decimals)),
            ("refunded", tokens(self.refunded, decimals)),
            (
                "client's tokens",
                format!(
                    "{} → {}",
                    amount(self.client_before.payment),
                    amount(self.client_after.payment)
                ),
            ),
            (
                "client's SOL",
                format!(
                    "{} → {}",
                    sol(self.client_before.lamports),
                    sol(self.client_after.lamports)
                ),
            ),
            ("slashed", slashed),
            ("verified", self.verified.clone()),
            ("picture", self.result.display().to_string()),
            ("SHA-256", self.result_sha256.clone()),
        ]);
        output::join_paragraphs([
            "Tokens of the three providers before and after:".to_owned(),
            providers,
            client,
        ])
    }
}
