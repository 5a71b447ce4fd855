//! What each instruction costs in compute units, and how large the program is.

use super::fixture::{Answer, Market, RIGHT, Setup, WRONG, program_bytes};
use millrace_chain::address::PROGRAM;
use std::collections::BTreeMap;

/// What an instruction may use where its transaction asks for no more.
const DEFAULT_LIMIT: u64 = 200_000;
/// Every instruction of the program.
const INSTRUCTIONS: [&str; 16] = [
    "assign_seats",
    "cancel_job",
    "claim_earnings",
    "close_job",
    "expire_job",
    "expire_seat",
    "initialize_network",
    "open_client",
    "open_treasury",
    "post_job",
    "record_commitments",
    "record_reveals",
    "register_orchestrator",
    "register_provider",
    "settle_shard",
    "stake",
];

/// `SettleShard` as `settle_shard`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// The instructions of the program that a transaction carried, with the units that each took, read
/// from its logs.
fn costs(logs: &[String]) -> Vec<(String, u64)> {
    let invoked = format!("Program {PROGRAM} invoke [1]");
    let consumed = format!("Program {PROGRAM} consumed ");
    let succeeded = format!("Program {PROGRAM} success");
    let (mut found, mut name, mut units) = (Vec::new(), None, 0);
    let mut depth = 0;
    for line in logs {
        if *line == invoked {
            (name, depth) = (None, 1);
        } else if line.starts_with(&format!("Program {PROGRAM} invoke")) {
            depth += 1;
        } else if let Some(named) = line.strip_prefix("Program log: Instruction: ") {
            // Those that come later are other programs' that this one calls.
            name.get_or_insert_with(|| snake(named));
        } else if let Some(rest) = line.strip_prefix(&consumed) {
            units = rest.split(' ').next().unwrap().parse().unwrap();
        } else if *line == succeeded {
            depth -= 1;
            if depth == 0 {
                found.extend(name.take().map(|name| (name, units)));
            }
        }
    }
    found
}

/// The dearest of each instruction in a job of `answers`, with a second one that is cancelled and a
/// third that expires.
fn measure(answers: &[(usize, Answer)], quorum: u8) -> BTreeMap<String, u64> {
    let seats = answers.len() as u8;
    let mut market = Setup {
        workers: answers.len(),
        one_mint: true,
        ..Setup::default()
    }
    .build();
    let terms = |t: &mut millrace_program::PostJobArgs| {
        (t.replicas, t.quorum, t.max_replicas) = (seats, quorum, seats);
    };
    let job = market.posted(terms);
    market.answered(&job, 0, answers);
    market.settle(&job, 0).unwrap();
    market.close(&job, &[0]).unwrap();
    market.claim_earnings(answers.len() - 1).unwrap();
    let cancelled = market.posted(terms);
    market.cancel(&cancelled).unwrap();
    let expiring = market.posted(|t| {
        terms(t);
        t.shards = 2;
    });
    market.assign(&expiring, 0, &[0]).unwrap();
    market.warp(60);
    market.expire_seat(&expiring, 0, 0).unwrap();
    market.warp(3_600);
    market.expire_job(&expiring).unwrap();
    dearest(&market)
}

fn dearest(market: &Market) -> BTreeMap<String, u64> {
    let mut dearest = BTreeMap::new();
    let each = market.machine.landed.iter();
    for (name, units) in each.flat_map(|meta| costs(&meta.logs)) {
        let most = dearest.entry(name).or_insert(0);
        *most = units.max(*most);
    }
    dearest
}

#[test]
fn every_instruction_fits_the_limit_that_a_transaction_has_unasked() {
    let one = measure(&[(0, RIGHT)], 1);
    let three = measure(&[(0, RIGHT), (1, RIGHT), (2, RIGHT)], 2);
    let most = [(0, WRONG), (1, RIGHT), (2, WRONG), (3, RIGHT), (4, RIGHT)];
    let five = measure(&most, 3);

    for costs in [&one, &three, &five] {
        assert_eq!(costs.keys().collect::<Vec<_>>(), INSTRUCTIONS.each_ref());
        for (name, units) in costs {
            assert!(*units > 0 && *units <= DEFAULT_LIMIT, "{name}: {units}");
        }
    }

    let Some(path) = std::env::var_os("MILLRACE_CU_OUT") else {
        return;
    };
    let line = |name: String, value: u64, unit: &str| {
        let line = serde_json::json!({"name": name, "value": value, "unit": unit});
        format!("{line}\n")
    };
    let mut lines = String::new();
    for (suffix, costs) in [("", &three), (".k1", &one), (".k5_two_wrong", &five)] {
        for (name, units) in costs {
            // Most instructions cost the same whatever the seats.
            if suffix.is_empty() || three[name] != *units {
                lines += &line(format!("chain.cu.{name}{suffix}"), *units, "cu");
            }
        }
    }
    let size = program_bytes().len() as u64;
    lines += &line("chain.program_bytes".to_owned(), size, "bytes");
    std::fs::write(path, lines).unwrap();
}
