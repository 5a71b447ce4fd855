//! A local network in this process: a chain, an orchestrator, and providers with their agents. The
//! chain is the embedded validator or an external one.

mod bootstrap;
mod data_dir;
pub mod keys;
pub mod options;
pub mod validator;

use crate::api::Api;
use crate::config::network_file::{KeyFiles, NetworkFile, ProviderEntry};
use crate::connection::{NetworkConnection, ephemeral_sender};
use crate::deploy::binary::program_bytes;
use crate::error::CliError;
use data_dir::DataDir;
use keys::Keys;
use millrace_client::instructions::Mints;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use millrace_client::{Pubkey, pda};
use millrace_orchestrator::{ChainConfig, HealthLimits};
use millrace_provider::{AgentConfig, AgentHandle, AgentStatus};
use options::{ChainOptions, Options, ProviderOptions};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use validator::{Genesis, Validator, require_free};

const START_TIMEOUT: Duration = Duration::from_secs(30);
const STOP_TIMEOUT: Duration = Duration::from_secs(3);
/// Time that the orchestrator's pending actions may take to finish.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);
/// Interval of the orchestrator's checks of endpoint, payer and store.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// A running network. Dropping it stops it; [`Localnet::stop`] also waits until it has stopped.
pub struct Localnet {
    pub rpc_url: String,
    pub ws_url: String,
    pub orchestrator_url: String,
    pub keys: Keys,
    pub mints: Mints,
    pub file: NetworkFile,
    pub file_path: PathBuf,
    /// Takes effect at the orchestrator's next start.
    pub chain_config: ChainConfig,
    state: PathBuf,
    close_after: Duration,
    full_read_interval: Duration,
    health_limits: HealthLimits,
    /// RPC and websocket URLs of the orchestrator, if they differ from the network's.
    orchestrator_rpc: Option<(String, String)>,
    /// Orchestrators outside this process that the agents also work for.
    external_orchestrators: Vec<String>,
    orchestrator: Option<Running<millrace_orchestrator::Handle>>,
    agents: Vec<Agent>,
    chain: Option<Validator>,
    folder: DataDir,
}

/// A running service. Dropping it stops the service.
struct Running<T> {
    handle: T,
    stop: DropGuard,
}

struct Agent {
    options: ProviderOptions,
    running: Option<Running<AgentHandle>>,
}

impl Localnet {
    /// Starts a network and waits until it accepts jobs.
    ///
    /// # Errors
    /// If a port is in use, there is no compiled program, or the chain does not answer.
    pub async fn start(options: Options) -> Result<Self, CliError> {
        Self::start_with_progress(options, |_| {}).await
    }

