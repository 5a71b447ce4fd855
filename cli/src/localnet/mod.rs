//! A whole network in this process: a chain, the orchestrator, and providers with their agents.
//!
//! The chain is the embedded validator or one that runs already; everything above it is the same.

mod bootstrap;
pub mod keys;
pub mod options;
pub mod validator;

use crate::api::Api;
use crate::config::network_file::{KeyFiles, NetworkFile, ProviderEntry};
use crate::config::settings::{Connection, ephemeral_sender};
use crate::deploy::binary;
use crate::error::CliError;
use crate::localnet::validator::{Genesis, Validator, require_free};
use keys::Keys;
use millrace_client::instructions::Mints;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use millrace_client::{Pubkey, pda};
use millrace_orchestrator::{ChainConfig, Limits};
use millrace_provider::{Behaviour, Status};
use options::{ChainOptions, Options, ProviderOptions};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long a part may take to come up or to end.
const START_TIMEOUT: Duration = Duration::from_secs(30);
const STOP_TIMEOUT: Duration = Duration::from_secs(3);
/// How long acts under way may take to end: nobody waits longer here.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);
/// Time between two looks at what nobody notices by working.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// A running network. Dropping it ends it; [`Localnet::stop`] also waits for the end.
pub struct Localnet {
    /// HTTP address of the RPC endpoint.
    pub rpc_url: String,
    /// Websocket address of the RPC endpoint.
    pub ws_url: String,
    /// Address of the orchestrator.
    pub orchestrator_url: String,
    /// The keys, with funds.
    pub keys: Keys,
    /// The mints.
    pub mints: Mints,
    /// The network file's content.
    pub file: NetworkFile,
    /// Where the network file is.
    pub file_path: PathBuf,
    /// How the orchestrator deals with the chain, from its next start on.
    pub chain_config: ChainConfig,
    state: PathBuf,
    close_after: Duration,
    reread: Duration,
    limits: Limits,
    /// Where the orchestrator reaches the chain, if by another way than everybody else.
    orchestrator_rpc: Option<(String, String)>,
    /// Orchestrators outside this process that agents work for as well.
    external_orchestrators: Vec<String>,
    orchestrator: Option<Running<millrace_orchestrator::Handle>>,
    agents: Vec<Agent>,
    chain: Option<Validator>,
    folder: DataDir,
}

/// A part with the token that ends it; dropping it ends the part.
struct Running<T> {
    handle: T,
    stop: DropGuard,
}

struct Agent {
    options: ProviderOptions,
    running: Option<Running<millrace_provider::Handle>>,
}

enum DataDir {
    Persistent(PathBuf),
    Temporary(TempDir),
}

