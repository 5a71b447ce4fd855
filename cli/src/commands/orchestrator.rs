//! `millrace orchestrator run`: the service that hands work out.

use crate::error::CliError;
use crate::output::facts;
use crate::settings::{Settings, data_folder};
use crate::signals::stop_signal;
use clap::Subcommand;
use millrace_chain::fees::Fees;
use millrace_orchestrator::{BlobPlace, ChainConfig, StorePlace};
use serde::Serialize;
use solana_sdk::signature::Signer;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Commands of `orchestrator`.
#[derive(Debug, Subcommand)]
pub enum Orchestrator {
    /// Run an orchestrator until Ctrl-C; --keypair names its registered key
    Run {
        /// Where its API listens
        #[arg(long, default_value = "127.0.0.1:8901", value_name = "ADDRESS")]
        listen: SocketAddr,
        /// Folder of its store and blobs [default: ~/.local/share/millrace/orchestrator]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Its store: sqlite:PATH, or postgres://USER:PASSWORD@HOST/DATABASE, which several orchestrators may share [default: store.db in --data]
        #[arg(
            long,
            env = "MILLRACE_STORE",
            hide_env_values = true,
            value_name = "STORE"
        )]
        store: Option<String>,
        /// Its blobs: a folder, or s3://BUCKET/PREFIX with credentials and endpoint in AWS_* [default: blobs in --data]
        #[arg(long, env = "MILLRACE_BLOBS", value_name = "PLACE")]
        blobs: Option<String>,
        /// How many seconds a finished job stays on chain before it is closed
        #[arg(long, default_value_t = 60, value_name = "SECONDS")]
        close_after: u64,
        /// Seconds between two full reads of the chain
        #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
        reread: u64,
        /// The genesis hash that the cluster must have [default: that of its data folder]
        #[arg(long, value_name = "HASH")]
        genesis: Option<String>,
        /// The hash that the program on chain must have, as solana-verify tells it
        #[arg(long, value_name = "HASH")]
        program_hash: Option<String>,
        /// Most that a transaction pays for priority, lamports; rises to it with each re-signing
        #[arg(long, default_value_t = Fees::default().cap, value_name = "LAMPORTS")]
        priority_cap: u64,
        /// Which of the recent prices is paid, in percent of the slots that were cheaper
        #[arg(long, default_value_t = Fees::default().percentile, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(..=100))]
        priority_percentile: u8,
        /// Lamports of the key under which no shards are assigned
        #[arg(long, default_value_t = ChainConfig::default().payer_floor, value_name = "LAMPORTS")]
        payer_floor: u64,
    },
}

#[derive(Serialize)]
struct Started {
    url: String,
    key: String,
    data: PathBuf,
    store: String,
    blobs: String,
}

impl Orchestrator {
    /// Runs until Ctrl-C or SIGTERM.
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let Self::Run {
            listen,
            data,
            store,
            blobs,
            close_after,
            reread,
            genesis,
            program_hash,
            priority_cap: cap,
            priority_percentile: percentile,
            payer_floor,
        } = self;
        // Not parsed by clap, which would repeat a password in its error.
        let store = store.map(|text| text.parse::<StorePlace>()).transpose();
        let blobs = blobs.map(|text| text.parse::<BlobPlace>()).transpose();
        let usage = |error: &dyn std::fmt::Display| CliError::Usage(error.to_string());
        let store = store.map_err(|error| usage(&error))?;
        let blobs = blobs.map_err(|error| usage(&error))?;
        let stop = stop_signal()?;
        let connection = settings.connect().await?;
        let key = settings.key_of(|file| &file.keys.orchestrator)?;
        let data = data.unwrap_or_else(|| data_folder().join("orchestrator"));
        let address = key.pubkey().to_string();
        let config = millrace_orchestrator::Config {
            rpc_url: connection.rpc.url().to_owned(),
            ws_url: connection.rpc.ws_urls().to_owned(),
            listen,
            data: data.clone(),
            store,
            blobs,
            key,
            close_after: Duration::from_secs(close_after),
            reread: Duration::from_secs(reread),
            chain: ChainConfig {
                genesis,
                program_hash,
                fees: Fees { percentile, cap },
                payer_floor,
            },
        };
        let (store, blobs) = (config.store_place(), config.blob_place());
        let handle = millrace_orchestrator::start(config, stop).await?;
        let started = Started {
            url: handle.url.clone(),
            key: address,
            data,
            store: store.to_string(),
            blobs: blobs.to_string(),
        };
        settings.output.show(&started, |started| {
            facts([
                ("orchestrator", started.url.clone()),
                ("key", started.key.clone()),
                ("data", started.data.display().to_string()),
                ("store", started.store.clone()),
                ("blobs", started.blobs.clone()),
                ("end", "Ctrl-C".to_owned()),
            ])
        });
        Ok(handle.join().await?)
    }
}