    /// Like [`Localnet::start`]; calls `on_step` with a description of each step before it is taken.
    pub async fn start_with_progress(
        options: Options,
        mut on_step: impl FnMut(&str),
    ) -> Result<Self, CliError> {
        if options.orchestrator_port != 0 {
            require_free(
                options.orchestrator_port,
                "orchestrator",
                "--orchestrator-port",
            )?;
        }
        let folder = DataDir::open(options.data.clone())?;
        let keys = Keys::open(
            &folder.path().join("keys"),
            options.deployer.as_ref(),
            options.providers.len(),
            options.separate_mints,
        )?;
        on_step("starting the chain");
        let (chain, rpc) = start_chain(&options, &keys).await?;
        on_step("initializing the network and registering providers");
        let sender = ephemeral_sender(rpc.clone());
        let mints = bootstrap::bootstrap(&sender, &keys, &options).await?;
        let connection = NetworkConnection::open(rpc.clone()).await?;
        let genesis = rpc.genesis().await?;
        let network_id = connection.network_id();
        // Data on disk belongs to one network: another network with the same keys starts empty.
        let state = folder.path().join("networks").join(&network_id[..16]);
        let file = NetworkFile {
            rpc_url: rpc.url().to_owned(),
            ws_url: rpc.ws_urls().to_owned(),
            orchestrator_url: String::new(),
            genesis,
            network_id,
            program: pda::PROGRAM.to_string(),
            stake_mint: mints.stake.to_string(),
            payment_mint: mints.payment.to_string(),
            keys: KeyFiles {
                deployer: keys.deployer.file.clone(),
                client: keys.client.file.clone(),
                orchestrator: keys.orchestrator.file.clone(),
            },
            providers: provider_entries(&keys, &options.providers),
        };
        let agents = options.providers.into_iter().map(|options| Agent {
            options,
            running: None,
        });
        let mut network = Self {
            rpc_url: rpc.url().to_owned(),
            ws_url: rpc.ws_urls().to_owned(),
            orchestrator_url: String::new(),
            agents: agents.collect(),
            keys,
            mints,
            file,
            file_path: PathBuf::new(),
            chain_config: ChainConfig::default(),
            state,
            close_after: options.close_after,
            full_read_interval: options.full_read_interval,
            health_limits: options.health_limits,
            orchestrator_rpc: None,
            external_orchestrators: Vec::new(),
            orchestrator: None,
            chain,
            folder,
        };
        on_step("starting the orchestrator and the agents");
        network
            .start_orchestrator_on_port(options.orchestrator_port)
            .await?;
        for index in 0..network.agents.len() {
            if network.agents[index].options.started {
                network.start_agent(index)?;
            }
        }
        network.wait_for_agents().await?;
        Ok(network)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn rpc(&self) -> Rpc {
        Rpc::new(&self.rpc_url, &self.ws_url)
    }

    pub fn sender(&self) -> Sender {
        ephemeral_sender(self.rpc())
    }

    pub async fn connection(&self) -> Result<NetworkConnection, CliError> {
        NetworkConnection::open(self.rpc()).await
    }

    pub fn api(&self) -> Result<Api, CliError> {
        Api::new(&self.orchestrator_url)
    }

    /// Account of a provider.
    pub fn provider(&self, index: usize) -> Option<Pubkey> {
        self.keys
            .providers
            .get(index)
            .map(keys::ProviderKeys::account)
    }

    /// Status of a provider's agent; `None` if the agent is not running.
    pub fn agent_status(&self, index: usize) -> Option<watch::Receiver<AgentStatus>> {
        let agent = self.agents.get(index)?.running.as_ref()?;
        Some(agent.handle.status())
    }

    /// Starts a provider's agent, which then connects to the orchestrator.
    pub fn start_agent(&mut self, index: usize) -> Result<(), CliError> {
        let missing = || CliError::Usage(format!("this network has no provider {index}"));
        let orchestrators = self.agent_orchestrators();
        let keys = self.keys.providers.get(index).ok_or_else(missing)?;
        let agent = self.agents.get_mut(index).ok_or_else(missing)?;
        if agent.running.is_some() {
            return Ok(());
        }
        let config = AgentConfig {
            orchestrators,
            provider: keys.account(),
            operator: keys.operator.keypair.insecure_clone(),
            data: self.state.join(format!("provider-{}", index + 1)),
            capacity: agent.options.capacity,
            fault: agent.options.fault,
        };
        let stop = CancellationToken::new();
        let handle = millrace_provider::start(config, stop.clone())?;
        agent.running = Some(Running {
            handle,
            stop: stop.drop_guard(),
        });
        Ok(())
    }

    /// Stops a provider's agent and waits until it has stopped. Its data is kept.
    pub async fn stop_agent(&mut self, index: usize) -> Result<(), CliError> {
        match self
            .agents
            .get_mut(index)
            .and_then(|agent| agent.running.take())
        {
            Some(running) => {
                drop(running.stop);
                Ok(running.handle.join().await?)
            }
            None => Ok(()),
        }
    }

    /// Starts the orchestrator on its previous port.
    pub async fn start_orchestrator(&mut self) -> Result<(), CliError> {
        let port = self
            .orchestrator_url
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok());
        self.start_orchestrator_on_port(port.unwrap_or(0)).await
    }

