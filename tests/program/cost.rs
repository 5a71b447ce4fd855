//! Compute units of each instruction, compared with a committed table, and the cost of a whole job.

use millrace_client::instructions;
use millrace_client::pda::PROGRAM;
use millrace_fixture::{
    Answer, Landed, PARAMETERS, RIGHT, Setup, TestNetwork, WRONG, key, program_bytes,
};
use millrace_program::PostJobArgs;
use millrace_program::state::Mode;
use millrace_protocol::hash::sha256;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Compute units of an instruction whose transaction requests no limit.
const DEFAULT_LIMIT: u64 = 200_000;
/// Allowed difference from the table, percent.
const TOLERANCE: u64 = 2;
const INSTRUCTIONS: [&str; 42] = [
    "accept_authority",
    "acknowledge_delivery",
    "assign_seats",
    "bank_rewards",
    "bond",
    "cancel_job",
    "challenge_shard",
    "claim_earnings",
    "claim_rewards",
    "close_epoch",
    "close_job",
    "decline_seat",
    "deregister",
    "draw_audit",
    "expire_job",
    "expire_seat",
    "fund_rewards",
    "initialize_network",
    "open_bucket",
    "open_client",
    "open_rewards",
    "pause",
    "post_job",
    "propose_authority",
    "record_commitments",
    "record_reveals",
    "register_orchestrator",
    "register_provider",
    "request_unstake",
    "resume",
    "retire_orchestrator",
    "reveal_seats",
    "rotate_operator",
    "seed_job",
    "set_parameters",
    "set_pauser",
    "settle_shard",
    "stake",
    "update_provider",
    "withdraw_bond",
    "withdraw_stake",
    "withdraw_treasury",
];

type Costs = BTreeMap<String, u64>;

fn name_of(data: &[u8]) -> &'static str {
    let begins = |name: &&&str| data.starts_with(&sha256(&[b"global:", name.as_bytes()])[..8]);
    INSTRUCTIONS.iter().find(begins).unwrap()
}

/// The program's instructions in a transaction, with their compute units.
fn costs(landed: &Landed) -> Vec<(&'static str, u64)> {
    let own = landed.instructions.iter();
    let own = own.filter(|instruction| instruction.program_id == PROGRAM);
    let (mut depth, mut units) = (0, Vec::new());
    let consumed = format!("Program {PROGRAM} consumed ");
    for line in &landed.meta.logs {
        if line.starts_with(&format!("Program {PROGRAM} invoke")) {
            depth += 1;
        } else if *line == format!("Program {PROGRAM} success") {
            depth -= 1;
        } else if let Some(rest) = line.strip_prefix(&consumed).filter(|_| depth == 1) {
            units.push(rest.split(' ').next().unwrap().parse().unwrap());
        }
    }
    own.map(|instruction| name_of(&instruction.data))
        .zip(units)
        .collect()
}

/// The highest cost of each instruction since `from`.
fn highest_costs(network: &TestNetwork, from: usize) -> Costs {
    let mut highest_costs = Costs::new();
    for (name, units) in network.machine.landed[from..].iter().flat_map(costs) {
        let most = highest_costs.entry(name.to_owned()).or_insert(0);
        *most = units.max(*most);
    }
    highest_costs
}

fn seats(count: u8, quorum: u8) -> impl Fn(&mut PostJobArgs) {
    move |terms| (terms.replicas, terms.quorum, terms.max_replicas) = (count, quorum, count)
}

/// A job of one shard, from posting to closing.
fn path(answers: &[(usize, Answer)], quorum: u8, one_mint: bool) -> (Costs, TestNetwork) {
    let mut network = Setup {
        workers: answers.len(),
        one_mint,
        ..Setup::default()
    }
    .build();
    let from = network.machine.landed.len();
    let job = network.post_with(seats(answers.len() as u8, quorum));
    network.run_seats(&job, 0, answers);
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    (highest_costs(&network, from), network)
}

/// All other instructions, once each.
fn others() -> Costs {
    let mut network = Setup {
        workers: 4,
        ..Setup::default()
    }
    .build();
    network.fund_rewards(1_000_000);
    network.machine.advance_slots(600, 3);
    unpaid_ends(&mut network);
    reviews(&mut network);
    exits(&mut network);
    administration(&mut network);
    highest_costs(&network, 0)
}

