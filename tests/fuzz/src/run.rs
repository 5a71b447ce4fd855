//! Runs an input: a start state, then transactions, until the bytes or the steps are used up.

use super::actions::action;
use super::attacker;
use super::base::{Base, COUNT, with_base};
use super::checks::{Classified, classify};
use super::choices::Choices;
use super::counts::{RunCounts, instruction_name};
use super::invariants::Before;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

const MAX_STEPS: usize = 24;
/// Seconds that may pass in one step: windows, epochs, unbonding times, and the instants around them.
const JUMPS: [i64; 16] = [
    1, 10, 19, 20, 21, 29, 30, 59, 60, 61, 90, 120, 3_600, 86_400, 604_799, 604_800,
];

/// Runs an input. `log` receives a line for each step.
///
/// # Panics
///
/// Panics if the program violated an invariant.
pub fn run(bytes: &[u8], log: &mut dyn FnMut(&str)) -> RunCounts {
    let mut choices = Choices::new(bytes);
    let case = choices.below(COUNT);
    with_base(case, |base| {
        log(&format!("start state: {}", base.name));
        let mut run = Run {
            base,
            choices,
            log,
            counts: RunCounts::default(),
            tainted: false,
            forged: Vec::new(),
            pending: Vec::new(),
        };
        for _ in 0..MAX_STEPS {
            if run.choices.is_over() {
                break;
            }
            run.step();
        }
        run.send();
        run.counts
    })
}

struct Run<'a, 'b> {
    base: &'a mut Base,
    choices: Choices<'a>,
    log: &'a mut (dyn FnMut(&str) + 'b),
    counts: RunCounts,
    /// Whether the attacker has overwritten accounts of the program.
    tainted: bool,
    /// Accounts that the attacker created.
    forged: Vec<Pubkey>,
    /// Instructions that share a transaction with those that follow.
    pending: Vec<Instruction>,
}

impl Run<'_, '_> {
    fn step(&mut self) {
        const KIND: u8 = 0b1111;
        const TOGETHER: u8 = 0b1_0000;
        let byte = self.choices.byte();
        let instructions = match byte & KIND {
            0..=3 => Some(self.base.instructions.clone()),
            4..=11 => action(self.base, &mut self.choices),
            kind => return self.apply_event(kind),
        };
        let Some(mut instructions) = instructions else {
            return;
        };
        // A quarter of the instructions is not changed; most of the others are changed once.
        for _ in 0..[0, 0, 1, 1, 1, 2, 2, 3][usize::from(byte >> 5)] {
            let at = if self.choices.rarely(8) {
                0
            } else {
                instructions.len() - 1
            };
            let (base, choices) = (&*self.base, &mut self.choices);
            let changed = attacker::change(base, &self.forged, &mut instructions[at], choices);
            (self.log)(&changed);
        }
        self.pending.extend(instructions);
        if byte & TOGETHER == 0 {
            self.send();
        }
    }

    /// An event other than a transaction: time passes, or accounts are created, overwritten or funded.
    fn apply_event(&mut self, kind: u8) {
        self.send();
        let description = match kind {
            12 => {
                let seconds = JUMPS[self.choices.below(JUMPS.len())];
                self.base.network.warp(seconds);
                format!("{seconds} seconds pass")
            }
            13 => {
                let slots = 1 + self.choices.below(64) as u64;
                self.base.network.machine.advance_slots(slots, 3);
                format!("{slots} slots pass")
            }
            14 => attacker::forge(self.base, &mut self.forged, &mut self.choices),
            _ if self.choices.rarely(2) => {
                self.tainted = true;
                attacker::corrupt(self.base, &mut self.choices)
            }
            _ => self.donate(),
        };
        (self.log)(&description);
    }

    /// Donates tokens to a token account, which anyone can do.
    fn donate(&mut self) -> String {
        const TOKEN_ACCOUNT: usize = 165;
        const STATE: usize = 108;
        let to = attacker::any(self.base, &[], &mut self.choices);
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

    /// Sends the pending instructions as one transaction and checks the result.
    fn send(&mut self) {
        let mut sent = std::mem::take(&mut self.pending);
        if sent.is_empty() {
            return;
        }
        // Only keys of known signers can sign.
        for meta in sent
            .iter_mut()
            .flat_map(|instruction| &mut instruction.accounts)
        {
            meta.is_signer &= self.base.signers.contains(&meta.pubkey);
        }
        let before = Before::read(&self.base.network, self.tainted);
        let Some(outcome) = self.base.network.machine.send_unsigned(&sent) else {
            return;
        };
        let names: Vec<&str> = sent
            .iter()
            .filter(|it| it.program_id == millrace_client::pda::PROGRAM)
            .map(|it| instruction_name(&it.data))
            .collect();
        self.counts.transactions += 1;
        let (end, counts) = match classify(&outcome, self.tainted) {
            Classified::Fault(fault) => panic!("{names:?} is at fault: {fault}"),
            Classified::Done => ("done".to_owned(), &mut self.counts.done),
            Classified::Refused(reason) => {
                *self.counts.reasons.entry(reason.clone()).or_default() += 1;
                (reason, &mut self.counts.refused)
            }
        };
        for name in &names {
            *counts.entry(name).or_default() += 1;
        }
        (self.log)(&format!("{names:?}: {end}"));
        if outcome.is_ok() {
            self.check(&before, &sent);
        }
    }

    /// Panics if an invariant is violated.
    fn check(&self, before: &Before, sent: &[Instruction]) {
        let network = &self.base.network;
        if let Some(wrong) = before.compare(network, sent, self.tainted) {
            panic!("{wrong}");
        }
        if self.tainted {
            network.check_conservation();
        } else {
            network.check_balances();
        }
    }
}
