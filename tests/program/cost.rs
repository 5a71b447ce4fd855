//! What each instruction costs in compute units, compared with a committed table, and what the whole
//! path of a job costs.

use millrace_client::instructions;
use millrace_client::pda::PROGRAM;
use millrace_fixture::{
    Answer, Landed, Market, PARAMETERS, RIGHT, Setup, WRONG, key, program_bytes,
};
use millrace_program::PostJobArgs;
use millrace_program::state::Mode;
use millrace_protocol::hash::sha256;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What an instruction may use where its transaction asks for no more.
const DEFAULT_LIMIT: u64 = 200_000;
/// How far a cost may be from the table, in percent.
const TOLERANCE: u64 = 2;
/// Every instruction of the program.
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

/// The name of the instruction that data begins with.
fn name_of(data: &[u8]) -> &'static str {
    let begins = |name: &&&str| data.starts_with(&sha256(&[b"global:", name.as_bytes()])[..8]);
    INSTRUCTIONS.iter().find(begins).unwrap()
}

/// The instructions of the program that a transaction carried, with the units that each took.
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

/// The dearest of each instruction since `from`.
fn dearest(market: &Market, from: usize) -> Costs {
    let mut dearest = Costs::new();
    for (name, units) in market.machine.landed[from..].iter().flat_map(costs) {
        let most = dearest.entry(name.to_owned()).or_insert(0);
        *most = units.max(*most);
    }
    dearest
}

fn seats(count: u8, quorum: u8) -> impl Fn(&mut PostJobArgs) {
    move |terms| (terms.replicas, terms.quorum, terms.max_replicas) = (count, quorum, count)
}

/// A job of one shard from post to close.
fn path(answers: &[(usize, Answer)], quorum: u8, one_mint: bool) -> (Costs, Market) {
    let mut market = Setup {
        workers: answers.len(),
        one_mint,
        ..Setup::default()
    }
    .build();
    let from = market.machine.landed.len();
    let job = market.posted(seats(answers.len() as u8, quorum));
    market.answered(&job, 0, answers);
    market.settle(&job, 0).unwrap();
    market.close(&job, &[0]).unwrap();
    (dearest(&market, from), market)
}

/// Everything that is not on the path of a job, once.
fn others() -> Costs {
    let mut market = Setup {
        workers: 4,
        ..Setup::default()
    }
    .build();
    market.fund_rewards(1_000_000);
    market.machine.pass_slots(600, 3);
    ends(&mut market);
    doubts(&mut market);
    exits(&mut market);
    administration(&mut market);
    dearest(&market, 0)
}

/// Jobs that end otherwise than paid.
fn ends(market: &mut Market) {
    let cancelled = market.posted(|_| ());
    market.cancel(&cancelled).unwrap();
    let expiring = market.posted(|t| t.shards = 2);
    market.assign(&expiring, 0, &[0, 1]).unwrap();
    market.decline(&expiring, 0, 1).unwrap();
    market.warp(60);
    market.expire_seat(&expiring, 0, 0).unwrap();
    market.warp(3_600);
    market.expire_job(&expiring).unwrap();
}

/// A seed, an audit, a challenge, and an output that the client acknowledges.
fn doubts(market: &mut Market) {
    let audited = market.posted(|t| {
        (t.mode, t.audit_bps) = (Mode::Audit, 10_000);
        (t.replicas, t.quorum, t.max_replicas) = (1, 2, 3);
    });
    market.machine.pass_slots(20, 3);
    market.seed(&audited).unwrap();
    market.assign(&audited, 0, &[0]).unwrap();
    market.commit(&audited, 0, &[(0, RIGHT)]).unwrap();
    market.machine.pass_slots(20, 3);
    market.draw(&audited, 0).unwrap();
    let challenged = market.posted(|t| {
        (t.mode, t.challenge_secs) = (Mode::Challenge, 120);
        (t.replicas, t.quorum, t.max_replicas) = (1, 2, 3);
    });
    market.answered(&challenged, 0, &[(1, RIGHT)]);
    let owner = market.owner.insecure_clone();
    market.challenge(&challenged, 0, &owner).unwrap();
    market.answered(&challenged, 0, &[(2, RIGHT), (3, RIGHT)]);
    market.settle(&challenged, 0).unwrap();
    let ignored = market.posted(seats(1, 1));
    market.assign(&ignored, 0, &[1]).unwrap();
    market.commit(&ignored, 0, &[(1, RIGHT)]).unwrap();
    market.show(&ignored, 0, &[(1, RIGHT)]).unwrap();
    market.acknowledge(&ignored, 0, 1).unwrap();
    market.settle(&ignored, 0).unwrap();
}