/// Jobs that end without payment.
fn unpaid_ends(network: &mut TestNetwork) {
    let cancelled = network.post_with(|_| ());
    network.cancel(&cancelled).unwrap();
    let expiring = network.post_with(|t| t.shards = 2);
    network.assign(&expiring, 0, &[0, 1]).unwrap();
    network.decline(&expiring, 0, 1).unwrap();
    network.warp(60);
    network.expire_seat(&expiring, 0, 0).unwrap();
    network.warp(3_600);
    network.expire_job(&expiring).unwrap();
}

/// A seed, an audit, a challenge, and an acknowledged output.
fn reviews(network: &mut TestNetwork) {
    let audited = network.post_with(|t| {
        (t.mode, t.audit_bps) = (Mode::Audit, 10_000);
        (t.replicas, t.quorum, t.max_replicas) = (1, 2, 3);
    });
    network.machine.advance_slots(20, 3);
    network.seed_job(&audited).unwrap();
    network.assign(&audited, 0, &[0]).unwrap();
    network.commit(&audited, 0, &[(0, RIGHT)]).unwrap();
    network.machine.advance_slots(20, 3);
    network.draw_audit(&audited, 0).unwrap();
    let challenged = network.post_with(|t| {
        (t.mode, t.challenge_secs) = (Mode::Challenge, 120);
        (t.replicas, t.quorum, t.max_replicas) = (1, 2, 3);
    });
    network.run_seats(&challenged, 0, &[(1, RIGHT)]);
    let owner = network.owner.insecure_clone();
    network.challenge(&challenged, 0, &owner).unwrap();
    network.run_seats(&challenged, 0, &[(2, RIGHT), (3, RIGHT)]);
    network.settle(&challenged, 0).unwrap();
    let ignored = network.post_with(seats(1, 1));
    network.assign(&ignored, 0, &[1]).unwrap();
    network.commit(&ignored, 0, &[(1, RIGHT)]).unwrap();
    network
        .reveal_by_anyone(&ignored, 0, &[(1, RIGHT)])
        .unwrap();
    network.acknowledge(&ignored, 0, 1).unwrap();
    network.settle(&ignored, 0).unwrap();
}

/// A provider that withdraws everything.
fn exits(network: &mut TestNetwork) {
    network.claim_earnings(1).unwrap();
    network.close_and_bank(1, 0);
    network.claim_rewards(1).unwrap();
    network.request_unstake(1, 100_000).unwrap();
    network.warp(7 * 86_400);
    network.withdraw_stake(1).unwrap();
    network.deregister(1).unwrap();
    let worker = network.workers.remove(1);
    let cold = network.workers[1].authority.insecure_clone();
    let offer = millrace_fixture::offer(worker.operator.pubkey()).offer;
    let changes = [
        instructions::update_provider(cold.pubkey(), offer),
        instructions::rotate_operator(cold.pubkey(), worker.operator.pubkey()),
    ];
    network.machine.send(&changes, &[&cold]).unwrap();
}

/// Instructions of the authority.
fn administration(network: &mut TestNetwork) {
    let (own, next) = (network.authority.insecure_clone(), key(6));
    let mints = network.mints;
    let token_account = mints.payment_account(&network.owner.pubkey());
    let orchestrator = network.orchestrator.pubkey();
    let of_stake = (&mints.stake, 1_000);
    network.machine.open_wallet(&orchestrator, mints, of_stake);
    let key = network.orchestrator.insecure_clone();
    let bond = instructions::bond(orchestrator, &orchestrator, mints, 1_000);
    network.machine.send(&[bond], &[&key]).unwrap();
    let jobs = network.machine.program_accounts();
    let fees = |index: &u8| {
        let treasury = millrace_client::pda::treasury(&mints.payment, *index);
        network.machine.tokens(&treasury) > 0
    };
    assert!(!jobs.is_empty());
    let bucket = (0..8).find(fees).unwrap();
    let actions = [
        instructions::withdraw_treasury(own.pubkey(), mints, bucket, token_account, 1),
        instructions::set_parameters(own.pubkey(), PARAMETERS),
        instructions::pause(own.pubkey()),
        instructions::resume(own.pubkey()),
        instructions::set_pauser(own.pubkey(), next.pubkey()),
        instructions::retire_orchestrator(own.pubkey(), &orchestrator),
        instructions::propose_authority(own.pubkey(), next.pubkey()),
    ];
    for action in actions {
        network.machine.send(&[action], &[&own]).unwrap();
    }
    network.warp(7 * 86_400);
    let withdraw = instructions::withdraw_bond(&orchestrator, own.pubkey(), mints);
    network.machine.send(&[withdraw], &[]).unwrap();
    let accept = instructions::accept_authority(next.pubkey());
    network.machine.send(&[accept], &[&next]).unwrap();
}

