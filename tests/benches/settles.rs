//! How many settlements of different jobs fit a block, given what Agave lets a block and a single
//! writable account take. Who pays the fees is such an account too: a sender of more than the figures for
//! a shared account needs a second payer.

use crate::figures::Figures;
use anyhow::{Context, Result};
use millrace_client::program::constants::BUCKETS;
use std::collections::BTreeMap;

/// What a block may take.
struct Limits {
    /// All of its transactions together, units.
    block: f64,
    /// Those that write one account, units.
    account: f64,
}

/// `MAX_BLOCK_UNITS` and `MAX_WRITABLE_ACCOUNT_UNITS` of solana-cost-model 4.2.2,
/// `block_cost_limits.rs`.
const NOW: Limits = Limits {
    block: 60_000_000.0,
    account: 24_000_000.0,
};
/// The same once the feature `raise_block_limits_to_100m` is active: `MAX_BLOCK_UNITS_SIMD_0286`
/// there, and solana-runtime 4.2.2, `bank/tests.rs`, `test_block_limits`.
const RAISED: Limits = Limits {
    block: 100_000_000.0,
    account: 40_000_000.0,
};

impl Limits {
    /// Settlements of which all write an account together, or each one of `accounts` as often.
    fn settlements(&self, cost: f64, accounts: Option<f64>) -> f64 {
        let all = (self.block / cost).floor();
        let written = accounts.map(|accounts| accounts * (self.account / cost).floor());
        written.map_or(all, |written| written.min(all))
    }
}

/// Notes the figures: for jobs that have nothing in common, which write the buckets in turn, and for
/// such as all have something in common.
pub fn note(figures: &mut Figures, measured: &BTreeMap<String, f64>) -> Result<()> {
    let get = |name: &str| measured.get(name).copied().context(name.to_owned());
    let cost = get("chain.settle_cost.k3")?;
    let per_block = |figures: &mut Figures, name: &str, accounts: Option<f64>, why: &str| {
        let raised = RAISED.settlements(cost, accounts);
        let remark = format!("{why}; {raised:.0} with the raised limits");
        let count = NOW.settlements(cost, accounts);
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
