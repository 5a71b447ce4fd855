//! A network in which there is more than one of everything, so that for each account there is
//! somebody else's, and everyone has money.

use super::super::fixture::{Market, SOL, Setup, key};
use super::kind::{INSTRUCTIONS, Kind, TOKEN_2022};
use millrace_client::accounts::AnyAccount;
use millrace_client::instructions::Mints;
use millrace_client::pda::{PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM};
use millrace_client::{instructions, pda};
use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;
use std::collections::BTreeMap;

/// Providers of a town.
pub const WORKERS: u8 = 8;
/// What every token account is given besides, base units.
const GIFT: u64 = 1_000_000;

/// Who lives there, by the numbers of their keys.
const PEOPLE: &[(&str, u8)] = &[
    ("authority", 3),
    ("orchestrator", 4),
    ("client", 5),
    ("orchestrator2", 6),
    ("client2", 7),
    ("pauser", 9),
    ("heir", 10),
    ("passer-by", 11),
    ("newcomer", 50),
];
/// First number of the cold keys of providers, and of the hot ones.
const COLD: u8 = 20;
const HOT: u8 = 60;

/// The key of somebody.
pub fn person(name: &str) -> Keypair {
    let found = PEOPLE.iter().find(|(known, _)| *known == name);
    key(found.unwrap_or_else(|| panic!("nobody is called {name}")).1)
}

/// Everyone with a wallet, by name.
pub fn people() -> Vec<(String, Keypair)> {
    let named = PEOPLE
        .iter()
        .map(|(name, number)| ((*name).to_owned(), key(*number)));
    let workers = (0..WORKERS).map(|n| (format!("worker{n}"), key(COLD + n)));
    named.chain(workers).collect()
}

/// Everyone who can sign.
pub fn signers() -> Vec<(String, Keypair)> {
    let operators = (0..WORKERS).map(|n| (format!("operator{n}"), key(HOT + n)));
    people().into_iter().chain(operators).collect()
}

/// What a network's tokens are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coins {
    /// Two mints of the Token program.
    Two,
    /// One mint for stake and payments.
    One,
    /// Two mints of Token-2022.
    New,
}

impl Coins {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Two, Self::One, Self::New];

    /// How exceptions name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Two => "two",
            Self::One => "one",
            Self::New => "new",
        }
    }

    /// What the network is made of.
    pub fn setup(self) -> Setup {
        Setup {
            one_mint: self == Self::One,
            token_programs: match self {
                Self::New => [TOKEN_2022; 2],
                _ => [TOKEN_PROGRAM; 2],
            },
            ..Setup::default()
        }
    }
}

/// A network with eight providers, two orchestrators, two clients, and a pauser of its own.
pub fn town(coins: Coins) -> Market {
    let mut market = Setup {
        workers: usize::from(WORKERS),
        ..coins.setup()
    }
    .build();
    settle_in(&mut market);
    let authority = market.authority.insecure_clone();
    let pauser = person("pauser").pubkey();
    let set = instructions::set_pauser(authority.pubkey(), pauser);
    market.machine.send(&[set], &[&authority]).unwrap();
    let second = person("orchestrator2").pubkey();
    market.register_orchestrator(&second).unwrap();
    market.open_client(&person("client2")).unwrap();
    market
}

/// Gives everyone lamports and a token account of each mint, and makes a third mint, which the
/// network does not know.
pub fn settle_in(market: &mut Market) {
    let mints = market.mints;
    let foreign = key(8).pubkey();
    market.machine.create_mint(foreign, mints.stake_program);
    let payer = market.machine.payer.pubkey();
    for (_, person) in signers() {
        market.machine.airdrop(&person.pubkey(), 10 * SOL);
    }
    for (_, person) in people() {
        let wallet = person.pubkey();
        market.machine.open_purses(&wallet, mints);
        let purses = [
            (mints.stake, mints.stake_account(&wallet)),
            (mints.payment, mints.payment_account(&wallet)),
        ];
        for (mint, purse) in purses {
            market.machine.mint(&mint, &purse, GIFT);
        }
    }
    let passer_by = person("passer-by").pubkey();
    let program = mints.stake_program;
    let theirs = instructions::create_token_account_of(&payer, &passer_by, &foreign, &program);
    market.machine.send(&[theirs], &[]).unwrap();
}

/// Puts tokens into every token account, so that nothing is refused for want of them.
pub fn enrich(market: &mut Market, accounts: &BTreeMap<Pubkey, String>) {
    for address in accounts.keys() {
        if let Some(mint) = mint_of(market, address) {
            market.machine.mint(&mint, address, GIFT);
        }
    }
}