impl DataDir {
    fn open(data: Option<PathBuf>) -> Result<Self, CliError> {
        let Some(path) = data else {
            let made = tempfile::Builder::new().prefix("millrace-").tempdir();
            return made
                .map(Self::Temporary)
                .map_err(CliError::file(&std::env::temp_dir()));
        };
        std::fs::create_dir_all(&path).map_err(CliError::file(&path))?;
        let path = path.canonicalize().map_err(CliError::file(&path))?;
        Ok(Self::Persistent(path))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Persistent(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

impl Localnet {
    /// Starts a network and waits until it takes jobs.
    ///
    /// # Errors
    /// Whatever is in the way, by name: a port in use, no program, a chain that does not answer.
    pub async fn start(options: Options) -> Result<Self, CliError> {
        Self::start_with_progress(options, |_| {}).await
    }

    /// As [`Localnet::start`]; `tell` hears of each step before it is taken.
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
        on_step("initializing the network, registering providers");
        let sender = ephemeral_sender(rpc.clone());
        let mints = bootstrap::bootstrap(&sender, &keys, &options).await?;
        let connection = Connection::open(rpc.clone()).await?;
        let genesis = rpc.genesis().await?;
        let network_id = connection.network_id();
        // What is kept on disk belongs to one network; with the same keys another one starts afresh.
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
            reread: options.reread,
            limits: options.limits,
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

    /// The folder of keys and data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The endpoint.
    pub fn rpc(&self) -> Rpc {
        Rpc::new(&self.rpc_url, &self.ws_url)
    }

    /// A sender for this network.
    pub fn sender(&self) -> Sender {
        ephemeral_sender(self.rpc())
    }

    /// The network's parameters with its endpoint.
    pub async fn connection(&self) -> Result<Connection, CliError> {
        Connection::open(self.rpc()).await
    }

    /// The orchestrator's API.
    pub fn api(&self) -> Result<Api, CliError> {
        Api::new(&self.orchestrator_url)
    }

    /// A provider's account.
    pub fn provider(&self, index: usize) -> Option<Pubkey> {
        self.keys
            .providers
            .get(index)
            .map(keys::ProviderKeys::account)
    }

    /// How a provider's agent is said to behave.
    pub fn behaviour(&self, index: usize) -> Option<Behaviour> {
        self.agents.get(index).map(|agent| agent.options.behaviour)
    }

    /// What a provider's agent is doing; `None` where it does not run.
    pub fn agent_status(&self, index: usize) -> Option<watch::Receiver<Status>> {
        let agent = self.agents.get(index)?.running.as_ref()?;
        Some(agent.handle.status())
    }

    /// Starts the agent of a provider, which connects by itself.
    pub fn start_agent(&mut self, index: usize) -> Result<(), CliError> {
        let missing = || CliError::Usage(format!("there is no provider {index} in this network"));
        let orchestrators = self.agent_orchestrators();
        let keys = self.keys.providers.get(index).ok_or_else(missing)?;
        let agent = self.agents.get_mut(index).ok_or_else(missing)?;
        if agent.running.is_some() {
            return Ok(());
        }
        let config = millrace_provider::Config {
            orchestrators,
            provider: keys.account(),
            operator: keys.operator.keypair.insecure_clone(),
            data: self.state.join(format!("provider-{}", index + 1)),
            capacity: agent.options.capacity,
            behaviour: agent.options.behaviour,
        };
        let stop = CancellationToken::new();
        let handle = millrace_provider::start(config, stop.clone())?;
        agent.running = Some(Running {
            handle,
            stop: stop.drop_guard(),
        });
        Ok(())
    }

    /// Starts the agent of a provider with another behaviour than before.
    pub fn start_agent_with(&mut self, index: usize, behaviour: Behaviour) -> Result<(), CliError> {
        if let Some(agent) = self.agents.get_mut(index) {
            agent.options.behaviour = behaviour;
        }
        self.start_agent(index)
    }

    /// Ends the agent of a provider and waits until it has ended. Its data stays.
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

    /// Starts the orchestrator where it was before.
    pub async fn start_orchestrator(&mut self) -> Result<(), CliError> {
        let port = self
            .orchestrator_url
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok());
        self.start_orchestrator_on_port(port.unwrap_or(0)).await
    }

    /// Ends the orchestrator and waits until it has ended. Its data stays.
    pub async fn stop_orchestrator(&mut self) -> Result<(), CliError> {
        match self.orchestrator.take() {
            Some(running) => {
                drop(running.stop);
                running.handle.join().await?;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// From its next start on, the orchestrator finds other things still well.
    pub fn set_health_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// From its next start on, the orchestrator reaches the chain by these addresses.
    pub fn route_orchestrator_through(&mut self, rpc_url: &str, ws_url: &str) {
        self.orchestrator_rpc = Some((rpc_url.to_owned(), ws_url.to_owned()));
    }

    /// From its next start on, an agent works for these orchestrators as well.
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
            reread: self.reread,
            chain: self.chain_config.clone(),
            grace: SHUTDOWN_TIMEOUT,
            probe: PROBE_INTERVAL,
            limits: self.limits,
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

    /// Waits until every agent that runs has been let in.
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

    /// Ends everything, agents first, and waits for it, at most some seconds for each part.
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
                tracing::warn!("an agent did not end well");
            }
        }
        let orchestrator = tokio::time::timeout(STOP_TIMEOUT, self.stop_orchestrator()).await;
        if !matches!(orchestrator, Ok(Ok(()))) {
            tracing::warn!("the orchestrator did not end well");
        }
        if let Some(chain) = self.chain.take() {
            chain.stop().await;
        }
    }
}

async fn start_chain(options: &Options, keys: &Keys) -> Result<(Option<Validator>, Rpc), CliError> {
    match &options.chain {
        ChainOptions::Embedded { slot_ms, port } => {
            let program = binary::bytes(options.program.as_deref())?;
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
        behaviour: options.behaviour.to_string(),
    });
    entries.collect()
}
