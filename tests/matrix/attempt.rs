//! Generates the substitutions for every account of an instruction.

use millrace_client::accounts::AnyAccount;
use millrace_client::pda;
use millrace_client::pda::PROGRAM;
use millrace_fixture::cases::idl::AccountSlot;
use millrace_fixture::cases::kind::AccountKind;
use millrace_fixture::cases::parties::signers;
use millrace_fixture::cases::prepared::Case;
use solana_sdk::account::Account;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::collections::BTreeMap;

/// A way in which an account differs from the expected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Another party's account of the same kind.
    OtherParty,
    /// The same, and the accounts that it names at their positions too.
    OtherPartyWithRelated,
    /// Another token account of the same owner and mint, which anyone can create.
    Sibling,
    /// A token account of the same mint and another owner.
    OtherOwner,
    OtherMint,
    /// The expected account without its signature.
    Unsigned,
    /// Another party's signature.
    OtherSigner,
    /// Another writable account of the instruction.
    Alias,
    /// Another account of the instruction that it creates.
    AliasOfNew,
    /// No account, if it is optional.
    Absent,
    /// The expected address and data, owned by another program.
    WrongOwner,
    /// The expected address with the data of another type.
    WrongType,
    /// The last byte is missing.
    Truncated,
    /// The account has no data.
    Empty,
    /// The account that the instruction creates exists already.
    Occupied,
    /// The expected account, passed as read-only.
    ReadOnly,
}

/// The change that an attempt makes to the transaction or to an account.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// Replaces the account.
    Replace(Pubkey),
    /// Replaces several accounts.
    ReplaceMany(Vec<(usize, Pubkey)>),
    RemoveSignature,
    MakeReadOnly,
    /// Overwrites the account at the expected address.
    Rewrite(Account),
}

#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// Index of the account in the instruction.
    pub slot: usize,
    /// Name of the account in the IDL.
    pub name: String,
    /// The expected kind of account.
    pub kind: AccountKind,
    /// Whether the instruction creates the account.
    pub made: bool,
    pub change: Change,
    /// Name of the substituted account, or of the account whose position it has.
    pub with: String,
    /// Kind of the substituted account.
    pub with_kind: AccountKind,
    pub edit: Edit,
}

/// The input for generating attempts.
pub(crate) struct AttemptBuilder<'a> {
    pub case: &'a Case,
    /// The accounts of the instruction.
    pub slots: &'a [AccountSlot],
    /// The kind of each account.
    pub kinds: &'a [AccountKind],
    /// Names of all accounts.
    pub accounts: &'a BTreeMap<Pubkey, String>,
    /// Token accounts with the same mint and owner as an account of the instruction, by index.
    pub siblings: &'a [(usize, Pubkey)],
    /// Accounts that the instruction creates, by index.
    pub made: &'a [(usize, Account)],
}

