//! `millrace up`: a local network.

use crate::config::Settings;
use crate::error::CliError;
use crate::localnet::Localnet;
use crate::localnet::options::{self, ChainOptions, Faults, Options};
use crate::signals::stop_signal;
use crate::ui::output::{self, table};
use crate::ui::progress::Progress;
use clap::Args;
use millrace_migrations::Parameters;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Port of the embedded validator's RPC; the websocket is on the next one.
pub const RPC_PORT: u16 = 8899;
pub const ORCHESTRATOR_PORT: u16 = 8901;

#[derive(Debug, Args)]
pub struct UpArgs {
    /// Number of providers, each with its agent
    #[arg(long, default_value_t = 3, value_name = "N")]
    providers: u16,
    /// Number of providers that return wrong results; needs a build with `--features faults`
    #[arg(long, default_value_t = 0, value_name = "N")]
    wrong_result: u16,
    /// Number of providers that never commit to a result; needs a build with `--features faults`
    #[arg(long, default_value_t = 0, value_name = "N")]
    no_commit: u16,
    /// Asking price of each provider in tokens per unit
    #[arg(long, default_value = "0.000001", value_name = "TOKENS")]
    price: String,
    /// Port of the RPC; the websocket is on the next one
    #[arg(long, default_value_t = RPC_PORT)]
    port: u16,
    /// Port of the orchestrator
    #[arg(long, default_value_t = ORCHESTRATOR_PORT, value_name = "PORT")]
    orchestrator_port: u16,
    /// Folder for keys and data, which is kept [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Length of a slot in milliseconds
    #[arg(long, default_value_t = 100, value_name = "MS", value_parser = clap::value_parser!(u64).range(10..=10_000))]
    slot_ms: u64,
    /// File with the network's parameters [default: those of a local network]
    #[arg(long, value_name = "FILE")]
    parameters: Option<PathBuf>,
    /// File of the on-chain program [default: MILLRACE_PROGRAM_SO, or the one embedded in this binary]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Use separate tokens for stake and payments
    #[arg(long)]
    separate_mints: bool,
    /// Seconds that a finished job stays on chain before it is closed
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    close_after: u64,
}

impl UpArgs {
    /// Runs until Ctrl-C or SIGTERM.
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let start = Instant::now();
        let stop = stop_signal()?;
        let mut progress = Progress::new();
        let parameters = match &self.parameters {
            Some(path) => Parameters::load(path)?,
            None => Parameters::localnet()?,
        };
        let options = Options {
            chain: ChainOptions::Embedded {
                slot_ms: self.slot_ms,
                port: Some(self.port),
            },
            providers: options::providers(
                self.providers,
                Faults {
                    wrong_result: self.wrong_result,
                    no_commit: self.no_commit,
                },
                &self.price,
            )?,
            parameters,
            separate_mints: self.separate_mints,
            program: self.program,
            data: self.data,
            orchestrator_port: self.orchestrator_port,
            close_after: Duration::from_secs(self.close_after),
            ..Options::embedded()?
        };
        let starting = Localnet::start_with_progress(options, |step| progress.update(step));
        let network = tokio::select! {
            network = starting => network?,
            () = stop.cancelled() => return Ok(()),
        };
        progress.finish();
        let ready = start.elapsed();
        settings
            .output
            .print(&network.file, |_| welcome(&network, ready));
        stop.cancelled().await;
        output::notice("stopping the network");
        network.stop().await;
        Ok(())
    }
}

fn welcome(network: &Localnet, ready: Duration) -> String {
    let file = &network.file;
    let head = format!("The network is ready ({:.1} s).", ready.as_secs_f64());
    let places = output::key_values([
        ("RPC", file.rpc_url.clone()),
        ("websocket", file.ws_url.clone()),
        ("orchestrator", file.orchestrator_url.clone()),
        ("program", file.program.clone()),
        ("stake mint", file.stake_mint.clone()),
        ("payment mint", file.payment_mint.clone()),
        ("client's key", display(&file.keys.client)),
        ("deployer's key", display(&file.keys.deployer)),
        ("network file", display(&network.file_path)),
    ]);
    let rows = file.providers.iter().enumerate().map(|(index, provider)| {
        let number = (index + 1).to_string();
        [
            number,
            provider.account.clone(),
            provider.behaviour().to_owned(),
        ]
    });
    let providers = table(["provider", "account", "behaviour"], &[0], rows);
    let path = display(&network.file_path);
    format!(
        "{head}\n\n{places}\n\n{providers}\n\nIn a second terminal:\n\n  \
         export MILLRACE_NETWORK={path}\n  \
         millrace job submit examples/render/job.toml --wait\n  \
         millrace job list\n  \
         millrace provider show --all\n  \
         millrace network show\n\n\
         Ctrl-C stops the network."
    )
}

fn display(path: &Path) -> String {
    path.display().to_string()
}
