//! `millrace provider show`: the accounts of providers.

use super::account::find_provider;
use crate::config::Settings;
use crate::connection::{NetworkConnection, connect};
use crate::error::CliError;
use crate::ui::output::{key_values, table, tokens};
use millrace_client::Pubkey;
use millrace_client::program::state::Provider as Account;
use millrace_client::tag::tag_text;
use millrace_protocol::amount::format_amount;
use serde::Serialize;

/// Amounts are base units.
#[derive(Serialize)]
struct ProviderReport {
    account: String,
    authority: String,
    operator: String,
    supplier: String,
    region: String,
    ask_price: u64,
    cores: u16,
    memory_mb: u32,
    active: u64,
    locked: u64,
    unbonding: u64,
    slashed: u64,
    earned: u64,
    claimed: u64,
    open_seats: u16,
    max_open_seats: u16,
    max_seat_lock: u64,
    agreed: u32,
    disagreed: u32,
    late: u32,
}

impl ProviderReport {
    fn of(account: Pubkey, found: &Account) -> Self {
        Self {
            account: account.to_string(),
            authority: found.authority.to_string(),
            operator: found.operator.to_string(),
            supplier: tag_text(&found.supplier),
            region: tag_text(&found.region),
            ask_price: found.ask_price,
            cores: found.cores,
            memory_mb: found.memory_mb,
            active: found.active,
            locked: found.locked,
            unbonding: found.unbonding,
            slashed: found.slashed,
            earned: found.earned,
            claimed: found.claimed,
            open_seats: found.open_seats,
            max_open_seats: found.max_open_seats,
            max_seat_lock: found.max_seat_lock,
            agreed: found.agreed,
            disagreed: found.disagreed,
            late: found.late,
        }
    }

    fn text(&self, connection: &NetworkConnection) -> String {
        let stake = |units| tokens(units, connection.stake_decimals);
        let payment = |units| tokens(units, connection.payment_decimals);
        let or_none = |text: &String| {
            if text.is_empty() {
                "none".to_owned()
            } else {
                text.clone()
            }
        };
        key_values([
            ("provider", self.account.clone()),
            ("cold key", self.authority.clone()),
            ("operator", self.operator.clone()),
            (
                "asking price",
                format!("{} per unit", payment(self.ask_price)),
            ),
            ("supplier", or_none(&self.supplier)),
            ("region", or_none(&self.region)),
            (
                "machine",
                format!("{} cores, {} MiB", self.cores, self.memory_mb),
            ),
            ("stake", stake(self.active)),
            ("locked stake", stake(self.locked)),
            ("unbonding", stake(self.unbonding)),
            ("slashed", stake(self.slashed)),
            ("earned", payment(self.earned)),
            (
                "unclaimed earnings",
                payment(self.earned.saturating_sub(self.claimed)),
            ),
            (
                "seats",
                format!("{} of {}", self.open_seats, self.max_open_seats),
            ),
            ("maximum lock of a seat", stake(self.max_seat_lock)),
            (
                "agreed, disagreed, late",
                format!("{}, {}, {}", self.agreed, self.disagreed, self.late),
            ),
        ])
    }
}

pub(crate) async fn show(
    settings: &Settings,
    connection: &NetworkConnection,
    account: Pubkey,
) -> Result<(), CliError> {
    let found = find_provider(&connection.rpc, &account).await?;
    let report = ProviderReport::of(account, &found);
    settings
        .output
        .print(&report, |report| report.text(connection));
    Ok(())
}

pub(crate) async fn show_all(settings: &Settings) -> Result<(), CliError> {
    let connection = connect(settings).await?;
    let found = connection.providers().await?;
    let report: Vec<ProviderReport> = found
        .iter()
        .map(|(key, account)| ProviderReport::of(*key, account))
        .collect();
    settings.output.print(&report, |report| {
        let rows = report.iter().map(|provider| {
            [
                provider.account.clone(),
                format_amount(provider.ask_price, connection.payment_decimals),
                format_amount(provider.active, connection.stake_decimals),
                format_amount(provider.slashed, connection.stake_decimals),
                format_amount(provider.earned, connection.payment_decimals),
                format!("{} of {}", provider.open_seats, provider.max_open_seats),
                format!(
                    "{} / {} / {}",
                    provider.agreed, provider.disagreed, provider.late
                ),
            ]
        });
        let head = [
            "provider",
            "price per unit",
            "stake",
            "slashed",
            "earned",
            "seats",
            "agreed/disagreed/late",
        ];
        table(head, &[1, 2, 3, 4], rows)
    });
    Ok(())
}