impl AttemptBuilder<'_> {
    /// Every substitution of every account.
    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        let slots = 0..self.slots.len();
        slots.flat_map(|slot| self.at(slot)).collect()
    }

    fn at(&self, slot: usize) -> Vec<Attempt> {
        let key = self.key(slot);
        if self.slots[slot].optional && key == PROGRAM {
            return Vec::new();
        }
        let mut all = if self.slots[slot].signer {
            self.signatures(slot)
        } else {
            self.other_parties(slot)
        };
        all.extend(self.related_parties(slot));
        all.extend(self.aliases(slot));
        if self.slots[slot].optional {
            let edit = Edit::Replace(PROGRAM);
            all.push(self.attempt(slot, Change::Absent, ("no one", AccountKind::Nothing), edit));
        }
        all.extend(self.rewritten(slot));
        if self.slots[slot].writable {
            let kind = self.kinds[slot];
            all.push(self.attempt(slot, Change::ReadOnly, ("itself", kind), Edit::MakeReadOnly));
        }
        let made = self.made.iter().filter(|(at, _)| *at == slot);
        all.extend(made.map(|(_, account)| {
            let edit = Edit::Rewrite(account.clone());
            self.attempt(slot, Change::Occupied, ("itself", self.kinds[slot]), edit)
        }));
        all
    }

    fn is_made(&self, slot: usize) -> bool {
        self.made.iter().any(|(at, _)| *at == slot)
    }

    fn key(&self, slot: usize) -> Pubkey {
        self.case.instruction().accounts[slot].pubkey
    }

    fn attempt(
        &self,
        slot: usize,
        change: Change,
        (with, with_kind): (&str, AccountKind),
        edit: Edit,
    ) -> Attempt {
        Attempt {
            slot,
            name: self.slots[slot].name.clone(),
            kind: self.kinds[slot],
            made: self.is_made(slot),
            change,
            with: with.to_owned(),
            with_kind,
            edit,
        }
    }

    /// Other accounts of the same kind.
    fn other_parties(&self, slot: usize) -> Vec<Attempt> {
        let (own, kind) = (self.key(slot), self.kinds[slot]);
        let machine = &self.case.network.machine;
        // Another writable account of the instruction is an alias.
        let aliases: Vec<Pubkey> = self.aliased(slot).map(|other| self.key(other)).collect();
        let others = self.accounts.iter().filter(|(key, _)| **key != own);
        let others = others.filter(|(key, _)| !aliases.contains(key));
        // One account is enough if none is expected, as at an address that only signs.
        let (wanted, most) = match kind {
            AccountKind::Nothing => (AccountKind::Wallet, 1),
            kind => (kind, usize::MAX),
        };
        let others = others.filter(|(key, _)| AccountKind::at(machine, key) == wanted);
        let mut all: Vec<Attempt> = others
            .take(most)
            .map(|(key, name)| {
                let change = self.relation(slot, key);
                self.attempt(slot, change, (name, kind), Edit::Replace(*key))
            })
            .collect();
        let siblings = self.siblings.iter().filter(|(at, _)| *at == slot);
        all.extend(siblings.map(|(_, sibling)| {
            self.attempt(
                slot,
                Change::Sibling,
                ("sibling", kind),
                Edit::Replace(*sibling),
            )
        }));
        all
    }

    /// Other parties' accounts together with the accounts that they name. A check that only requires
    /// another account to name this one is no safer than the check of that account.
    fn related_parties(&self, slot: usize) -> Vec<Attempt> {
        let (own, kind) = (self.key(slot), self.kinds[slot]);
        let named = |key: &Pubkey| {
            let account = self.case.network.machine.account(key);
            account.map_or_else(Vec::new, |account| named_by(key, &account))
        };
        let before = named(&own);
        let others = self.accounts.iter().filter(|(key, _)| **key != own);
        let others = others.filter(|(key, _)| {
            matches!(kind, AccountKind::Millrace(_))
                && AccountKind::at(&self.case.network.machine, key) == kind
        });
        let related_parties = others.filter_map(|(key, name)| {
            let pairs = before
                .iter()
                .zip(named(key))
                .filter(|(old, new)| *old != new);
            let pairs: Vec<(Pubkey, Pubkey)> = pairs.map(|(old, new)| (*old, new)).collect();
            let slots = (0..self.slots.len()).filter(|other| *other != slot);
            let named = slots.filter_map(|other| {
                let mut pairs = pairs.iter();
                let (_, new) = pairs.find(|(old, _)| *old == self.key(other))?;
                Some((other, *new))
            });
            let mut swaps: Vec<(usize, Pubkey)> = named.collect();
            swaps.push((slot, *key));
            let whole = swaps.len() > 1;
            let edit = Edit::ReplaceMany(swaps);
            whole.then(|| self.attempt(slot, Change::OtherPartyWithRelated, (name, kind), edit))
        });
        related_parties.collect()
    }

    /// How another account differs from the expected one.
    fn relation(&self, slot: usize, other: &Pubkey) -> Change {
        let machine = &self.case.network.machine;
        let pair = [&self.key(slot), other].map(|key| machine.account(key));
        let (AccountKind::Token, [Some(own), Some(other)]) = (self.kinds[slot], pair) else {
            return Change::OtherParty;
        };
        match (
            own.data[..32] == other.data[..32],
            own.data[32..64] == other.data[32..64],
        ) {
            (true, true) => Change::Sibling,
            (true, false) => Change::OtherOwner,
            (false, _) => Change::OtherMint,
        }
    }

    /// The missing signature, and the signatures of all other parties.
    fn signatures(&self, slot: usize) -> Vec<Attempt> {
        let own = self.key(slot);
        let wallet = AccountKind::Wallet;
        let mut all = vec![self.attempt(
            slot,
            Change::Unsigned,
            ("itself", wallet),
            Edit::RemoveSignature,
        )];
        for (name, other) in signers() {
            if other.pubkey() != own {
                let edit = Edit::Replace(other.pubkey());
                all.push(self.attempt(slot, Change::OtherSigner, (&name, wallet), edit));
            }
        }
        all
    }

    /// Other writable accounts, if this one is writable.
    fn aliased(&self, slot: usize) -> impl Iterator<Item = usize> {
        let others = (0..self.slots.len()).filter(move |other| *other != slot);
        let others = others.filter(move |other| {
            let both = self.slots[slot].writable && self.slots[*other].writable;
            both && ![PROGRAM, self.key(slot)].contains(&self.key(*other))
        });
        // An account of a program cannot sign.
        others.filter(move |other| !self.slots[slot].signer || self.slots[*other].signer)
    }

    fn aliases(&self, slot: usize) -> impl Iterator<Item = Attempt> {
        self.aliased(slot).map(move |other| {
            let with = (self.slots[other].name.as_str(), self.kinds[other]);
            let change = if self.is_made(other) {
                Change::AliasOfNew
            } else {
                Change::Alias
            };
            self.attempt(slot, change, with, Edit::Replace(self.key(other)))
        })
    }

    /// The expected address with wrong content.
    fn rewritten(&self, slot: usize) -> Vec<Attempt> {
        let kind = self.kinds[slot];
        let machine = &self.case.network.machine;
        let Some(account) = machine.account(&self.key(slot)) else {
            return Vec::new();
        };
        let rewrite = |change, rewrite: &dyn Fn(&mut Account)| {
            let mut account = account.clone();
            rewrite(&mut account);
            self.attempt(slot, change, ("itself", kind), Edit::Rewrite(account))
        };
        let stolen = rewrite(Change::WrongOwner, &|a| {
            a.owner = Pubkey::new_from_array([200; 32])
        });
        match kind {
            AccountKind::Millrace(_) => vec![
                stolen,
                rewrite(Change::WrongType, &|a| a.data[0] ^= 0xff),
                rewrite(Change::Truncated, &|a| a.data.truncate(a.data.len() - 1)),
                rewrite(Change::Empty, &|a| a.data.clear()),
            ],
            AccountKind::Token | AccountKind::Mint => vec![stolen],
            _ => Vec::new(),
        }
    }
}

/// The addresses that an account of the program contains, in the order of its type.
fn named_by(address: &Pubkey, account: &Account) -> Vec<Pubkey> {
    let entity = (account.owner == PROGRAM).then(|| AnyAccount::decode(address, &account.data));
    match entity.flatten() {
        Some(AnyAccount::Bucket(account)) => vec![account.treasury],
        Some(AnyAccount::Orchestrator(account)) => {
            vec![account.key, account.bond_vault, account.payer]
        }
        Some(AnyAccount::Provider(account)) => {
            vec![
                account.authority,
                account.stake_vault,
                account.earnings_vault,
            ]
        }
        Some(AnyAccount::Client(account)) => vec![account.owner, account.escrow],
        Some(AnyAccount::Job(account, _)) => {
            let client = pda::client(&account.client);
            vec![account.client, client, pda::escrow(&client)]
        }
        Some(AnyAccount::Shard(account)) => vec![account.job, account.payer],
        Some(AnyAccount::Epoch(account)) => vec![account.payer],
        Some(AnyAccount::Challenge(account)) => vec![account.job, account.challenger],
        Some(AnyAccount::Network(_) | AnyAccount::Rewards(_)) | None => Vec::new(),
    }
}
