//! Runs the attempts and compares the outcomes with the expected ones.

use super::attempt::{Attempt, AttemptBuilder, Change, Edit};
use super::rules::{Name, expected};
use millrace_client::pda::PROGRAM;
use millrace_fixture::MintSetup;
use millrace_fixture::cases::idl::{AccountSlot, IdlInstruction, idl_instruction};
use millrace_fixture::cases::kind::AccountKind;
use millrace_fixture::cases::parties::MINT_SETUPS;
use millrace_fixture::cases::prepared::{BuildCase, Case, PreparedCase};
use millrace_fixture::outcome::{DONE, name};
use solana_sdk::account::Account;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// The accounts in the IDL, followed by one for each further account.
pub(crate) fn slots(instruction: &Instruction, described: &IdlInstruction) -> Vec<AccountSlot> {
    let named = described.accounts.len();
    let further = instruction.accounts.iter().skip(named).enumerate();
    let further = further.map(|(at, meta)| AccountSlot {
        name: format!("further{at}"),
        writable: meta.is_writable,
        signer: meta.is_signer,
        optional: false,
    });
    described.accounts.iter().cloned().chain(further).collect()
}

/// Asserts that the instruction and the flags of its accounts match the IDL.
fn assert_matches_idl(instruction: &Instruction, described: &IdlInstruction) {
    assert_eq!(instruction.program_id, PROGRAM);
    let data = &instruction.data;
    assert!(
        data.starts_with(&described.discriminator),
        "the case is of another instruction"
    );
    assert!(instruction.accounts.len() >= described.accounts.len());
    for (slot, meta) in described.accounts.iter().zip(&instruction.accounts) {
        let absent = slot.optional && meta.pubkey == PROGRAM;
        let flags = (meta.is_writable, meta.is_signer);
        assert!(
            absent || flags == (slot.writable, slot.signer),
            "flags of {}",
            slot.name
        );
    }
}

/// The attempts for a case, after checking that the instruction succeeds in it.
pub(crate) fn attempts(case_name: &str, prepared: &mut PreparedCase) -> Vec<Attempt> {
    let described = idl_instruction(case_name);
    let instructions = prepared.case.instructions.clone();
    assert_matches_idl(prepared.case.instruction(), &described);
    let slots = slots(prepared.case.instruction(), &described);

    let (before, mut kinds) = (prepared.snapshot(&instructions), prepared.kinds());
    let outcome = prepared.send(&instructions);
    assert_eq!(
        name(&outcome),
        DONE,
        "{:?}",
        outcome.map_err(|failed| failed.meta.logs)
    );
    let mut made = Vec::new();
    for (slot, after) in prepared.kinds().into_iter().enumerate() {
        if kinds[slot] == AccountKind::Nothing && after != AccountKind::Nothing {
            kinds[slot] = after;
            let key = prepared.case.instruction().accounts[slot].pubkey;
            made.push((slot, prepared.case.network.machine.account(&key).unwrap()));
        }
    }
    prepared.case.network.check_balances();
    prepared.case.network.compare_with_events();
    prepared.restore(&before);
    let builder = AttemptBuilder {
        case: &prepared.case,
        slots: &slots,
        kinds: &kinds,
        accounts: &prepared.accounts,
        siblings: &prepared.siblings,
        made: &made,
    };
    builder.attempts()
}

/// Runs every attempt on a case, with every mint setup.
pub(crate) fn refuses_every_substitution(case_name: Name, build: BuildCase) {
    let wrong = MINT_SETUPS.map(|mint_setup| mismatches_with(mint_setup, case_name, build));
    let wrong = wrong.concat();
    assert!(
        wrong.is_empty(),
        "{} attempts:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Attempts with an unexpected outcome.
fn mismatches_with(mint_setup: MintSetup, case_name: Name, build: BuildCase) -> Vec<String> {
    let mut prepared = PreparedCase::new(build, mint_setup);
    let attempts = attempts(case_name.0, &mut prepared);
    let mut wrong = Vec::new();
    for attempt in &attempts {
        let outcome = run_attempt(&mut prepared, attempt);
        let expected = expected(mint_setup, case_name, attempt);
        if outcome != expected {
            let Attempt {
                name,
                kind,
                change,
                with,
                with_kind,
                ..
            } = attempt;
            let (instruction, case) = case_name;
            let at = format!("{}:{instruction}/{case}.{name}", mint_setup.name());
            let place = format!("{at} ({kind:?}): {change:?} of {with} ({with_kind:?})");
            wrong.push(format!("{place}: {outcome}, and not {expected}"));
        }
    }
    wrong
}

/// The transaction of an attempt, and the account that it rewrites before.
pub(crate) fn edited(
    case: &Case,
    attempt: &Attempt,
) -> (Vec<Instruction>, Option<(Pubkey, Account)>) {
    let mut instructions = case.instructions.clone();
    let metas = &mut instructions.last_mut().unwrap().accounts;
    let mut rewritten: Option<Account> = None;
    match &attempt.edit {
        Edit::Replace(other) => metas[attempt.slot].pubkey = *other,
        Edit::ReplaceMany(others) => {
            for (slot, other) in others {
                metas[*slot].pubkey = *other;
            }
        }
        Edit::RemoveSignature => metas[attempt.slot].is_signer = false,
        Edit::MakeReadOnly => {
            let key = metas[attempt.slot].pubkey;
            for meta in metas.iter_mut().filter(|meta| meta.pubkey == key) {
                meta.is_writable = false;
            }
        }
        Edit::Rewrite(account) => rewritten = Some(account.clone()),
    }
    let address = metas[attempt.slot].pubkey;
    (instructions, rewritten.map(|account| (address, account)))
}

/// Runs one attempt and returns its outcome. If the attempt is refused, nothing may have changed;
/// otherwise all balances must be consistent.
fn run_attempt(prepared: &mut PreparedCase, attempt: &Attempt) -> String {
    let (instructions, rewritten) = edited(&prepared.case, attempt);
    let original = prepared.snapshot(&instructions);
    if let Some((address, account)) = rewritten {
        prepared.case.network.machine.set_account(address, account);
    }
    let before = prepared.snapshot(&instructions);
    let outcome = prepared.send(&instructions);
    if outcome.is_err() {
        let unchanged = before == prepared.snapshot(&instructions);
        assert!(unchanged, "{attempt:?} was refused and left a trace");
    } else if !attempt.change.breaks_accounting() {
        prepared.case.network.check_balances();
        prepared.case.network.compare_with_events();
    }
    prepared.restore(&original);
    // Both token programs return the same errors.
    name(&outcome).replace("Token2022::", "Token::")
}

impl Change {
    /// Whether the change creates an account that cannot occur, so balances need not be consistent.
    fn breaks_accounting(self) -> bool {
        use Change::{Empty, Occupied, Truncated, WrongOwner, WrongType};
        matches!(self, WrongOwner | WrongType | Truncated | Empty | Occupied)
    }
}
