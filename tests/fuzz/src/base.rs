//! Where inputs begin: a town for each case of the matrix, in a machine that traces.

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
        /// Every case with its name.
        const CASES: &[(&str, BuildCase)] = &[
            $($((concat!(stringify!($name), "/", stringify!($case)), $build)),+),+
        ];
    };
}
with_every_case!(cases);

/// How many cases there are, each in networks with all kinds of tokens.
pub const COUNT: usize = CASES.len() * MINT_SETUPS.len();

/// A case that inputs begin with.
pub struct Base {
    /// Its name.
    pub name: &'static str,
    /// The network, which an input changes.
    pub network: TestNetwork,
    /// The instruction that succeeds at first, after those that have to come before it.
    pub instructions: Vec<Instruction>,
    /// All accounts that there were at first, by name.
    pub names: BTreeMap<Pubkey, String>,
    /// The same in their order, and siblings of token accounts.
    pub pool: Vec<Pubkey>,
    /// Who can sign.
    pub signers: Vec<Pubkey>,
    /// The machine as it was at first.
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
            .with_svm(furnished(empty, network.machine.svm()));
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

    /// Puts everything back as it was at first.
    fn reset(&mut self) {
        self.network.machine = self.pristine.fork();
    }
}

/// A machine that traces and that asks for no signatures, with the program and nothing else.
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

/// The empty machine with all accounts of another; the programs, which it has, stay its own.
fn furnished(empty: &LiteSVM, with: &LiteSVM) -> LiteSVM {
    let mut svm = empty.clone();
    for (address, account) in &with.accounts_db().inner {
        if !account.executable() {
            let placed = svm.set_account(*address, account.clone().into());
            placed.unwrap_or_else(|error| panic!("{address} can't be placed: {error:?}"));
        }
    }
    svm
}

/// What is made once and used by one input after another.
struct Bases {
    empty: LiteSVM,
    made: BTreeMap<usize, Base>,
}

/// Does something in a case as it was at first.
pub fn with_base<T>(number: usize, act: impl FnOnce(&mut Base) -> T) -> T {
    thread_local! {
        static BASES: RefCell<Option<Bases>> = const { RefCell::new(None) };
    }
    BASES.with_borrow_mut(|bases| {
        let bases = bases.get_or_insert_with(|| Bases {
            empty: empty(),
            made: BTreeMap::new(),
        });
        let Bases { empty, made } = bases;
        let base = made
            .entry(number)
            .or_insert_with(|| Base::build(number, empty));
        let result = act(base);
        base.reset();
        result
    })
}
