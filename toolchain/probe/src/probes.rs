//! The probes. `black_box` keeps the compiler from computing results itself.

use std::collections::HashMap;
use std::fmt::Write;
use std::hint::black_box;

/// Two 128-bit operands, each operation on them: sum, difference, product, quotient, remainder,
/// shifts by the second's low 7 bits, then signed quotient, remainder and shift, then one byte
/// each for whether sum, product and signed product overflow, and how they compare.
pub fn arithmetic(operands: &[u8]) -> Option<Vec<u8>> {
    let (a, b) = pair(operands)?;
    let (signed_a, signed_b) = (a as i128, b as i128);
    let shift = (b as u32) & 127;
    let mut results = Vec::with_capacity(200);
    for result in [
        a.wrapping_add(b),
        a.wrapping_sub(b),
        a.wrapping_mul(b),
        a.checked_div(b).unwrap_or_default(),
        a.checked_rem(b).unwrap_or_default(),
        a.wrapping_shl(shift),
        a.wrapping_shr(shift),
        signed_a.checked_div(signed_b).unwrap_or_default() as u128,
        signed_a.checked_rem(signed_b).unwrap_or_default() as u128,
        signed_a.wrapping_shr(shift) as u128,
    ] {
        results.extend(result.to_le_bytes());
    }
    results.extend([
        u8::from(a.checked_add(b).is_none()),
        u8::from(a.checked_mul(b).is_none()),
        u8::from(signed_a.checked_mul(signed_b).is_none()),
        a.cmp(&b) as i8 as u8,
        signed_a.cmp(&signed_b) as i8 as u8,
    ]);
    Some(results)
}

/// Two 64-bit operands, their sum by a plain `+`, which must stop the program when it overflows.
pub fn sum(operands: &[u8]) -> Option<Vec<u8>> {
    let (a, b) = operands.split_at_checked(8)?;
    let sum = u64::from_le_bytes(a.try_into().ok()?) + u64::from_le_bytes(b.try_into().ok()?);
    Some(sum.to_le_bytes().to_vec())
}

/// Nine 64-bit operands passed to one function, which mixes them so that each place counts.
pub fn nine_arguments(operands: &[u8]) -> Option<Vec<u8>> {
    let mut arguments = [0; 9];
    let mut chunks = operands.chunks_exact(8);
    for argument in &mut arguments {
        *argument = u64::from_le_bytes(chunks.next()?.try_into().ok()?);
    }
    let [a, b, c, d, e, f, g, h, i] = arguments;
    // Called through a pointer that the compiler can't see through, so that the call stays.
    let function: MixNine = black_box(mix_nine);
    let mixed = function(a, b, c, d, e, f, g, h, i);
    Some(mixed.into_iter().flat_map(u64::to_le_bytes).collect())
}

type MixNine = fn(u64, u64, u64, u64, u64, u64, u64, u64, u64) -> [u64; 4];

/// Returns more than registers hold, so that the result's own pointer is a tenth argument.
#[inline(never)]
#[allow(clippy::too_many_arguments)]
fn mix_nine(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64, i: u64) -> [u64; 4] {
    let folded = [a, b, c, d, e, f, g, h, i]
        .into_iter()
        .fold(0, |sum: u64, part| {
            sum.wrapping_mul(31).wrapping_add(black_box(part))
        });
    [folded, a ^ i, f.wrapping_sub(g), h]
}

/// Counts the operands' bytes in a hash map and writes the counts by the formatting machinery.
pub fn standard_library(operands: &[u8]) -> Option<Vec<u8>> {
    let mut counts = HashMap::new();
    for byte in operands {
        *counts.entry(*byte).or_insert(0_u32) += 1;
    }
    let mut sorted: Vec<_> = counts.into_iter().collect();
    sorted.sort_unstable();
    let mut text = String::new();
    for (byte, count) in sorted {
        write!(text, "{byte:02x}={count} ").ok()?;
    }
    Some(text.into_bytes())
}

/// Two 128-bit operands, their quotient and nothing else, to see what a division costs.
pub fn quotient(operands: &[u8]) -> Option<Vec<u8>> {
    let (a, b) = pair(operands)?;
    Some(a.checked_div(b)?.to_le_bytes().to_vec())
}

fn pair(operands: &[u8]) -> Option<(u128, u128)> {
    let (a, b) = operands.split_at_checked(16)?;
    let a = u128::from_le_bytes(a.try_into().ok()?);
    let b = u128::from_le_bytes(b.try_into().ok()?);
    Some((black_box(a), black_box(b)))
}
