//! Coverage of the program's bytecode: which instructions ran and which instruction followed.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// Largest number of instructions of a program.
const MAX_INSTRUCTIONS: usize = 1 << 19;
/// Size of an instruction, bytes.
const INSTRUCTION: usize = 8;

/// For each instruction with more than one successor (conditional jumps, calls and returns), two
/// counters: how often the next instruction followed, and how often another one. Straight-line code is
/// not counted because it adds cost and no information. libFuzzer finds the counters by the section's
/// name, reads them after each input, and clears them.
#[allow(
    unsafe_code,
    reason = "libFuzzer looks for its counters in this section"
)]
#[unsafe(link_section = "__libfuzzer_extra_counters")]
static EDGES: [AtomicU8; 2 * MAX_INSTRUCTIONS] = [const { AtomicU8::new(0) }; 2 * MAX_INSTRUCTIONS];

/// Successors of each instruction since the process started: one bit for the next instruction, one for
/// any other.
static RAN: [AtomicU8; MAX_INSTRUCTIONS] = [const { AtomicU8::new(0) }; MAX_INSTRUCTIONS];

static TEXT: OnceLock<Vec<u8>> = OnceLock::new();

/// Records that the program with the bytecode `text` ran the instructions with these numbers, in their
/// order.
pub fn record(text: &[u8], numbers: impl Iterator<Item = usize>) {
    TEXT.get_or_init(|| {
        let fits = text.len() / INSTRUCTION <= MAX_INSTRUCTIONS;
        assert!(fits, "more instructions than counters");
        text.to_vec()
    });
    let mut numbers = numbers.peekable();
    while let Some(number) = numbers.next() {
        let jumped = numbers.peek().is_some_and(|next| *next != number + 1);
        let ways = RAN[number].load(Ordering::Relaxed);
        RAN[number].store(ways | 1 << u8::from(jumped), Ordering::Relaxed);
        if jumped || is_conditional(text[INSTRUCTION * number]) {
            let edge = &EDGES[2 * number + usize::from(jumped)];
            let count = edge.load(Ordering::Relaxed);
            edge.store(count.saturating_add(1), Ordering::Relaxed);
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub hit: usize,
    pub all: usize,
}

impl Share {
    fn count(&mut self, hit: bool) {
        self.hit += usize::from(hit);
        self.all += 1;
    }

    pub fn percent(&self) -> f64 {
        100.0 * self.hit as f64 / self.all.max(1) as f64
    }
}

/// The coverage of the bytecode since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    pub instructions: Share,
    /// The two edges of each conditional jump.
    pub branches: Share,
}

pub fn covered() -> Covered {
    let mut covered = Covered::default();
    let text = TEXT.get().map_or(&[][..], Vec::as_slice);
    let mut second_half = false;
    for (number, instruction) in text.chunks(INSTRUCTION).enumerate() {
        if std::mem::take(&mut second_half) {
            continue;
        }
        let ways = RAN[number].load(Ordering::Relaxed);
        covered.instructions.count(ways > 0);
        match instruction[0] {
            LOAD_WIDE => second_half = true,
            operation if is_conditional(operation) => {
                covered.branches.count(ways & 1 > 0);
                covered.branches.count(ways & 2 > 0);
            }
            _ => {}
        }
    }
    covered
}

/// The only instruction that takes two slots.
const LOAD_WIDE: u8 = 0x18;

fn is_conditional(operation: u8) -> bool {
    const CLASS: u8 = 0x07;
    const JUMP: u8 = 0x05;
    const JUMP_32: u8 = 0x06;
    const ALWAYS: u8 = 0x05;
    const CALL: u8 = 0x85;
    const CALL_REGISTER: u8 = 0x8d;
    const EXIT: u8 = 0x95;
    const SYSCALL: u8 = 0x9d;
    let jumps = matches!(operation & CLASS, JUMP | JUMP_32);
    jumps && !matches!(operation, ALWAYS | CALL | CALL_REGISTER | EXIT | SYSCALL)
}
