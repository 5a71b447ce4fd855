//! All token balances of a network, so that two runs can be compared to the last token.

use crate::localnet::Net;
use anyhow::{Context, Result};
use millrace_client::program::constants::BUCKETS;
use millrace_client::program::state::Client;
use millrace_client::{Pubkey, pda};
use std::collections::BTreeMap;

/// Balances of vaults and amounts recorded in accounts, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkBalances(BTreeMap<String, i64>);

impl NetworkBalances {
    pub async fn read(net: &Net) -> Result<Self> {
        let mut balances = Self::default();
        let (rpc, mints) = (net.rpc(), net.local.mints);
        let client = net.local.keys.client.pubkey();
        let orchestrator = net.local.keys.orchestrator.pubkey();
        let mut accounts: Vec<(String, Pubkey)> = Vec::new();
        for (name, mint) in [("stake", mints.stake), ("payment", mints.payment)] {
            for (whose, owner) in [("client", &client), ("orchestrator", &orchestrator)] {
                let account = pda::token_account(owner, &mint);
                accounts.push((format!("{whose}: {name} tokens"), account));
            }
        }
        for bucket in 0..BUCKETS {
            // The bucket of a payment depends on the job's address, so only the sum is compared.
            let account = pda::treasury(&mints.payment, bucket);
            accounts.push(("treasury".into(), account));
        }
        accounts.push(("client: escrow".into(), pda::escrow(&pda::client(&client))));
        for index in 0..net.local.keys.providers.len() {
            let key = net.local.provider(index).context("no such provider")?;
            accounts.push((format!("{index}: stake"), pda::stake_vault(&key)));
            accounts.push((format!("{index}: earnings"), pda::earnings_vault(&key)));
            let provider = net.provider(index).await?;
            let fields = [
                ("active", provider.active),
                ("locked", provider.locked),
                ("slashed", provider.slashed),
                ("earned", provider.earned),
                ("agreed", provider.agreed.into()),
                ("disagreed", provider.disagreed.into()),
                ("late", provider.late.into()),
                ("open seats", provider.open_seats.into()),
            ];
            for (name, value) in fields {
                balances.add(format!("{index}: {name}"), value)?;
            }
        }
        // With one mint for stake and payments, an account is listed twice and must count once.
        accounts.sort_by_key(|(_, key)| *key);
        accounts.dedup_by_key(|(_, key)| *key);
        for (name, key) in accounts {
            balances.add(name, rpc.token_balance(&key).await?.unwrap_or(0))?;
        }
        // A client has no account before its first job.
        let client: Option<Client> = rpc.find(&pda::client(&client)).await?;
        balances.add(
            "client: held".into(),
            client.map_or(0, |client| client.held),
        )?;
        Ok(balances)
    }

    fn add(&mut self, name: String, value: u64) -> Result<()> {
        *self.0.entry(name).or_default() += i64::try_from(value)?;
        Ok(())
    }

    pub fn get(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// The same balances if the provider had not been late, so its stake had not been burnt.
    pub fn without_lateness_of(&self, index: usize) -> Self {
        let mut balances = self.clone();
        let penalty = self.get(&format!("{index}: slashed"));
        let changes = [
            (format!("{index}: active"), penalty),
            (format!("{index}: stake"), penalty),
            (format!("{index}: slashed"), -penalty),
            (
                format!("{index}: late"),
                -self.get(&format!("{index}: late")),
            ),
        ];
        for (name, change) in changes {
            *balances.0.entry(name).or_default() += change;
        }
        balances
    }

    /// The changes since `before`.
    pub fn since(&self, before: &Self) -> Self {
        let difference = |(name, now): (&String, &i64)| {
            let before = before.0.get(name).copied().unwrap_or(0);
            (name.clone(), now - before)
        };
        Self(self.0.iter().map(difference).collect())
    }
}
