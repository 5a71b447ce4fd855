//! A scene made ready for attempts, which comes back to what it was after each of them.

use super::super::fixture::{Ledger, Market, Outcome};
use super::kind::Kind;
use super::town::{Coins, accounts, enrich, signers};
use solana_sdk::account::Account;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A market in which an instruction succeeds.
pub struct Scene {
    /// The market.
    pub market: Market,
    /// The instruction, after those that have to come before it in its transaction.
    pub instructions: Vec<Instruction>,
}

/// How a scene is made, in a network with such tokens.
pub type Set = fn(Coins) -> Scene;

impl Scene {
    /// Of a single instruction.
    pub fn of(market: Market, instruction: Instruction) -> Self {
        Self {
            market,
            instructions: vec![instruction],
        }
    }

    /// The instruction that is looked at.
    pub fn instruction(&self) -> &Instruction {
        self.instructions.last().unwrap()
    }
}

/// Accounts as they are at some time.
pub type Picture = BTreeMap<Pubkey, Account>;

/// A scene with everything that attempts need.
pub struct Stage {
    /// The scene.
    pub scene: Scene,
    /// All accounts by name.
    pub accounts: BTreeMap<Pubkey, String>,
    /// By slot, another token account of the same mint and owner.
    pub twins: Vec<(usize, Pubkey)>,
    /// What events say of the scene.
    ledger: Ledger,
}

impl Stage {
    /// Builds a scene, makes everyone in it rich, and makes a twin of every token account.
    pub fn set(scene: Set, coins: Coins) -> Self {
        let mut scene = scene(coins);
        let mut accounts = accounts(&scene.market);
        accounts.retain(|key, _| Kind::at(&scene.market.machine, key) != Kind::Nothing);
        enrich(&mut scene.market, &accounts);
        let twins = twins(&mut scene);
        let ledger = scene.market.machine.ledger.clone();
        Self {
            scene,
            accounts,
            twins,
            ledger,
        }
    }

    /// What is at each of the instruction's slots.
    pub fn kinds(&self) -> Vec<Kind> {
        let metas = self.scene.instruction().accounts.iter();
        metas
            .map(|meta| Kind::at(&self.scene.market.machine, &meta.pubkey))
            .collect()
    }

    /// Sends a transaction.
    pub fn play(&mut self, instructions: &[Instruction]) -> Outcome {
        let signers = keys_that_sign(instructions);
        self.scene.market.machine.send(instructions, &signers)
    }

    /// Every account of the program, every token account, and all that the instructions name. The
    /// payer of fees is none of them.
    pub fn picture(&self, instructions: &[Instruction]) -> Picture {
        let machine = &self.scene.market.machine;
        let named = instructions.iter().flat_map(|i| &i.accounts);
        let ours = machine.of_the_program().into_iter().map(|(key, _)| key);
        let twins = self.twins.iter().map(|(_, twin)| *twin);
        let keys = self.accounts.keys().copied().chain(twins).chain(ours);
        let keys = keys.chain(named.map(|meta| meta.pubkey));
        // An account without lamports is none.
        keys.map(|key| (key, machine.account(&key).unwrap_or_default()))
            .collect()
    }

    /// Puts every account back that has changed since, and forgets the events.
    pub fn restore(&mut self, before: &Picture) {
        let machine = &mut self.scene.market.machine;
        for (key, account) in before {
            if machine.account(key).unwrap_or_default() != *account {
                machine.place(*key, account.clone());
            }
        }
        machine.ledger = self.ledger.clone();
    }
}

/// Those who have to sign, the payer of fees not among them.
fn keys_that_sign(instructions: &[Instruction]) -> Vec<&'static Keypair> {
    static KEYS: OnceLock<Vec<Keypair>> = OnceLock::new();
    let known = KEYS.get_or_init(|| signers().into_iter().map(|(_, key)| key).collect());
    let metas = instructions.iter().flat_map(|i| &i.accounts);
    let mut keys: Vec<Pubkey> = metas.filter(|m| m.is_signer).map(|m| m.pubkey).collect();
    keys.sort();
    keys.dedup();
    keys.iter()
        .map(|key| known.iter().find(|k| k.pubkey() == *key).unwrap())
        .collect()
}

/// A token account of the same mint and owner for every slot with a token account; anyone can make
/// one.
fn twins(scene: &mut Scene) -> Vec<(usize, Pubkey)> {
    const AMOUNT: std::ops::Range<usize> = 64..72;
    let metas = scene.instruction().accounts.clone();
    let machine = &mut scene.market.machine;
    let mut twins = Vec::new();
    for (slot, meta) in metas.iter().enumerate() {
        if Kind::at(machine, &meta.pubkey) == Kind::Token {
            let mut account = machine.account(&meta.pubkey).unwrap();
            account.data[AMOUNT].fill(0);
            let mint = Pubkey::try_from(&account.data[..32]).unwrap();
            let twin = Pubkey::new_from_array([201 + slot as u8; 32]);
            machine.place(twin, account);
            machine.mint(&mint, &twin, 1_000_000);
            twins.push((slot, twin));
        }
    }
    twins
}