/// The mint of a token account; `None` for anything else.
fn mint_of(market: &Market, address: &Pubkey) -> Option<Pubkey> {
    let account = market.machine.account(address)?;
    let is_token = Kind::at(&market.machine, address) == Kind::Token;
    is_token.then(|| Pubkey::try_from(&account.data[..32]).unwrap())
}

/// The name of whoever has this key.
fn name_of(key: &Pubkey) -> String {
    let everyone = signers();
    let found = everyone.iter().find(|(_, known)| known.pubkey() == *key);
    found.map_or_else(|| key.to_string(), |(name, _)| name.clone())
}

/// All accounts that there are, with names.
pub fn accounts(market: &Market) -> BTreeMap<Pubkey, String> {
    let mut all = BTreeMap::new();
    for (address, account) in market.machine.of_the_program() {
        if let Some(entity) = AnyAccount::decode(&address, &account.data) {
            all.extend(of_entity(market.mints, address, &entity));
        }
    }
    // Jobs are named by their clients, and shards and challenges by their jobs.
    for (address, account) in market.machine.of_the_program() {
        let (job, index, what) = match AnyAccount::decode(&address, &account.data) {
            Some(AnyAccount::Shard(shard)) => (shard.job, shard.index, "shard"),
            Some(AnyAccount::Challenge(challenge)) => (challenge.job, challenge.index, "challenge"),
            _ => continue,
        };
        let name = format!("{}.{what}{index}", all[&job]);
        all.insert(address, name);
    }
    for (name, person) in people() {
        let wallet = person.pubkey();
        // Where the mints are one, so is the account.
        let payment = market.mints.payment_account(&wallet);
        all.insert(payment, format!("{name}.payment"));
        all.insert(market.mints.stake_account(&wallet), format!("{name}.stake"));
        all.insert(wallet, name);
    }
    let foreign = key(8).pubkey();
    let passer_by = person("passer-by").pubkey();
    let program = market.mints.stake_program;
    let theirs = pda::token_account_of(&passer_by, &foreign, &program);
    let others = [
        (market.mints.stake, "stake_mint"),
        (market.mints.payment, "payment_mint"),
        (foreign, "foreign_mint"),
        (theirs, "passer-by.foreign"),
        (PROGRAM, "millrace"),
        (SYSTEM_PROGRAM, "system"),
        (TOKEN_PROGRAM, "token"),
        (TOKEN_2022, "token-2022"),
        (CLOCK, "clock"),
        (SLOT_HASHES, "slot_hashes"),
        (INSTRUCTIONS, "instructions"),
    ];
    all.extend(others.map(|(address, name)| (address, name.to_owned())));
    all
}

const CLOCK: Pubkey = pubkey!("SysvarC1ock11111111111111111111111111111111");
const SLOT_HASHES: Pubkey = pubkey!("SysvarS1otHashes111111111111111111111111111");

/// An account of the program and its vaults, but for those that are named by their jobs.
fn of_entity(mints: Mints, address: Pubkey, entity: &AnyAccount) -> Vec<(Pubkey, String)> {
    match entity {
        AnyAccount::Network(_) => vec![(address, "network".to_owned())],
        AnyAccount::Bucket(bucket) => {
            let index = bucket.index;
            vec![
                (address, format!("bucket{index}")),
                (
                    pda::treasury(&mints.payment, index),
                    format!("bucket{index}.payment_treasury"),
                ),
                (
                    pda::treasury(&mints.stake, index),
                    format!("bucket{index}.stake_treasury"),
                ),
            ]
        }
        AnyAccount::Orchestrator(books) => {
            let name = name_of(&books.key);
            vec![
                (address, format!("{name}.orchestrator")),
                (books.bond_vault, format!("{name}.bond_vault")),
            ]
        }
        AnyAccount::Provider(books) => {
            let name = name_of(&books.authority);
            vec![
                (address, format!("{name}.provider")),
                (books.stake_vault, format!("{name}.stake_vault")),
                (books.earnings_vault, format!("{name}.earnings_vault")),
            ]
        }
        AnyAccount::Client(books) => {
            let name = name_of(&books.owner);
            vec![
                (address, format!("{name}.client")),
                (books.escrow, format!("{name}.escrow")),
            ]
        }
        AnyAccount::Job(books, _) => {
            let name = name_of(&books.client);
            vec![(address, format!("{name}.job{}", books.nonce))]
        }
        AnyAccount::Rewards(books) => vec![
            (address, "rewards".to_owned()),
            (books.vault, "rewards.vault".to_owned()),
        ],
        AnyAccount::Epoch(books) => vec![(address, format!("epoch{}", books.number))],
        AnyAccount::Shard(_) | AnyAccount::Challenge(_) => Vec::new(),
    }
}
