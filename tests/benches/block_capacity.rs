//! Settlements of different jobs that fit into a block, given Agave's limits for a block and for one
//! writable account. The fee payer is such an account too, so a sender of more settlements needs a
//! second payer.

use crate::figures::Figures;
use anyhow::{Context, Result};
use millrace_client::program::constants::BUCKETS;
use std::collections::BTreeMap;

/// Limits of a block.
struct Limits {
    /// Compute units of all its transactions.
    block: f64,
    /// Compute units of the transactions that write one account.
    account: f64,
}

/// `MAX_BLOCK_UNITS` and `MAX_WRITABLE_ACCOUNT_UNITS` of solana-cost-model 4.2.2,
/// `block_cost_limits.rs`.
const CURRENT: Limits = Limits {
    block: 60_000_000.0,
    account: 24_000_000.0,
};
/// The limits with the feature `raise_block_limits_to_100m`: `MAX_BLOCK_UNITS_SIMD_0286` there, and
/// solana-runtime 4.2.2, `bank/tests.rs`, `test_block_limits`.
const RAISED: Limits = Limits {
    block: 100_000_000.0,
    account: 40_000_000.0,
};

impl Limits {
    /// Settlements that all write the same account, or each of `accounts` accounts equally often.
    fn settlements(&self, cost: f64, accounts: Option<f64>) -> f64 {
        let all = (self.block / cost).floor();
        let written = accounts.map(|accounts| accounts * (self.account / cost).floor());
        written.map_or(all, |written| written.min(all))
    }
}

/// Notes the figures for unrelated jobs, which write the buckets in turn, and for jobs with a common
/// account.
pub(crate) fn note(figures: &mut Figures, measured: &BTreeMap<String, f64>) -> Result<()> {
    let get = |name: &str| measured.get(name).copied().context(name.to_owned());
    let cost = get("chain.settle_cost.k3")?;
    let per_block = |figures: &mut Figures, name: &str, accounts: Option<f64>, why: &str| {
        let raised = RAISED.settlements(cost, accounts);
        let remark = format!("{why}; {raised:.0} with the raised limits");
        let count = CURRENT.settlements(cost, accounts);
        figures.note_with(name, count, "settlements", remark);
    };
    let common = get("chain.settle_shares.nothing")?;
    let (accounts, why) = match common as u64 {
        0 => (f64::from(BUCKETS), "no account is written by every one"),
        _ => (1.0, "EVERY ONE WRITES THE SAME ACCOUNTS"),
    };
    per_block(figures, "chain.settles_per_block", Some(accounts), why);
    for shared in ["providers", "bucket", "client"] {
        let common = get(&format!("chain.settle_shares.{shared}"))?;
        let name = format!("chain.settles_per_block.same_{shared}");
        let accounts = (common > 0.0).then_some(1.0);
        let why = format!("{common:.0} accounts are written by every one");
        per_block(figures, &name, accounts, &why);
    }
    Ok(())
}
