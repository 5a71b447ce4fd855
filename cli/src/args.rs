//! Command-line arguments.

#[cfg(not(all(feature = "localnet", feature = "orchestrator")))]
use crate::commands::MissingFeature;
#[cfg(feature = "orchestrator")]
use crate::commands::orchestrator;
#[cfg(feature = "localnet")]
use crate::commands::{demo, up};
use crate::commands::{generate, job, migrate, network, provider, wallet};
use crate::config::{CommonFlags, CommonSettings, Layers, ServiceArgs, Settings, Sources};
use crate::error::CliError;
use crate::log::LogOptions;
use crate::ui::output::Output;
use clap::{Args, CommandFactory, Parser, Subcommand};

const EXIT_STATUS: &str = "\
Exit status:
  0  success
  1  failure, explained on standard error
  2  invalid command line
  3  `job quote`: the job cannot be placed now
  4  `job audit`: a discrepancy was found";

/// A market for computation on Solana: post jobs, run them, and get paid for results that a quorum confirms.
#[derive(Debug, Parser)]
#[command(
    name = "millrace",
    version,
    propagate_version = true,
    after_long_help = EXIT_STATUS
)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalFlags,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command accepts.
#[derive(Args, Clone, Debug, Default)]
struct GlobalFlags {
    #[command(flatten)]
    common: CommonFlags,
    /// Print data as JSON
    #[arg(long, global = true)]
    json: bool,
    /// Log more; repeat for debug and trace output
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a local network with validator, orchestrator and providers until Ctrl-C
    #[cfg(feature = "localnet")]
    Up(up::UpArgs),
    /// Not in this build: run a local network
    #[cfg(not(feature = "localnet"))]
    #[command(hide = true)]
    Up(MissingFeature),
    /// Run a local network with a dishonest provider, render a picture on it, and show the payouts
    #[cfg(feature = "localnet")]
    Demo(demo::DemoArgs),
    /// Not in this build: run a demonstration on a local network
    #[cfg(not(feature = "localnet"))]
    #[command(hide = true)]
    Demo(MissingFeature),
    /// Create key files, show and fund wallets
    #[command(subcommand)]
    Wallet(wallet::WalletCommand),
    /// Show the network, and deploy, upgrade and verify its program
    #[command(subcommand)]
    Network(network::NetworkCommand),
    /// Initialize a network on chain, step by step
    Migrate(migrate::MigrateArgs),
    /// Register, stake and run a provider
    #[command(subcommand)]
    Provider(provider::ProviderCommand),
    /// Run an orchestrator
    #[cfg(feature = "orchestrator")]
    #[command(subcommand)]
    Orchestrator(Box<orchestrator::OrchestratorCommand>),
    /// Not in this build: run an orchestrator
    #[cfg(not(feature = "orchestrator"))]
    #[command(hide = true)]
    Orchestrator(MissingFeature),
    /// Submit jobs, follow them, and fetch their results
    #[command(subcommand)]
    Job(job::JobCommand),
    /// Print a script that completes commands in a shell
    #[command(hide = true)]
    Completions(generate::CompletionsArgs),
    /// Write man pages into a folder
    #[command(hide = true)]
    Man(generate::ManArgs),
}

impl Command {
    fn service(&self) -> ServiceArgs<'_> {
        match self {
            #[cfg(feature = "orchestrator")]
            Self::Orchestrator(command) => command.service(),
            Self::Provider(provider::ProviderCommand::Run(args)) => args.service(),
            _ => ServiceArgs::none(),
        }
    }

    /// Whether the command runs until it is stopped, and logs at level info.
    fn is_long_running(&self) -> bool {
        matches!(
            self,
            Self::Orchestrator(_) | Self::Provider(provider::ProviderCommand::Run(_))
        )
    }
}

impl Cli {
    /// Starts the log on standard error, and runs the command.
    pub async fn run(self) -> Result<(), CliError> {
        let layers = self.layers(true);
        self.start_log(layers.as_ref().ok());
        match &self.command {
            Command::Completions(args) => return args.run(&mut Self::command()),
            Command::Man(args) => return args.run(Self::command()),
            _ => {}
        }
        let output = Output {
            json: self.global.json,
        };
        let settings = Settings::resolve(layers?, output)?;
        match self.command {
            #[cfg(feature = "localnet")]
            Command::Up(args) => args.run(&settings).await,
            #[cfg(not(feature = "localnet"))]
            Command::Up(missing) => missing.fail("up", "localnet"),
            #[cfg(feature = "localnet")]
            Command::Demo(args) => args.run(&settings).await,
            #[cfg(not(feature = "localnet"))]
            Command::Demo(missing) => missing.fail("demo", "localnet"),
            Command::Wallet(command) => command.run(&settings).await,
            Command::Network(command) => command.run(&settings).await,
            Command::Migrate(args) => args.run(&settings).await,
            Command::Provider(command) => command.run(&settings).await,
            #[cfg(feature = "orchestrator")]
            Command::Orchestrator(command) => command.run(settings).await,
            #[cfg(not(feature = "orchestrator"))]
            Command::Orchestrator(missing) => missing.fail("orchestrator", "orchestrator"),
            Command::Job(command) => command.run(&settings).await,
            Command::Completions(_) | Command::Man(_) => Ok(()),
        }
    }

    fn layers(&self, with_file: bool) -> Result<Layers, CliError> {
        let service = self.command.service();
        let mut flags = self.global.common.values();
        flags.extend(service.flags);
        let environment = |variable: &str| {
            let value = std::env::var_os(variable)?;
            Some(value.to_string_lossy().into_owned())
        };
        service.table.load(Sources {
            flags,
            environment: &environment,
            file: service.settings_file.filter(|_| with_file),
        })
    }

    /// If the settings file cannot be used, the log starts without it; the command then reports why.
    fn start_log(&self, layers: Option<&Layers>) {
        let common = match layers {
            Some(layers) => CommonSettings::read(layers),
            None => self.layers(false).and_then(|l| CommonSettings::read(&l)),
        };
        let common = common.ok();
        crate::log::start(&LogOptions {
            filter: common.as_ref().and_then(|common| common.log.clone()),
            format: common.map(|common| common.log_format).unwrap_or_default(),
            verbose: self.global.verbose,
            long_running: self.command.is_long_running(),
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[cfg(not(feature = "localnet"))]
    #[tokio::test]
    async fn command_of_a_missing_feature_is_refused_with_its_name() {
        for typed in ["up", "demo"] {
            let typed = ["millrace", typed, "--providers", "3"];
            let refused = Cli::try_parse_from(typed).unwrap().run().await;
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains("--features localnet"), "{refused}");
        }
    }

    #[test]
    fn global_flags_are_accepted_before_and_after_the_command() {
        let typed = [
            "millrace",
            "--json",
            "job",
            "list",
            "--url",
            "http://127.0.0.1:1",
        ];
        let cli = Cli::try_parse_from(typed).unwrap();
        assert!(cli.global.json);
        assert_eq!(cli.global.common.url.as_deref(), Some("http://127.0.0.1:1"));
        assert!(Cli::try_parse_from(["millrace", "job", "submit"]).is_err());
    }
}
