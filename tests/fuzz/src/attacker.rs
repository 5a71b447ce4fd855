//! Changes that an attacker makes to an instruction, and accounts that an attacker creates.

use super::base::Base;
use super::choices::Choices;
use super::counts::instruction_names;
use millrace_client::pda::{PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM};
use solana_sdk::account::Account;
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::pubkey::Pubkey;

/// Largest number of accounts added to an instruction.
const MAX_ADDED: usize = 6;

/// Changes an instruction in one way and returns a description of the change.
pub(crate) fn change(
    base: &Base,
    forged: &[Pubkey],
    it: &mut Instruction,
    choices: &mut Choices,
) -> String {
    let kind = choices.byte() % 16;
    let slots = it.accounts.len();
    let slot = if kind < 5 || slots == 0 {
        0
    } else {
        choices.below(slots)
    };
    match kind {
        0..=4 => return change_data(it, kind, choices),
        _ if slots == 0 => return "nothing".to_owned(),
        5 | 6 => it.accounts[slot].pubkey = any(base, forged, choices),
        7 => it.accounts[slot].pubkey = *forged.last().unwrap_or(&PROGRAM),
        8 => it.accounts[slot].is_signer = false,
        9 => it.accounts[slot].is_writable ^= true,
        10 => {
            for _ in 0..=choices.below(MAX_ADDED) {
                let key = any(base, forged, choices);
                it.accounts.push(AccountMeta::new(key, false));
            }
        }
        11 => {
            it.accounts.remove(slot);
        }
        12 => it.accounts.swap(slot, choices.below(slots)),
        13 => it.accounts[slot].pubkey = it.accounts[choices.below(slots)].pubkey,
        14 => {
            if let Some(key) = choices.one(&base.signers) {
                it.accounts[slot].pubkey = *key;
                it.accounts[slot].is_signer = true;
            }
        }
        _ => return replace_party(base, slot, it, choices),
    }
    format!("change {kind} of account {slot}")
}

/// Changes the data of an instruction.
fn change_data(it: &mut Instruction, kind: u8, choices: &mut Choices) -> String {
    let length = it.data.len().max(1);
    // The first eight bytes select the instruction; mostly bytes after them are changed.
    let at = 8 + usize::from(choices.word()) % length.saturating_sub(8).max(1);
    match kind {
        0 | 1 => {
            if let Some(byte) = it.data.get_mut(at) {
                *byte = choices.byte();
            }
        }
        2 => {
            let number = choices.amount().to_le_bytes();
            let room = it.data.len().saturating_sub(at).min(8);
            if room > 0 {
                it.data[at..at + room].copy_from_slice(&number[..room]);
            }
        }
        3 => {
            let length = if choices.rarely(2) {
                at
            } else {
                it.data.len() + choices.below(64)
            };
            it.data.resize(length, choices.byte());
        }
        _ => {
            let names = instruction_names();
            let other =
                millrace_fixture::cases::idl::idl_instruction(names[choices.below(names.len())]);
            let start = it.data.len().min(8);
            it.data.splice(..start, other.discriminator);
        }
    }
    format!("change {kind} of the data at {at}")
}

/// Replaces all accounts of one party by those of another.
fn replace_party(base: &Base, slot: usize, it: &mut Instruction, choices: &mut Choices) -> String {
    let family = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let Some(name) = base.names.get(&it.accounts[slot].pubkey) else {
        return "nothing".to_owned();
    };
    let Some(to) = choices
        .one(&base.signers)
        .and_then(|key| base.names.get(key))
    else {
        return "nothing".to_owned();
    };
    let (from, to) = (family(name), family(to));
    for meta in &mut it.accounts {
        let name = base.names.get(&meta.pubkey);
        let Some(rest) = name.and_then(|name| name.strip_prefix(&from)) else {
            continue;
        };
        if rest.is_empty() || rest.starts_with('.') {
            let wanted = format!("{to}{rest}");
            let mut named = base.names.iter();
            if let Some((key, _)) = named.find(|(_, name)| **name == wanted) {
                meta.pubkey = *key;
            }
        }
    }
    format!("{to} in the place of {from}")
}

