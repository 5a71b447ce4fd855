//! Plays an input: a case, then transactions, until its bytes are used up or it went far enough.

use super::acts::act;
use super::base::{Base, COUNT, with_base};
use super::byzantine;
use super::checks::{End, judge};
use super::picks::Picks;
use super::tally::{Tally, name_of};
use super::watch::Before;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// Most steps of an input.
const MAX_STEPS: usize = 24;
/// Seconds that may pass at once: windows, epochs and unbonding times, and instants beside them.
const JUMPS: [i64; 16] = [
    1, 10, 19, 20, 21, 29, 30, 59, 60, 61, 90, 120, 3_600, 86_400, 604_799, 604_800,
];

/// Plays an input. `tell` hears what is done, line by line.
///
/// # Panics
///
/// Panics where the program did what it may not.
pub fn play(bytes: &[u8], tell: &mut dyn FnMut(&str)) -> Tally {
    let mut picks = Picks::new(bytes);
    let case = picks.below(COUNT);
    with_base(case, |base| {
        tell(&format!("in the case {}", base.name));
        let mut play = Play {
            base,
            picks,
            tell,
            tally: Tally::default(),
            tainted: false,
            made: Vec::new(),
            waiting: Vec::new(),
        };
        for _ in 0..MAX_STEPS {
            if play.picks.is_over() {
                break;
            }
            play.step();
        }
        play.send();
        play.tally
    })
}

/// An input that is being played.
struct Play<'a, 'b> {
    base: &'a mut Base,
    picks: Picks<'a>,
    tell: &'a mut (dyn FnMut(&str) + 'b),
    tally: Tally,
    /// The program's accounts hold what it never wrote.
    tainted: bool,
    /// Accounts that the attacker made.
    made: Vec<Pubkey>,
    /// Instructions that go into one transaction with those that follow.
    waiting: Vec<Instruction>,
}

impl Play<'_, '_> {
    fn step(&mut self) {
        const KIND: u8 = 0b1111;
        const TOGETHER: u8 = 0b1_0000;
        let byte = self.picks.byte();
        let instructions = match byte & KIND {
            0..=3 => Some(self.base.instructions.clone()),
            4..=11 => act(self.base, &mut self.picks),
            kind => return self.happen(kind),
        };
        let Some(mut instructions) = instructions else {
            return;
        };
        // One time in four nothing is changed, and mostly a single thing.
        for _ in 0..[0, 0, 1, 1, 1, 2, 2, 3][usize::from(byte >> 5)] {
            let at = match self.picks.rarely(8) {
                true => 0,
                false => instructions.len() - 1,
            };
            let (base, picks) = (&*self.base, &mut self.picks);
            let changed = byzantine::change(base, &self.made, &mut instructions[at], picks);
            (self.tell)(&changed);
        }
        self.waiting.extend(instructions);
        if byte & TOGETHER == 0 {
            self.send();
        }
    }

    /// What comes to pass without the program.
    fn happen(&mut self, kind: u8) {
        self.send();
        let told = match kind {
            12 => {
                let seconds = JUMPS[self.picks.below(JUMPS.len())];
                self.base.network.warp(seconds);
                format!("{seconds} seconds pass")
            }
            13 => {
                let slots = 1 + self.picks.below(64) as u64;
                self.base.network.machine.advance_slots(slots, 3);
                format!("{slots} slots pass")
            }
            14 => byzantine::forge(self.base, &mut self.made, &mut self.picks),
            _ if self.picks.rarely(2) => {
                self.tainted = true;
                byzantine::corrupt(self.base, &mut self.picks)
            }
            _ => self.donate(),
        };
        (self.tell)(&told);
    }

    /// Puts tokens into a token account, which anyone can.
    fn donate(&mut self) -> String {
        const TOKEN_ACCOUNT: usize = 165;
        const STATE: usize = 108;
        let to = byzantine::any(self.base, &[], &mut self.picks);
        let account = self.base.network.machine.account(&to);
        let usable = account.filter(|account| {
            account.owner == millrace_client::pda::TOKEN_PROGRAM
                && account.data.len() == TOKEN_ACCOUNT
                && account.data[STATE] == 1
        });
        let Some(account) = usable else {
            return "nothing to donate to".to_owned();
        };
        let machine = &mut self.base.network.machine;
        let mints = machine.minted.iter().map(|(mint, _)| *mint);
        let mint = mints
            .into_iter()
            .find(|mint| account.data.starts_with(mint.as_ref()));
        let Some(mint) = mint else {
            return "nothing to donate to".to_owned();
        };
        machine.mint(&mint, &to, 1_000);
        format!("1000 are donated to {to}")
    }

    /// Sends what is waiting as one transaction, and looks at what it did.
    fn send(&mut self) {
        let mut sent = std::mem::take(&mut self.waiting);
        if sent.is_empty() {
            return;
        }
        // Nobody can sign for an account that has no key.
        for meta in sent
            .iter_mut()
            .flat_map(|instruction| &mut instruction.accounts)
        {
            meta.is_signer &= self.base.signers.contains(&meta.pubkey);
        }
        let before = Before::look(&self.base.network, self.tainted);
        let Some(outcome) = self.base.network.machine.send_unsigned(&sent) else {
            return;
        };
        let names: Vec<&str> = sent
            .iter()
            .filter(|it| it.program_id == millrace_client::pda::PROGRAM)
            .map(|it| name_of(&it.data))
            .collect();
        self.tally.transactions += 1;
        let (end, counts) = match judge(&outcome, self.tainted) {
            End::Fault(fault) => panic!("{names:?} ended as nothing may: {fault}"),
            End::Done => ("done".to_owned(), &mut self.tally.done),
            End::Refused(reason) => {
                *self.tally.reasons.entry(reason.clone()).or_default() += 1;
                (reason, &mut self.tally.refused)
            }
        };
        for name in &names {
            *counts.entry(name).or_default() += 1;
        }
        (self.tell)(&format!("{names:?}: {end}"));
        if outcome.is_ok() {
            self.look_at(&before, &sent);
        }
    }

    /// Panics where something is not as it should be.
    fn look_at(&self, before: &Before, sent: &[Instruction]) {
        let network = &self.base.network;
        if let Some(wrong) = before.compare(network, sent, self.tainted) {
            panic!("{wrong}");
        }
        match self.tainted {
            false => network.check_balances(),
            true => network.check_conservation(),
        }
    }
}
