//! Lamports that are sent to an address before the program creates an account there. For every
//! instruction that creates an account: the account is created, the payer adds only the missing rent,
//! and the rent including the donation goes to its payer when the account is closed.

use millrace_client::{instructions, pda};
use millrace_fixture::{Loader, Machine, Outcome, RIGHT, SOL, Setup, TestNetwork, key, offer};
use millrace_program::state::Mode;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::collections::BTreeSet;

const IDL: &str = include_str!("../../idl/millrace_program.json");
/// The owner of addresses without a program's account.
const SYSTEM: Pubkey = Pubkey::new_from_array([0; 32]);
/// The minimum lamports that a transfer can leave at an address.
const LEAST: u64 = 890_880;
const WEEK: i64 = 7 * 86_400;

/// An instruction that creates accounts.
struct Creation {
    name: &'static str,
    /// Builds a network in which the instruction can be sent.
    ready: fn() -> TestNetwork,
    /// The accounts that the instruction creates.
    made: fn(&TestNetwork) -> Vec<Pubkey>,
    /// The payer of their rent.
    payer: fn(&TestNetwork) -> Pubkey,
    /// Sends the instruction.
    action: fn(&mut TestNetwork) -> Outcome,
    /// Closes all of the accounts; `None` if they are permanent.
    end: Option<fn(&mut TestNetwork)>,
}

/// A program and its parties, without a network.
fn without_network() -> TestNetwork {
    let authority = key(3);
    let mut machine = Machine::new(Loader::Upgradeable(authority.pubkey()));
    let mints = Setup::default().create_mints(&mut machine);
    machine.airdrop(&authority.pubkey(), SOL);
    TestNetwork {
        machine,
        mints,
        authority,
        orchestrator: key(4),
        workers: Vec::new(),
        owner: key(5),
    }
}

fn created() -> TestNetwork {
    let mut network = without_network();
    let parameters = millrace_fixture::PARAMETERS;
    network.initialize(parameters).unwrap();
    network
}

fn with_a_newcomer() -> TestNetwork {
    let mut network = TestNetwork::start();
    let mints = network.mints;
    let fund = (&mints.payment, 0);
    network.machine.open_wallet(&key(6).pubkey(), mints, fund);
    network
}

fn with_two_shards() -> TestNetwork {
    let mut network = TestNetwork::start();
    network.post_with(|t| t.shards = 2);
    network
}

fn with_a_result() -> TestNetwork {
    let mut network = TestNetwork::start();
    let job = network.post_with(|t| {
        (t.mode, t.challenge_secs) = (Mode::Challenge, 120);
        (t.replicas, t.quorum, t.max_replicas) = (1, 2, 3);
    });
    network.run_seats(&job, 0, &[(0, RIGHT)]);
    network
}

fn with_an_epoch_that_is_over() -> TestNetwork {
    let mut network = TestNetwork::start();
    network.fund_rewards(1_000_000);
    let job = first_job(&network);
    network.post_with(|_| ());
    network.run_seats(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, RIGHT)]);
    network.settle(&job, 0).unwrap();
    network.warp(86_400);
    network
}

fn first_job(network: &TestNetwork) -> Pubkey {
    pda::job(&network.owner.pubkey(), 0)
}

fn authority(network: &TestNetwork) -> Pubkey {
    network.authority.pubkey()
}

fn owner(network: &TestNetwork) -> Pubkey {
    network.owner.pubkey()
}

/// The key of [`with_a_newcomer`].
fn newcomer(_: &TestNetwork) -> Pubkey {
    key(6).pubkey()
}

fn of_a_provider(_: &TestNetwork) -> Vec<Pubkey> {
    let provider = pda::provider(&key(6).pubkey());
    let vaults = [pda::stake_vault, pda::earnings_vault];
    [vec![provider], vaults.map(|of| of(&provider)).to_vec()].concat()
}

fn of_a_client(_: &TestNetwork) -> Vec<Pubkey> {
    let client = pda::client(&key(6).pubkey());
    vec![client, pda::escrow(&client)]
}

