//! Compares the program with its stock build, in which Anchor's own accounts and macros expand the same
//! declarations. Every attempt on every case has the same outcome in both, and leaves the same accounts.

use super::attempt::Attempt;
use super::rules::Name;
use super::substitution::{attempts, edited};
use millrace_client::pda::program_data;
use millrace_fixture::MintSetup;
use millrace_fixture::cases::parties::MINT_SETUPS;
use millrace_fixture::cases::prepared::{BuildCase, PreparedCase, restore_accounts, send_to};
use millrace_fixture::cases::{admin, client, crank, money, orchestrator, provider};
use millrace_fixture::outcome::name;
use millrace_fixture::{Machine, stock_program_bytes, with_every_case};

/// Pairs of refusals for one fault: ours, Anchor's, and why they differ.
const SAME_REFUSALS: &[(&str, &str, &str)] = &[
    (
        "ConstraintMut",
        "PrivilegeEscalation",
        "Anchor pays for a new account before it checks that the payer is writable",
    ),
    (
        "AccountNotInitialized",
        "AccountOwnedByWrongProgram",
        "Anchor creates a new account before it checks the accounts that follow it",
    ),
];

/// Cases with a shard in an account of its own. Such an account has room for the job's seats and is
/// shorter than its type, which Anchor's `AccountLoader` cannot read. The same instructions are compared
/// with a shard in its job's account.
const SHARD_ACCOUNTS: &[Name] = &[
    ("acknowledge_delivery", "by_an_orchestrator"),
    ("acknowledge_delivery", "by_the_client"),
    ("challenge_shard", "by_anyone"),
    ("draw_audit", "by_anyone"),
    ("expire_seat", "by_anyone"),
    ("record_reveals", "by_an_orchestrator"),
    ("settle_shard", "in_an_account_of_its_own"),
    ("settle_shard", "that_is_audited"),
    ("settle_shard", "that_is_challenged"),
    ("settle_shard", "whose_seats_disagree"),
    ("settle_shard", "without_a_quorum"),
];

macro_rules! define_comparisons {
    ($($name:ident { $($case:ident: $build:path,)+ })+) => {
        $(mod $name {
            use super::*;
            $(#[test]
            fn $case() {
                agrees_with_stock((stringify!($name), stringify!($case)), $build);
            })+
        })+
    };
}

with_every_case!(define_comparisons);

fn agrees_with_stock(case_name: Name, build: BuildCase) {
    if SHARD_ACCOUNTS.contains(&case_name) {
        return assert_unreadable(build);
    }
    let differing = MINT_SETUPS.map(|mint_setup| differences(mint_setup, case_name, build));
    let differing = differing.concat();
    assert!(
        differing.is_empty(),
        "{} attempts differ:\n{}",
        differing.len(),
        differing.join("\n")
    );
}

fn differences(mint_setup: MintSetup, case_name: Name, build: BuildCase) -> Vec<String> {
    let mut prepared = PreparedCase::new(build, mint_setup);
    let attempts = attempts(case_name.0, &mut prepared);
    let machine = &prepared.case.network.machine;
    let mut stock = machine.with_program(&stock_program_bytes());
    let compared = attempts.iter().filter_map(|attempt| {
        let difference = compare(&mut prepared, &mut stock, attempt)?;
        let (instruction, case) = case_name;
        let place = format!(
            "{}:{instruction}/{case}.{}",
            mint_setup.name(),
            attempt.name
        );
        let Attempt { change, with, .. } = attempt;
        Some(format!("{place}: {change:?} of {with}: {difference}"))
    });
    compared.collect()
}

/// Asserts that Anchor's accounts refuse what the case needs, so that no case is left out without reason.
fn assert_unreadable(build: BuildCase) {
    let mut prepared = PreparedCase::new(build, MINT_SETUPS[0]);
    let instructions = prepared.case.instructions.clone();
    let machine = &prepared.case.network.machine;
    let mut stock = machine.with_program(&stock_program_bytes());
    let outcome = name(&send_to(&mut stock, &instructions));
    assert_eq!(outcome, "AccountDidNotDeserialize");
    assert!(prepared.send(&instructions).is_ok());
}

/// Runs an attempt on both builds. Returns how they differ.
fn compare(prepared: &mut PreparedCase, stock: &mut Machine, attempt: &Attempt) -> Option<String> {
    let (instructions, rewritten) = edited(&prepared.case, attempt);
    let original = prepared.snapshot(&instructions);
    if let Some((address, account)) = rewritten {
        stock.set_account(address, account.clone());
        prepared.case.network.machine.set_account(address, account);
    }
    let ours = name(&prepared.send(&instructions));
    let theirs = name(&send_to(stock, &instructions));
    let accounts = (
        prepared.snapshot(&instructions),
        prepared.snapshot_of(stock, &instructions),
    );
    prepared.restore(&original);
    restore_accounts(stock, &original);
    stock.ledger = prepared.case.network.machine.ledger.clone();
    let same = |(a, b, _): &(&str, &str, &str)| ours == *a && theirs == *b;
    if ours != theirs && !SAME_REFUSALS.iter().any(same) {
        return Some(format!("{ours}, and {theirs} with Anchor's accounts"));
    }
    let (ours, theirs) = accounts;
    let keys = ours.keys().filter(|key| ours.get(key) != theirs.get(key));
    // It holds the program itself.
    let keys = keys.filter(|key| **key != program_data());
    let keys: Vec<String> = keys.map(ToString::to_string).collect();
    (!keys.is_empty()).then(|| format!("other content of {}", keys.join(", ")))
}
