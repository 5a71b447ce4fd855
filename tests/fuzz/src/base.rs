//! The states that inputs start from: the network of each case of the matrix, in a tracing virtual
//! machine.

use super::elf::with_sections;
use super::tracer::Tracer;
use litesvm::LiteSVM;
use millrace_client::pda::PROGRAM;
use millrace_fixture::cases::parties::{MINT_SETUPS, signers};
use millrace_fixture::cases::prepared::{BuildCase, PreparedCase};
use millrace_fixture::cases::{admin, client, crank, money, orchestrator, provider};
use millrace_fixture::with_every_case;
use millrace_fixture::{Machine, TestNetwork, program_bytes};
use solana_sdk::account::ReadableAccount;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::cell::RefCell;
use std::collections::BTreeMap;

macro_rules! cases {
    ($($name:ident { $($case:ident: $build:path,)+ })+) => {
        const CASES: &[(&str, BuildCase)] = &[
            $($((concat!(stringify!($name), "/", stringify!($case)), $build)),+),+
        ];
    };
}
with_every_case!(cases);

/// Number of start states: every case with every mint setup.
pub(crate) const COUNT: usize = CASES.len() * MINT_SETUPS.len();

/// A state that inputs start from.
pub(crate) struct Base {
    pub name: &'static str,
    pub network: TestNetwork,
    /// The instruction that succeeds at the start, after those that have to precede it.
    pub instructions: Vec<Instruction>,
    /// Names of all accounts at the start.
    pub names: BTreeMap<Pubkey, String>,
    /// The same accounts in order, followed by the siblings of token accounts.
    pub pool: Vec<Pubkey>,
    pub signers: Vec<Pubkey>,
    /// The machine at the start.
    pristine: Machine,
}

impl Base {
    fn build(number: usize, empty: &LiteSVM) -> Self {
        let (name, case) = CASES[number % CASES.len()];
        let prepared = PreparedCase::new(case, MINT_SETUPS[number / CASES.len()]);
        let siblings = prepared.siblings.iter().map(|(_, sibling)| *sibling);
        let pool = prepared.accounts.keys().copied().chain(siblings).collect();
        let (mut network, instructions) = (prepared.case.network, prepared.case.instructions);
        let pristine = network
            .machine
            .with_svm(with_accounts_of(empty, network.machine.svm()));
        network.machine = pristine.fork();
        Self {
            name,
            network,
            instructions,
            names: prepared.accounts,
            pool,
            signers: signers().iter().map(|(_, key)| key.pubkey()).collect(),
            pristine,
        }
    }

    /// Restores the start state.
    fn reset(&mut self) {
        self.network.machine = self.pristine.fork();
    }
}

/// A virtual machine that traces and does not verify signatures, with the program and no other
/// accounts.
fn empty() -> LiteSVM {
    let mut svm = LiteSVM::new_debuggable(true)
        .with_log_bytes_limit(None)
        .with_sigverify(false)
        .with_blockhash_check(false)
        .with_transaction_history(0);
    svm.set_invocation_inspect_callback(Tracer);
    let added = svm.add_program(PROGRAM, &with_sections(program_bytes()));
    added.unwrap_or_else(|error| panic!("the program can't be loaded: {error:?}"));
    svm
}

/// A copy of the empty machine with all accounts of another machine, except its programs.
fn with_accounts_of(empty: &LiteSVM, with: &LiteSVM) -> LiteSVM {
    let mut svm = empty.clone();
    for (address, account) in &with.accounts_db().inner {
        if !account.executable() {
            let placed = svm.set_account(*address, account.clone().into());
            placed.unwrap_or_else(|error| panic!("{address} can't be placed: {error:?}"));
        }
    }
    svm
}

/// Start states that are built once and reused for every input.
struct Bases {
    empty: LiteSVM,
    built: BTreeMap<usize, Base>,
}

/// Runs `action` in a start state and restores it.
pub(crate) fn with_base<T>(number: usize, action: impl FnOnce(&mut Base) -> T) -> T {
    thread_local! {
        static BASES: RefCell<Option<Bases>> = const { RefCell::new(None) };
    }
    BASES.with_borrow_mut(|bases| {
        let bases = bases.get_or_insert_with(|| Bases {
            empty: empty(),
            built: BTreeMap::new(),
        });
        let Bases { empty, built } = bases;
        let base = built
            .entry(number)
            .or_insert_with(|| Base::build(number, empty));
        let result = action(base);
        base.reset();
        result
    })
}