fn of_an_orchestrator(_: &TestNetwork) -> Vec<Pubkey> {
    let orchestrator = pda::orchestrator(&key(6).pubkey());
    vec![orchestrator, pda::bond_vault(&orchestrator)]
}

const CREATIONS: [Creation; 10] = [
    Creation {
        name: "initialize_network",
        ready: without_network,
        made: |_| vec![pda::network()],
        payer: authority,
        action: |m| m.initialize(millrace_fixture::PARAMETERS),
        end: None,
    },
    Creation {
        name: "open_bucket",
        ready: created,
        made: |m| {
            let treasury = pda::treasury(&m.mints.payment, 7);
            vec![pda::bucket(7), treasury]
        },
        payer: authority,
        action: |m| {
            let open = instructions::open_bucket(m.authority.pubkey(), m.mints, 7);
            m.machine.send(&[open], &[&m.authority])
        },
        end: None,
    },
    Creation {
        name: "open_rewards",
        ready: created,
        made: |_| vec![pda::rewards(), pda::rewards_vault()],
        payer: authority,
        action: |m| {
            let open = instructions::open_rewards(m.authority.pubkey(), m.mints);
            m.machine.send(&[open], &[&m.authority])
        },
        end: None,
    },
    Creation {
        name: "register_orchestrator",
        ready: with_a_newcomer,
        made: of_an_orchestrator,
        payer: authority,
        action: |m| m.register_orchestrator(&key(6).pubkey()),
        end: Some(|m| {
            let (newcomer, payer) = (key(6), m.authority.pubkey());
            let wallet = newcomer.pubkey();
            let mints = m.mints;
            let retire = instructions::retire_orchestrator(wallet, &wallet);
            m.machine.send(&[retire], &[&newcomer]).unwrap();
            m.warp(WEEK);
            let withdraw = instructions::withdraw_bond(&wallet, payer, mints);
            m.machine.send(&[withdraw], &[]).unwrap();
        }),
    },
    Creation {
        name: "register_provider",
        ready: with_a_newcomer,
        made: of_a_provider,
        payer: newcomer,
        action: |m| m.register(&key(6), offer(key(7).pubkey())),
        end: Some(|m| {
            let leave = instructions::deregister(key(6).pubkey(), m.mints);
            m.machine.send(&[leave], &[&key(6)]).unwrap();
        }),
    },
    Creation {
        name: "open_client",
        ready: with_a_newcomer,
        made: of_a_client,
        payer: newcomer,
        action: |m| m.open_client(&key(6)),
        end: None,
    },
    Creation {
        name: "post_job",
        ready: TestNetwork::start,
        made: |m| vec![first_job(m)],
        payer: owner,
        action: |m| m.post(m.terms()),
        end: Some(|m| {
            let job = first_job(m);
            m.cancel(&job).unwrap();
            m.close(&job, &[]).unwrap();
        }),
    },
    Creation {
        name: "assign_seats",
        ready: with_two_shards,
        made: |m| vec![pda::shard(&first_job(m), 1)],
        payer: |m| m.orchestrator.pubkey(),
        action: |m| m.assign(&first_job(m), 1, &[0]),
        end: Some(|m| {
            let job = first_job(m);
            m.cancel(&job).unwrap();
            m.machine.set_time(m.job(&job).deadline);
            m.settle(&job, 1).unwrap();
            m.close(&job, &[1]).unwrap();
        }),
    },
    Creation {
        name: "challenge_shard",
        ready: with_a_result,
        made: |m| vec![pda::challenge(&first_job(m), 0)],
        payer: owner,
        action: |m| m.challenge(&first_job(m), 0, &key(5)),
        end: Some(|m| {
            let job = first_job(m);
            m.run_seats(&job, 0, &[(1, RIGHT), (2, RIGHT)]);
            m.settle(&job, 0).unwrap();
        }),
    },
    Creation {
        name: "close_epoch",
        ready: with_an_epoch_that_is_over,
        made: |_| vec![pda::epoch(0)],
        payer: authority,
        action: |m| m.close_epoch(0),
        end: Some(|m| {
            for worker in 0..3 {
                m.bank_rewards(worker, 0).unwrap();
            }
        }),
    },
];