const ONE: [(usize, Answer); 1] = [(0, RIGHT)];
const THREE: [(usize, Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];
const WORST: [(usize, Answer); 5] = [(0, WRONG), (1, RIGHT), (2, WRONG), (3, RIGHT), (4, RIGHT)];

/// All costs by figure.
fn measured() -> Costs {
    let mut all = Costs::new();
    let paths = [
        (".k1", path(&ONE, 1, false).0),
        (".k3", path(&THREE, 2, false).0),
        (".k5_two_wrong", path(&WORST, 3, true).0),
    ];
    for (suffix, costs) in paths {
        let whole = costs.values().sum();
        all.extend(
            costs
                .iter()
                .map(|(name, units)| (format!("{name}{suffix}"), *units)),
        );
        all.insert(format!("path{suffix}"), whole);
    }
    for (name, units) in others() {
        all.entry(name).or_insert(units);
    }
    all
}

fn table_file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("compute-units.tsv")
}

#[test]
fn compute_units_match_the_table() {
    let measured = measured();
    for name in INSTRUCTIONS {
        let alone = measured.contains_key(name) || measured.contains_key(&format!("{name}.k3"));
        assert!(alone, "{name} is not measured");
    }
    for (name, units) in measured
        .iter()
        .filter(|(name, _)| !name.starts_with("path"))
    {
        assert!(*units > 0 && *units <= DEFAULT_LIMIT, "{name}: {units}");
    }
    let table: String = measured
        .iter()
        .map(|(name, units)| format!("{name}\t{units}\n"))
        .collect();
    if std::env::var_os("MILLRACE_CU_UPDATE").is_some() {
        std::fs::write(table_file(), &table).unwrap();
    }
    let committed = std::fs::read_to_string(table_file()).unwrap();
    let committed: Costs = committed
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, units)| (name.to_owned(), units.parse().unwrap()))
        .collect();
    let names = |costs: &Costs| costs.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&measured), names(&committed), "run `make costs`");
    for (name, units) in &measured {
        let expected = committed[name];
        let off = units.abs_diff(expected) * 100 > expected * TOLERANCE;
        assert!(
            !off,
            "{name}: {units}, and the table says {expected}; run `make costs` if it should"
        );
    }
}

/// Signatures and bytes of a job's transactions, and the most lamports that it locks.
fn footprint(network: &TestNetwork, from: usize) -> (usize, usize) {
    let landed = &network.machine.landed[from..];
    let sum = |of: fn(&Landed) -> usize| landed.iter().map(of).sum();
    (sum(|landed| landed.signatures), sum(|landed| landed.bytes))
}

#[test]
fn one_seat_job_locks_less_rent_than_a_comparable_task_elsewhere() {
    /// The same figures of the nearest peer for one unverified job, from posting to payment.
    const PEER: (u64, usize, u64) = (61_636, 6, 4_287_360);
    let mut network = Setup::default().build();
    let from = network.machine.landed.len();
    let lamports = |network: &TestNetwork| {
        let owner = network.machine.lamports_of(&network.owner.pubkey());
        owner + network.machine.lamports_of(&network.orchestrator.pubkey())
    };
    let before = lamports(&network);
    let job: Pubkey = network.post_with(seats(1, 1));
    network.run_seats(&job, 0, &ONE);
    let locked = before - lamports(&network);
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    assert_eq!(lamports(&network), before);
    let (signatures, bytes) = footprint(&network, from);
    let units: u64 = highest_costs(&network, from).values().sum();
    println!("{units} units, {signatures} signatures, {bytes} bytes, {locked} lamports locked");
    assert!(locked < PEER.2, "{locked} lamports");
    assert!(signatures < PEER.1, "{signatures} signatures");
}

#[test]
fn compute_units_are_written_for_the_benchmark() {
    let Some(path) = std::env::var_os("MILLRACE_CU_OUT") else {
        return;
    };
    let line = |name: String, value: u64, unit: &str| {
        let line = serde_json::json!({"name": name, "value": value, "unit": unit});
        format!("{line}\n")
    };
    let mut lines: String = measured()
        .into_iter()
        .map(|(name, units)| line(format!("chain.cu.{name}"), units, "cu"))
        .collect();
    let size = program_bytes().len() as u64;
    lines += &line("chain.program_bytes".to_owned(), size, "bytes");
    for (name, value, unit) in super::parallel::figures() {
        lines += &line(name.to_owned(), value, unit);
    }
    std::fs::write(path, lines).unwrap();
}