/// Chooses an account: one that existed at the start, one that the attacker created, or one of the
/// program's.
pub(crate) fn any(base: &Base, forged: &[Pubkey], choices: &mut Choices) -> Pubkey {
    let number = usize::from(choices.word());
    match number % 4 {
        0 => forged.get(number / 4 % forged.len().max(1)).copied(),
        1 => {
            let ours = program_accounts(base);
            ours.get(number / 4 % ours.len().max(1))
                .map(|(key, _)| *key)
        }
        _ => None,
    }
    .unwrap_or_else(|| base.pool[number / 4 % base.pool.len()])
}

/// All accounts of the program, sorted by address.
pub(crate) fn program_accounts(base: &Base) -> Vec<(Pubkey, Account)> {
    let mut all = base.network.machine.program_accounts();
    all.sort_by_key(|(key, _)| *key);
    all
}

/// Creates an account with data of the attacker's choice that no trusted program wrote.
pub(crate) fn forge(base: &mut Base, forged: &mut Vec<Pubkey>, choices: &mut Choices) -> String {
    const AMOUNT: std::ops::Range<usize> = 64..72;
    let model = any(base, forged, choices);
    let owners = [
        Pubkey::new_from_array([13; 32]),
        TOKEN_PROGRAM,
        SYSTEM_PROGRAM,
    ];
    let owner = owners[choices.below(owners.len())];
    let machine = &mut base.network.machine;
    let data = machine
        .account(&model)
        .map_or(Vec::new(), |model| model.data);
    let data = match data.len() {
        0..10_240 => data,
        _ => Vec::new(),
    };
    let mut account = Account {
        lamports: 1_000_000_000,
        data,
        owner,
        executable: false,
        rent_epoch: u64::MAX,
    };
    overwrite(&mut account.data, 0, choices);
    // Only a mint's authority can create tokens.
    if let Some(amount) = account
        .data
        .get_mut(AMOUNT)
        .filter(|_| owner == TOKEN_PROGRAM)
    {
        amount.fill(0);
    }
    let address = Pubkey::new_from_array([128 + (forged.len() as u8 & 31); 32]);
    machine.set_account(address, account);
    forged.push(address);
    format!("forged {address} from {model}, owned by {owner}")
}

/// Overwrites bytes of an account of the program, which no attacker can do. Returns a description.
pub(crate) fn corrupt(base: &mut Base, choices: &mut Choices) -> String {
    let ours = program_accounts(base);
    let number = usize::from(choices.word()) % ours.len().max(1);
    let Some((address, mut account)) = ours.into_iter().nth(number) else {
        return "nothing to corrupt".to_owned();
    };
    let from = if choices.rarely(8) { 0 } else { 8 };
    overwrite(&mut account.data, from, choices);
    base.network.machine.set_account(address, account);
    format!("corrupted {address}")
}

/// Overwrites some bytes after `from`, and sometimes truncates or extends the data.
fn overwrite(data: &mut Vec<u8>, from: usize, choices: &mut Choices) {
    for _ in 0..choices.below(5) {
        let at = from + usize::from(choices.word()) % data.len().saturating_sub(from).max(1);
        if choices.rarely(2) {
            let number = choices.amount().to_le_bytes();
            let at = at / 8 * 8;
            let room = data.len().saturating_sub(at).min(8);
            if room > 0 {
                data[at..at + room].copy_from_slice(&number[..room]);
            }
        } else if let Some(byte) = data.get_mut(at) {
            *byte = choices.byte();
        }
    }
    if choices.rarely(16) {
        data.resize(usize::from(choices.word()) % (data.len() + 64), 0);
    }
}
