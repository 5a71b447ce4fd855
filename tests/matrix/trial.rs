//! Making the attempts, and comparing what became of each with what should.

use super::attempt::{Act, Attempt, Change, Material};
use super::rules::{Name, expected};
use millrace_client::pda::PROGRAM;
use millrace_fixture::outcome::{DONE, name};
use millrace_fixture::scenes::idl::{Described, Slot, described};
use millrace_fixture::scenes::kind::Kind;
use millrace_fixture::scenes::parties::Coins;
use millrace_fixture::scenes::stage::{Set, Stage};
use solana_sdk::account::Account;
use solana_sdk::instruction::Instruction;

/// The slots that the IDL names, and one for each further account.
pub fn slots(instruction: &Instruction, described: &Described) -> Vec<Slot> {
    let named = described.accounts.len();
    let further = instruction.accounts.iter().skip(named).enumerate();
    let further = further.map(|(at, meta)| Slot {
        name: format!("further{at}"),
        writable: meta.is_writable,
        signer: meta.is_signer,
        optional: false,
    });
    described.accounts.iter().cloned().chain(further).collect()
}

/// The instruction is the one that the IDL describes, and its accounts are what the IDL says.
fn is_as_described(instruction: &Instruction, described: &Described) {
    assert_eq!(instruction.program_id, PROGRAM);
    let data = &instruction.data;
    assert!(
        data.starts_with(&described.discriminator),
        "the scene is of another instruction"
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

/// The attempts for a scene, once the instruction has been seen to succeed in it.
pub fn attempts(name_of: &str, stage: &mut Stage) -> Vec<Attempt> {
    let described = described(name_of);
    let instructions = stage.scene.instructions.clone();
    is_as_described(stage.scene.instruction(), &described);
    let slots = slots(stage.scene.instruction(), &described);

    let (before, mut kinds) = (stage.picture(&instructions), stage.kinds());
    let outcome = stage.play(&instructions);
    assert_eq!(
        name(&outcome),
        DONE,
        "{:?}",
        outcome.map_err(|failed| failed.meta.logs)
    );
    let mut made = Vec::new();
    for (slot, after) in stage.kinds().into_iter().enumerate() {
        if kinds[slot] == Kind::Nothing && after != Kind::Nothing {
            kinds[slot] = after;
            let key = stage.scene.instruction().accounts[slot].pubkey;
            made.push((slot, stage.scene.market.machine.account(&key).unwrap()));
        }
    }
    stage.scene.market.audit();
    stage.scene.market.compare_with_events();
    stage.restore(&before);
    let material = Material {
        scene: &stage.scene,
        slots: &slots,
        kinds: &kinds,
        accounts: &stage.accounts,
        twins: &stage.twins,
        made: &made,
    };
    material.attempts()
}

/// Makes every attempt on the scene of an instruction.
pub fn refuses_every_substitution(name_of: Name, scene: Set) {
    let wrong = Coins::ALL.map(|coins| wrong_with(coins, name_of, scene));
    let wrong = wrong.concat();
    assert!(
        wrong.is_empty(),
        "{} attempts:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What becomes of attempts in a network with such tokens and should not.
fn wrong_with(coins: Coins, name_of: Name, scene: Set) -> Vec<String> {
    let mut stage = Stage::set(scene, coins);
    let attempts = attempts(name_of.0, &mut stage);
    let mut wrong = Vec::new();
    for attempt in &attempts {
        let outcome = attempt_on(&mut stage, attempt);
        let expected = expected(coins, name_of, attempt);
        if outcome != expected {
            let Attempt {
                name,
                kind,
                change,
                with,
                with_kind,
                ..
            } = attempt;
            let (instruction, case) = name_of;
            let at = format!("{}:{instruction}/{case}.{name}", coins.name());
            let place = format!("{at} ({kind:?}): {change:?} of {with} ({with_kind:?})");
            wrong.push(format!("{place}: {outcome}, and not {expected}"));
        }
    }
    wrong
}

/// Makes one attempt. If it is refused, nothing may have changed; if not, the books must be right.
fn attempt_on(stage: &mut Stage, attempt: &Attempt) -> String {
    let mut instructions = stage.scene.instructions.clone();
    let metas = &mut instructions.last_mut().unwrap().accounts;
    let mut rewritten: Option<Account> = None;
    match &attempt.act {
        Act::Swap(other) => metas[attempt.slot].pubkey = *other,
        Act::Swaps(others) => {
            for (slot, other) in others {
                metas[*slot].pubkey = *other;
            }
        }
        Act::Unsign => metas[attempt.slot].is_signer = false,
        Act::Fix => {
            let key = metas[attempt.slot].pubkey;
            for meta in metas.iter_mut().filter(|meta| meta.pubkey == key) {
                meta.is_writable = false;
            }
        }
        Act::Rewrite(account) => rewritten = Some(account.clone()),
    }
    let address = metas[attempt.slot].pubkey;
    let original = stage.picture(&instructions);
    if let Some(account) = rewritten {
        stage.scene.market.machine.place(address, account);
    }
    let before = stage.picture(&instructions);
    let outcome = stage.play(&instructions);
    if outcome.is_err() {
        let unchanged = before == stage.picture(&instructions);
        assert!(unchanged, "{attempt:?} was refused and left a trace");
    } else if !attempt.change.is_impossible() {
        stage.scene.market.audit();
        stage.scene.market.compare_with_events();
    }
    stage.restore(&original);
    // Both token programs speak alike.
    name(&outcome).replace("Token2022::", "Token::")
}

impl Change {
    /// Whether it makes an account that can't be, and whose books can't be right.
    fn is_impossible(self) -> bool {
        use Change::{Cut, Empty, Occupied, WrongOwner, WrongType};
        matches!(self, WrongOwner | WrongType | Cut | Empty | Occupied)
    }
}
