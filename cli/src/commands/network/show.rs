//! `millrace network show`: the network's parameters and accounts.

use crate::config::Settings;
use crate::connection::connect;
use crate::error::CliError;
use crate::ui::output::{key_values, tokens};
use millrace_client::accounts::AnyAccount;
use millrace_client::pda;
use millrace_protocol::measure::format_duration;
use serde::Serialize;
use std::time::Duration;

/// Amounts are base units, durations seconds, shares basis points.
#[derive(Serialize)]
struct NetworkReport {
    url: String,
    genesis: String,
    slot: u64,
    unix_time: i64,
    program: String,
    network: String,
    network_id: String,
    authority: String,
    stake_mint: String,
    payment_mint: String,
    min_stake: u64,
    lock_bps: u64,
    fee_bps: u16,
    slash_bps: u16,
    late_bps: u16,
    min_window_secs: u32,
    max_window_secs: u32,
    max_deadline_secs: u32,
    unbonding_secs: u32,
    max_shards: u32,
    max_replicas: u8,
    paused: bool,
    orchestrators: Vec<String>,
    providers: usize,
    jobs: usize,
    #[serde(skip)]
    stake_decimals: u8,
}

pub(crate) async fn run(settings: &Settings) -> Result<(), CliError> {
    let connection = connect(settings).await?;
    let (rpc, network) = (&connection.rpc, &connection.network);
    let (genesis, time, reading) = tokio::try_join!(rpc.genesis(), rpc.time(), rpc.snapshot_all())?;
    let (mut orchestrators, mut providers, mut jobs) = (Vec::new(), 0, 0);
    for (key, data) in &reading.accounts {
        match AnyAccount::decode(key, data) {
            Some(AnyAccount::Orchestrator(found)) if found.is_active() => {
                orchestrators.push(found.key.to_string());
            }
            Some(AnyAccount::Provider(_)) => providers += 1,
            Some(AnyAccount::Job(..)) => jobs += 1,
            _ => {}
        }
    }
    let report = NetworkReport {
        url: settings.rpc_url.clone(),
        genesis,
        slot: time.slot,
        unix_time: time.unix,
        program: pda::PROGRAM.to_string(),
        network: pda::network().to_string(),
        network_id: connection.network_id(),
        authority: network.authority.to_string(),
        stake_mint: network.stake_mint.to_string(),
        payment_mint: network.payment_mint.to_string(),
        min_stake: network.min_stake,
        lock_bps: network.lock_bps,
        fee_bps: network.fee_bps,
        slash_bps: network.slash_bps,
        late_bps: network.late_bps,
        min_window_secs: network.min_window_secs,
        max_window_secs: network.max_window_secs,
        max_deadline_secs: network.max_deadline_secs,
        unbonding_secs: network.unbonding_secs,
        max_shards: network.max_shards,
        max_replicas: network.max_replicas,
        paused: network.paused != 0,
        orchestrators,
        providers,
        jobs,
        stake_decimals: connection.stake_decimals,
    };
    settings.output.print(&report, NetworkReport::text);
    Ok(())
}

impl NetworkReport {
    fn text(&self) -> String {
        let duration = |seconds: u32| format_duration(Duration::from_secs(u64::from(seconds)));
        let percent = |bps: u64| format!("{} %", millrace_protocol::amount::format_amount(bps, 2));
        key_values([
            ("endpoint", self.url.clone()),
            ("genesis", self.genesis.clone()),
            ("slot", self.slot.to_string()),
            ("program", self.program.clone()),
            ("network account", self.network.clone()),
            ("network id", self.network_id.clone()),
            ("authority", self.authority.clone()),
            ("stake mint", self.stake_mint.clone()),
            ("payment mint", self.payment_mint.clone()),
            ("minimum stake", tokens(self.min_stake, self.stake_decimals)),
            (
                "a seat locks",
                format!(
                    "{} times its maximum price",
                    millrace_protocol::amount::format_amount(self.lock_bps, 4)
                ),
            ),
            ("protocol fee", percent(u64::from(self.fee_bps))),
            (
                "a wrong result loses",
                format!("{} of the lock", percent(u64::from(self.slash_bps))),
            ),
            (
                "a late seat loses",
                format!("{} of the lock", percent(u64::from(self.late_bps))),
            ),
            (
                "windows",
                format!(
                    "{} to {}",
                    duration(self.min_window_secs),
                    duration(self.max_window_secs)
                ),
            ),
            ("maximum deadline", duration(self.max_deadline_secs)),
            ("unbonding", duration(self.unbonding_secs)),
            ("maximum shards", self.max_shards.to_string()),
            ("maximum seats per shard", self.max_replicas.to_string()),
            ("paused", if self.paused { "yes" } else { "no" }.to_owned()),
            ("orchestrators", self.orchestrators.join(", ")),
            ("providers", self.providers.to_string()),
            ("jobs on chain", self.jobs.to_string()),
        ])
    }
}