    /// Stops the orchestrator and waits until it has stopped. Its data is kept.
    pub async fn stop_orchestrator(&mut self) -> Result<(), CliError> {
        match self.orchestrator.take() {
            Some(running) => {
                drop(running.stop);
                running.handle.join().await;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Takes effect at the orchestrator's next start.
    pub fn set_health_limits(&mut self, limits: HealthLimits) {
        self.health_limits = limits;
    }

    /// Takes effect at the orchestrator's next start.
    pub fn route_orchestrator_through(&mut self, rpc_url: &str, ws_url: &str) {
        self.orchestrator_rpc = Some((rpc_url.to_owned(), ws_url.to_owned()));
    }

    /// Takes effect at each agent's next start.
    pub fn add_orchestrators(&mut self, orchestrators: &[String]) {
        self.external_orchestrators = orchestrators.to_vec();
    }

    fn agent_orchestrators(&self) -> Vec<String> {
        let own = std::iter::once(self.orchestrator_url.clone());
        own.chain(self.external_orchestrators.iter().cloned())
            .collect()
    }

    async fn start_orchestrator_on_port(&mut self, port: u16) -> Result<(), CliError> {
        if self.orchestrator.is_some() {
            return Ok(());
        }
        let own = || (self.rpc_url.clone(), self.ws_url.clone());
        let (rpc_url, ws_url) = self.orchestrator_rpc.clone().unwrap_or_else(own);
        let config = millrace_orchestrator::Config {
            rpc_url,
            ws_url,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            data: self.state.join("orchestrator"),
            store: None,
            blobs: None,
            key: self.keys.orchestrator.keypair.insecure_clone(),
            close_after: self.close_after,
            full_read_interval: self.full_read_interval,
            chain: self.chain_config.clone(),
            shutdown_timeout: SHUTDOWN_TIMEOUT,
            probe_interval: PROBE_INTERVAL,
            health_limits: self.health_limits,
        };
        let stop = CancellationToken::new();
        let handle = millrace_orchestrator::start(config, stop.clone()).await?;
        self.orchestrator_url.clone_from(&handle.url);
        self.file.orchestrator_url.clone_from(&handle.url);
        self.file_path = self.file.save(self.folder.path())?;
        self.orchestrator = Some(Running {
            handle,
            stop: stop.drop_guard(),
        });
        Ok(())
    }

    /// Waits until every running agent is connected.
    pub async fn wait_for_agents(&self) -> Result<(), CliError> {
        for agent in self
            .agents
            .iter()
            .filter_map(|agent| agent.running.as_ref())
        {
            let mut status = agent.handle.status();
            let connected = status.wait_for(|status| status.connected);
            let connected = tokio::time::timeout(START_TIMEOUT, connected).await;
            if !matches!(connected, Ok(Ok(_))) {
                return Err(CliError::TooSlow {
                    what: "connecting the agents",
                    seconds: START_TIMEOUT.as_secs(),
                });
            }
        }
        Ok(())
    }

    /// Stops agents, orchestrator and chain in this order, and waits for each up to [`STOP_TIMEOUT`].
    pub async fn stop(mut self) {
        let agents = self
            .agents
            .iter_mut()
            .filter_map(|agent| agent.running.take());
        let agents = agents.map(|running| {
            drop(running.stop);
            tokio::time::timeout(STOP_TIMEOUT, running.handle.join())
        });
        for ended in futures_util::future::join_all(agents).await {
            if !matches!(ended, Ok(Ok(()))) {
                tracing::warn!("agent failed to stop cleanly");
            }
        }
        let orchestrator = tokio::time::timeout(STOP_TIMEOUT, self.stop_orchestrator()).await;
        if !matches!(orchestrator, Ok(Ok(()))) {
            tracing::warn!("orchestrator failed to stop cleanly");
        }
        if let Some(chain) = self.chain.take() {
            chain.stop().await;
        }
    }
}

async fn start_chain(options: &Options, keys: &Keys) -> Result<(Option<Validator>, Rpc), CliError> {
    match &options.chain {
        ChainOptions::Embedded { slot_ms, port } => {
            let program = program_bytes(options.program.as_deref())?;
            let genesis = Genesis {
                program: Some(&program),
                funds: &[(keys.deployer.pubkey(), bootstrap::DEPLOYER_LAMPORTS)],
            };
            let validator = Validator::start(genesis, *slot_ms, *port).await?;
            let rpc = Rpc::new(&validator.rpc_url, &validator.ws_url);
            Ok((Some(validator), rpc))
        }
        ChainOptions::External { rpc_url, ws_url } => {
            let rpc = Rpc::new(rpc_url, ws_url);
            rpc.wait_until_healthy(START_TIMEOUT).await?;
            Ok((None, rpc))
        }
    }
}

fn provider_entries(keys: &Keys, options: &[ProviderOptions]) -> Vec<ProviderEntry> {
    let providers = keys.providers.iter().zip(options);
    let entries = providers.map(|(keys, options)| ProviderEntry {
        account: keys.account().to_string(),
        authority: keys.authority.file.clone(),
        operator: keys.operator.file.clone(),
        fault: options.fault.map(|fault| fault.to_string()),
    });
    entries.collect()
}
