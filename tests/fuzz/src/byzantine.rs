//! What an attacker makes of an instruction, and accounts that an attacker makes.

use super::base::Base;
use super::picks::Picks;
use super::tally::all_names;
use millrace_client::pda::{PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM};
use solana_sdk::account::Account;
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::pubkey::Pubkey;

/// Most accounts that are added to an instruction.
const MAX_ADDED: usize = 6;

/// Changes an instruction in one way, and says in which.
pub fn change(base: &Base, made: &[Pubkey], it: &mut Instruction, picks: &mut Picks) -> String {
    let kind = picks.byte() % 16;
    let slots = it.accounts.len();
    let slot = if kind < 5 || slots == 0 {
        0
    } else {
        picks.below(slots)
    };
    match kind {
        0..=4 => return change_data(it, kind, picks),
        _ if slots == 0 => return "nothing".to_owned(),
        5 | 6 => it.accounts[slot].pubkey = any(base, made, picks),
        7 => it.accounts[slot].pubkey = *made.last().unwrap_or(&PROGRAM),
        8 => it.accounts[slot].is_signer = false,
        9 => it.accounts[slot].is_writable ^= true,
        10 => {
            for _ in 0..=picks.below(MAX_ADDED) {
                let key = any(base, made, picks);
                it.accounts.push(AccountMeta::new(key, false));
            }
        }
        11 => {
            it.accounts.remove(slot);
        }
        12 => it.accounts.swap(slot, picks.below(slots)),
        13 => it.accounts[slot].pubkey = it.accounts[picks.below(slots)].pubkey,
        14 => {
            if let Some(key) = picks.one(&base.signers) {
                it.accounts[slot].pubkey = *key;
                it.accounts[slot].is_signer = true;
            }
        }
        _ => return move_house(base, slot, it, picks),
    }
    format!("change {kind} of account {slot}")
}

/// Changes the bytes of an instruction.
fn change_data(it: &mut Instruction, kind: u8, picks: &mut Picks) -> String {
    let length = it.data.len().max(1);
    // The first bytes say which instruction it is; those behind are changed mostly.
    let at = 8 + usize::from(picks.word()) % length.saturating_sub(8).max(1);
    match kind {
        0 | 1 => {
            if let Some(byte) = it.data.get_mut(at) {
                *byte = picks.byte();
            }
        }
        2 => {
            let number = picks.amount().to_le_bytes();
            let room = it.data.len().saturating_sub(at).min(8);
            if room > 0 {
                it.data[at..at + room].copy_from_slice(&number[..room]);
            }
        }
        3 => {
            let length = match picks.rarely(2) {
                true => at,
                false => it.data.len() + picks.below(64),
            };
            it.data.resize(length, picks.byte());
        }
        _ => {
            let names = all_names();
            let other =
                millrace_fixture::cases::idl::idl_instruction(names[picks.below(names.len())]);
            let start = it.data.len().min(8);
            it.data.splice(..start, other.discriminator);
        }
    }
    format!("change {kind} of the data at {at}")
}

/// Puts somebody else's accounts into the places of those of one party, all of them.
fn move_house(base: &Base, slot: usize, it: &mut Instruction, picks: &mut Picks) -> String {
    let family = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let Some(name) = base.names.get(&it.accounts[slot].pubkey) else {
        return "nothing".to_owned();
    };
    let Some(to) = picks.one(&base.signers).and_then(|key| base.names.get(key)) else {
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

/// Any account: one that there was at first, one that was made since, or one of the program's.
pub fn any(base: &Base, made: &[Pubkey], picks: &mut Picks) -> Pubkey {
    let number = usize::from(picks.word());
    match number % 4 {
        0 => made.get(number / 4 % made.len().max(1)).copied(),
        1 => {
            let ours = of_the_program(base);
            ours.get(number / 4 % ours.len().max(1))
                .map(|(key, _)| *key)
        }
        _ => None,
    }
    .unwrap_or_else(|| base.pool[number / 4 % base.pool.len()])
}

/// All accounts of the program, in an order that is the same in every run.
pub fn of_the_program(base: &Base) -> Vec<(Pubkey, Account)> {
    let mut all = base.network.machine.program_accounts();
    all.sort_by_key(|(key, _)| *key);
    all
}

/// Makes an account with bytes of an attacker's choice, which no program of ours wrote.
pub fn forge(base: &mut Base, made: &mut Vec<Pubkey>, picks: &mut Picks) -> String {
    const AMOUNT: std::ops::Range<usize> = 64..72;
    let model = any(base, made, picks);
    let owners = [
        Pubkey::new_from_array([13; 32]),
        TOKEN_PROGRAM,
        SYSTEM_PROGRAM,
    ];
    let owner = owners[picks.below(owners.len())];
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
    scribble(&mut account.data, 0, picks);
    // Nobody but a mint's authority makes tokens.
    if let Some(amount) = account
        .data
        .get_mut(AMOUNT)
        .filter(|_| owner == TOKEN_PROGRAM)
    {
        amount.fill(0);
    }
    let address = Pubkey::new_from_array([128 + (made.len() as u8 & 31); 32]);
    machine.set_account(address, account);
    made.push(address);
    format!("forged {address} from {model}, owned by {owner}")
}

/// Overwrites bytes of one of the program's own accounts, which nobody can; returns what was done.
pub fn corrupt(base: &mut Base, picks: &mut Picks) -> String {
    let ours = of_the_program(base);
    let number = usize::from(picks.word()) % ours.len().max(1);
    let Some((address, mut account)) = ours.into_iter().nth(number) else {
        return "nothing to corrupt".to_owned();
    };
    let from = if picks.rarely(8) { 0 } else { 8 };
    scribble(&mut account.data, from, picks);
    base.network.machine.set_account(address, account);
    format!("corrupted {address}")
}

/// Overwrites some bytes from `from` on, and sometimes cuts or adds some.
fn scribble(data: &mut Vec<u8>, from: usize, picks: &mut Picks) {
    for _ in 0..picks.below(5) {
        let at = from + usize::from(picks.word()) % data.len().saturating_sub(from).max(1);
        if picks.rarely(2) {
            let number = picks.amount().to_le_bytes();
            let at = at / 8 * 8;
            let room = data.len().saturating_sub(at).min(8);
            if room > 0 {
                data[at..at + room].copy_from_slice(&number[..room]);
            }
        } else if let Some(byte) = data.get_mut(at) {
            *byte = picks.byte();
        }
    }
    if picks.rarely(16) {
        data.resize(usize::from(picks.word()) % (data.len() + 64), 0);
    }
}
