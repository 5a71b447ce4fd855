//! Which instructions of the program's bytecode ran, and how they went on.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// Most instructions of a program.
const MOST: usize = 1 << 19;
/// Bytes of an instruction.
const INSTRUCTION: usize = 8;

/// For each instruction that can go on in more than one way, how often the next one followed, and how
/// often another: the two edges of a conditional jump, calls and returns. What runs straight on tells
/// nothing new and would only cost time. libFuzzer finds the counters by the section's name, reads them
/// after each input, and clears them.
#[allow(
    unsafe_code,
    reason = "libFuzzer looks for its counters in this section"
)]
#[unsafe(link_section = "__libfuzzer_extra_counters")]
static EDGES: [AtomicU8; 2 * MOST] = [const { AtomicU8::new(0) }; 2 * MOST];

/// Which ways each instruction went on since the process began: a bit for the next one, a bit for
/// another.
static RAN: [AtomicU8; MOST] = [const { AtomicU8::new(0) }; MOST];

/// The program's bytecode.
static TEXT: OnceLock<Vec<u8>> = OnceLock::new();

/// Notes that the program whose bytecode is `text` ran the instructions with these numbers, in their
/// order.
pub fn record(text: &[u8], numbers: impl Iterator<Item = usize>) {
    TEXT.get_or_init(|| {
        let fits = text.len() / INSTRUCTION <= MOST;
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

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// That were hit.
    pub hit: usize,
    /// That there are.
    pub all: usize,
}

impl Share {
    fn count(&mut self, hit: bool) {
        self.hit += usize::from(hit);
        self.all += 1;
    }

    /// In hundredths.
    pub fn percent(&self) -> f64 {
        100.0 * self.hit as f64 / self.all.max(1) as f64
    }
}

/// What of the program's bytecode ran since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    /// Instructions.
    pub instructions: Share,
    /// The two ways on from each conditional jump.
    pub branches: Share,
}

/// What was covered.
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

/// The only instruction of two halves.
const LOAD_WIDE: u8 = 0x18;

/// Whether an instruction jumps under a condition.
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
