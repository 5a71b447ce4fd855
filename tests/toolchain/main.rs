//! Checks the toolchain that built the program: 128-bit arithmetic, overflow checks, calls with more
//! arguments than registers, and the standard library. A broken part of the toolchain fails here by
//! name, before it shows up as a wrong balance.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use litesvm::LiteSVM;
use litesvm::types::{FailedTransactionMetadata, TransactionMetadata};
use proptest::prelude::*;
use sbf_builtins::arithmetic;
use solana_sdk::instruction::Instruction;
use solana_sdk::message::Message;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;
use solana_sdk::transaction::Transaction;

/// Numbers around which carries, signs, limbs and normalizing shifts change.
const EDGES: [u128; 22] = [
    0,
    1,
    2,
    3,
    7,
    10,
    63,
    64,
    0xffff_ffff,
    0x1_0000_0000,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
    0x1_0000_0000_0000_0000,
    0x1_0000_0000_0000_0001,
    0x7fff_ffff_8000_0000_0000_0000,
    0xffff_ffff_0000_0000_ffff_ffff,
    0x8000_0000_0000_0000_0000_0000_0000_0000,
    0x8000_0000_0000_0000_ffff_ffff_ffff_ffff,
    0x7fff_ffff_ffff_ffff_ffff_ffff_ffff_ffff,
    u128::MAX - 1,
    u128::MAX,
];

/// The built probe program in a virtual machine.
struct Probe {
    machine: LiteSVM,
    program: Pubkey,
    payer: Keypair,
}

impl Probe {
    fn load() -> Self {
        let path = std::env::var_os("MILLRACE_PROBE_SO").map(PathBuf::from).expect(
            "MILLRACE_PROBE_SO is not set. Run `make test`, or toolchain/sbf/build-probe.sh and set it to the file that this built.",
        );
        let bytes = std::fs::read(&path).unwrap_or_else(|error| {
            panic!(
                "could not read the probe {}: {error}. Run toolchain/sbf/build-probe.sh first.",
                path.display()
            )
        });
        let mut machine = LiteSVM::new();
        let (program, payer) = (Pubkey::new_unique(), Keypair::new());
        machine.add_program(program, &bytes).unwrap();
        machine.airdrop(&payer.pubkey(), 1_000_000_000).unwrap();
        Self {
            machine,
            program,
            payer,
        }
    }

    fn run(
        &mut self,
        probe: u8,
        operands: &[u8],
    ) -> Result<TransactionMetadata, Box<FailedTransactionMetadata>> {
        let data = [&[probe], operands].concat();
        let instruction = Instruction::new_with_bytes(self.program, &data, vec![]);
        let message = Message::new(&[instruction], Some(&self.payer.pubkey()));
        // A new blockhash, because running the probe twice would be a duplicate transaction.
        self.machine.expire_blockhash();
        let transaction =
            Transaction::new(&[&self.payer], message, self.machine.latest_blockhash());
        self.machine.send_transaction(transaction).map_err(Box::new)
    }

    fn answer(&mut self, probe: u8, operands: &[u8]) -> Vec<u8> {
        self.run(probe, operands).unwrap().return_data.data
    }
}

fn operands(a: u128, b: u128) -> Vec<u8> {
    [a.to_le_bytes(), b.to_le_bytes()].concat()
}

/// The host's results of the probe's arithmetic, in the probe's layout.
fn expected_arithmetic(a: u128, b: u128) -> Vec<u8> {
    let (signed_a, signed_b) = (a as i128, b as i128);
    let shift = (b as u32) & 127;
    let mut expected: Vec<u8> = [
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
    ]
    .into_iter()
    .flat_map(u128::to_le_bytes)
    .collect();
    expected.extend([
        u8::from(a.checked_add(b).is_none()),
        u8::from(a.checked_mul(b).is_none()),
        u8::from(signed_a.checked_mul(signed_b).is_none()),
        a.cmp(&b) as i8 as u8,
        signed_a.cmp(&signed_b) as i8 as u8,
    ]);
    // Return data has no trailing zeros.
    while expected.last() == Some(&0) {
        expected.pop();
    }
    expected
}