/// A provider that takes everything out.
fn exits(market: &mut Market) {
    market.claim_earnings(1).unwrap();
    market.rewarded_until_due(1, 0);
    market.claim_rewards(1).unwrap();
    market.unstake(1, 100_000).unwrap();
    market.warp(7 * 86_400);
    market.withdraw(1).unwrap();
    market.leave(1).unwrap();
    let worker = market.workers.remove(1);
    let cold = market.workers[1].authority.insecure_clone();
    let offer = millrace_fixture::offer(worker.operator.pubkey()).offer;
    let changes = [
        instructions::update_provider(cold.pubkey(), offer),
        instructions::rotate_operator(cold.pubkey(), worker.operator.pubkey()),
    ];
    market.machine.send(&changes, &[&cold]).unwrap();
}

/// What the authority does.
fn administration(market: &mut Market) {
    let (own, next) = (market.authority.insecure_clone(), key(6));
    let mints = market.mints;
    let purse = mints.payment_account(&market.owner.pubkey());
    let orchestrator = market.orchestrator.pubkey();
    let of_stake = (&mints.stake, 1_000);
    market.machine.open_wallet(&orchestrator, mints, of_stake);
    let key = market.orchestrator.insecure_clone();
    let bond = instructions::bond(orchestrator, &orchestrator, mints, 1_000);
    market.machine.send(&[bond], &[&key]).unwrap();
    let jobs = market.machine.of_the_program();
    let fees = |index: &u8| {
        let treasury = millrace_client::pda::treasury(&mints.payment, *index);
        market.machine.tokens(&treasury) > 0
    };
    assert!(!jobs.is_empty());
    let bucket = (0..8).find(fees).unwrap();
    let acts = [
        instructions::withdraw_treasury(own.pubkey(), mints, bucket, purse, 1),
        instructions::set_parameters(own.pubkey(), PARAMETERS),
        instructions::pause(own.pubkey()),
        instructions::resume(own.pubkey()),
        instructions::set_pauser(own.pubkey(), next.pubkey()),
        instructions::retire_orchestrator(own.pubkey(), &orchestrator),
        instructions::propose_authority(own.pubkey(), next.pubkey()),
    ];
    for act in acts {
        market.machine.send(&[act], &[&own]).unwrap();
    }
    market.warp(7 * 86_400);
    let withdraw = instructions::withdraw_bond(&orchestrator, own.pubkey(), mints);
    market.machine.send(&[withdraw], &[]).unwrap();
    let accept = instructions::accept_authority(next.pubkey());
    market.machine.send(&[accept], &[&next]).unwrap();
}

const ONE: [(usize, Answer); 1] = [(0, RIGHT)];
const THREE: [(usize, Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];
const WORST: [(usize, Answer); 5] = [(0, WRONG), (1, RIGHT), (2, WRONG), (3, RIGHT), (4, RIGHT)];

/// All costs by the names of the figures.
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
fn every_instruction_costs_what_the_table_says() {
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

/// Signatures and bytes of a job's transactions, and lamports that it locks at the most.
fn footprint(market: &Market, from: usize) -> (usize, usize) {
    let landed = &market.machine.landed[from..];
    let sum = |of: fn(&Landed) -> usize| landed.iter().map(of).sum();
    (sum(|landed| landed.signatures), sum(|landed| landed.bytes))
}

#[test]
fn a_job_of_one_seat_locks_less_and_needs_less_than_the_nearest_peers_unverified_one() {
    /// Figures of the nearest peer for one unverified job from post to pay.
    const PEER: (u64, usize, u64) = (61_636, 6, 4_287_360);
    let mut market = Setup::default().build();
    let from = market.machine.landed.len();
    let lamports = |market: &Market| {
        let owner = market.machine.lamports_of(&market.owner.pubkey());
        owner + market.machine.lamports_of(&market.orchestrator.pubkey())
    };
    let before = lamports(&market);
    let job: Pubkey = market.posted(seats(1, 1));
    market.answered(&job, 0, &ONE);
    let locked = before - lamports(&market);
    market.settle(&job, 0).unwrap();
    market.close(&job, &[0]).unwrap();
    assert_eq!(lamports(&market), before);
    let (signatures, bytes) = footprint(&market, from);
    let units: u64 = dearest(&market, from).values().sum();
    println!("{units} units, {signatures} signatures, {bytes} bytes, {locked} lamports locked");
    assert!(locked < PEER.2, "{locked} lamports");
    assert!(signatures < PEER.1, "{signatures} signatures");
}

#[test]
fn figures_are_written_where_a_benchmark_asks_for_them() {
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