fn lamports(network: &TestNetwork, at: &[Pubkey]) -> Vec<u64> {
    at.iter()
        .map(|key| network.machine.lamports_of(key))
        .collect()
}

/// Donates to each address, creates the accounts, and closes them if they can be closed.
fn check_creation(creation: &Creation, donations: &[u64], rents: &[u64]) {
    let name = creation.name;
    let mut network = (creation.ready)();
    let (made, payer) = ((creation.made)(&network), (creation.payer)(&network));
    for (account, donation) in made.iter().zip(donations) {
        network.machine.airdrop(account, *donation);
    }
    let before = network.machine.lamports_of(&payer);
    (creation.action)(&mut network).unwrap();
    let expected: Vec<u64> = donations
        .iter()
        .zip(rents)
        .map(|(g, r)| *g.max(r))
        .collect();
    assert_eq!(lamports(&network, &made), expected, "{name}");
    let missing = donations
        .iter()
        .zip(rents)
        .map(|(g, r)| r.saturating_sub(*g));
    let paid = before - network.machine.lamports_of(&payer);
    assert_eq!(paid, missing.sum::<u64>(), "{name}: paid");
    for account in &made {
        let owner = network.machine.account(account).unwrap().owner;
        assert_ne!(owner, SYSTEM, "{name}");
    }
    let Some(end) = creation.end else { return };
    // Some ends also close jobs and shards that existed before.
    let others = network.machine.lamports_of(&payer);
    let locked = |network: &TestNetwork| {
        let all = network.machine.program_accounts().into_iter();
        let rest = all.filter(|(key, _)| !made.contains(key));
        rest.map(|(_, account)| account.lamports).sum::<u64>()
    };
    let before_end = locked(&network);
    end(&mut network);
    let freed = before_end - locked(&network);
    assert!(
        lamports(&network, &made).iter().all(|left| *left == 0),
        "{name}"
    );
    let back = network.machine.lamports_of(&payer) - others;
    let own: u64 = expected.iter().sum();
    // The rent of a job that was closed as well is the client's.
    let along = if payer == owner(&network) { freed } else { 0 };
    assert_eq!(back, own + along, "{name}: back");
}

#[test]
fn prefunded_accounts_are_created_and_their_rent_returned() {
    for creation in &CREATIONS {
        let mut network = (creation.ready)();
        let made = (creation.made)(&network);
        let nothing = vec![0; made.len()];
        assert_eq!(lamports(&network, &made), nothing, "{}", creation.name);
        (creation.action)(&mut network).unwrap();
        let rents = lamports(&network, &made);
        assert!(rents.iter().all(|rent| *rent > LEAST), "{rents:?}");
        let donations: [fn(u64) -> u64; 5] = [
            |_| LEAST,
            |rent| rent - 1,
            |rent| rent,
            |rent| rent + 1,
            |_| SOL,
        ];
        for donation in donations {
            let donations: Vec<u64> = rents.iter().map(|rent| donation(*rent)).collect();
            check_creation(creation, &donations, &rents);
        }
    }
}

#[test]
fn every_account_creating_instruction_is_tried() {
    // Creating an account requires the system program.
    let idl: serde_json::Value = serde_json::from_str(IDL).unwrap();
    let instructions = idl["instructions"].as_array().unwrap().iter();
    let making = instructions.filter(|instruction| {
        let accounts = instruction["accounts"].as_array().unwrap();
        accounts.iter().any(|a| a["name"] == "system_program")
    });
    let making: BTreeSet<&str> = making.map(|i| i["name"].as_str().unwrap()).collect();
    let tried: BTreeSet<&str> = CREATIONS.iter().map(|creation| creation.name).collect();
    assert_eq!(making, tried);
}