#[test]
fn arithmetic_with_128_bits_matches_the_host_at_its_edges() {
    let mut probe = Probe::load();
    for a in EDGES {
        for b in EDGES {
            let mut answer = probe.answer(0, &operands(a, b));
            while answer.last() == Some(&0) {
                answer.pop();
            }
            assert_eq!(answer, expected_arithmetic(a, b), "{a:#x} and {b:#x}");
        }
    }
}

#[test]
fn division_with_128_bits_costs_few_compute_units() {
    let mut probe = Probe::load();
    let idle = probe.run(3, &[]).unwrap().compute_units_consumed;
    for (a, b) in [
        (u128::MAX, 3),
        (u128::MAX, u128::from(u64::MAX)),
        (u128::MAX - 1, (1 << 64) + 1),
        (u128::MAX, u128::MAX >> 1),
    ] {
        let used = probe
            .run(4, &operands(a, b))
            .unwrap()
            .compute_units_consumed;
        assert!(
            used < idle + 1_000,
            "{a:#x} / {b:#x} took {used} compute units, and doing nothing {idle}"
        );
    }
}

#[test]
fn overflowing_sum_fails_the_transaction() {
    let mut probe = Probe::load();
    let sum = |a: u64, b: u64| [a.to_le_bytes(), b.to_le_bytes()].concat();
    let fits = probe.answer(1, &sum(u64::MAX - 1, 1));
    assert_eq!(fits, u64::MAX.to_le_bytes());

    let failed = probe.run(1, &sum(u64::MAX, 1)).unwrap_err();
    assert!(
        failed
            .meta
            .logs
            .iter()
            .any(|line| line.contains("panicked")),
        "failed for another reason than the overflow: {:?}",
        failed.meta.logs
    );
}

#[test]
fn function_with_nine_arguments_receives_each_in_order() {
    let mut probe = Probe::load();
    let arguments: [u64; 9] = [
        0x0101_0101_0101_0101,
        2,
        u64::MAX,
        4,
        0x8000_0000_0000_0000,
        6,
        0x0123_4567_89ab_cdef,
        8,
        0xfedc_ba98_7654_3210,
    ];
    let [a, .., f, g, h, i] = arguments;
    let folded = arguments
        .iter()
        .fold(0, |sum: u64, part| sum.wrapping_mul(31).wrapping_add(*part));
    let expected: Vec<u8> = [folded, a ^ i, f.wrapping_sub(g), h]
        .into_iter()
        .flat_map(u64::to_le_bytes)
        .collect();

    let sent: Vec<u8> = arguments.into_iter().flat_map(u64::to_le_bytes).collect();
    let mut answer = probe.answer(2, &sent);
    answer.resize(expected.len(), 0);
    assert_eq!(answer, expected);
}

#[test]
fn hash_maps_and_formatting_work_on_chain() {
    let answer = Probe::load().answer(3, b"millrace");
    assert_eq!(
        String::from_utf8(answer).unwrap(),
        "61=1 63=1 65=1 69=1 6c=2 6d=1 72=1 "
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn builtins_multiply_and_divide_like_the_host(a in wide(), b in wide()) {
        prop_assert_eq!(arithmetic::multiply(a, b), a.wrapping_mul(b));
        if b != 0 {
            prop_assert_eq!(arithmetic::divide(a, b), (a / b, a % b));
            let (a, b) = (a as i128, b as i128);
            prop_assert_eq!(
                arithmetic::divide_signed(a, b),
                (a.wrapping_div(b), a.wrapping_rem(b))
            );
        }
    }
}

/// Numbers of every length and numbers around the edges. Uniform numbers would nearly all be long.
fn wide() -> impl Strategy<Value = u128> {
    prop_oneof![
        (any::<u128>(), 0..128_u32).prop_map(|(number, shift)| number >> shift),
        (0..EDGES.len(), -2..=2_i8).prop_map(|(edge, by)| EDGES[edge].wrapping_add(by as u128)),
        (0..EDGES.len(), 0..128_u32).prop_map(|(edge, shift)| EDGES[edge].wrapping_shl(shift)),
    ]
}
