//! Invariants of every transaction: totals never decrease, terms never change, and no wallet loses
//! anything in a transaction that it did not sign.

use millrace_client::accounts::AnyAccount;
use millrace_client::instructions::Mints;
use millrace_client::pda;
use millrace_fixture::cases::parties::parties;
use millrace_fixture::{Machine, TestNetwork};
use millrace_program::state::{Job, Network, Provider};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The holdings of a wallet.
struct Holdings {
    owner: Pubkey,
    lamports: u64,
    /// Base units of each mint.
    tokens: [u64; 2],
}

/// The state before a transaction.
pub(crate) struct Before {
    holdings: Vec<Holdings>,
    entities: BTreeMap<Pubkey, AnyAccount>,
}

impl Before {
    /// Reads the state of a network. The program's own accounts are read only if they are not
    /// overwritten.
    pub(crate) fn read(network: &TestNetwork, tainted: bool) -> Self {
        let machine = &network.machine;
        let mut entities = BTreeMap::new();
        if !tainted {
            let all = machine.program_accounts().into_iter();
            let all = all.filter_map(|(key, a)| Some((key, AnyAccount::decode(&key, &a.data)?)));
            entities = all.collect();
        }
        let holdings = wallets(network.mints).iter().map(|wallet| Holdings {
            owner: wallet.owner,
            lamports: machine.lamports_of(&wallet.owner),
            tokens: wallet
                .token_accounts
                .map(|token_account| tokens(machine, &token_account)),
        });
        Self {
            holdings: holdings.collect(),
            entities,
        }
    }

    /// Compares with the state after the successful transaction `sent`, and returns the violated
    /// invariant.
    pub(crate) fn compare(
        &self,
        network: &TestNetwork,
        sent: &[Instruction],
        tainted: bool,
    ) -> Option<String> {
        let metas = || sent.iter().flat_map(|instruction| &instruction.accounts);
        let signed = |key: &Pubkey| metas().any(|meta| meta.is_signer && meta.pubkey == *key);
        let after = Self::read(network, tainted);
        for (before, after) in self.holdings.iter().zip(&after.holdings) {
            let owner = before.owner;
            let lost = before.lamports > after.lamports
                || before.tokens.iter().zip(after.tokens).any(|(b, a)| *b > a);
            if lost && !signed(&owner) {
                return Some(format!("{owner} lost lamports or tokens without signing"));
            }
        }
        for (key, before) in &self.entities {
            let wrong = match (before, after.entities.get(key)) {
                (AnyAccount::Network(b), Some(AnyAccount::Network(a))) => {
                    network_change(b, a, &signed)
                }
                (AnyAccount::Provider(b), Some(AnyAccount::Provider(a))) => {
                    provider_change(b, a, &signed)
                }
                (AnyAccount::Job(b, _), Some(AnyAccount::Job(a, _))) => job_change(b, a),
                (AnyAccount::Client(b), Some(AnyAccount::Client(a))) => {
                    (b.owner != a.owner || b.escrow != a.escrow || b.next_nonce > a.next_nonce)
                        .then_some("a total of a client decreased")
                }
                (AnyAccount::Rewards(b), Some(AnyAccount::Rewards(a))) => {
                    (b.funded > a.funded || b.promised > a.promised || b.paid > a.paid)
                        .then_some("a total of the rewards decreased")
                }
                (AnyAccount::Network(_) | AnyAccount::Rewards(_) | AnyAccount::Bucket(_), None) => {
                    Some("a permanent account was closed")
                }
                (_, None) => None,
                (b, Some(a)) if std::mem::discriminant(b) != std::mem::discriminant(a) => {
                    Some("an account changed its type")
                }
                _ => None,
            };
            if let Some(wrong) = wrong {
                return Some(format!("{wrong}: {key}"));
            }
        }
        None
    }
}

/// The invariant that a change of the network violates.
fn network_change(
    b: &Network,
    a: &Network,
    signed: &dyn Fn(&Pubkey) -> bool,
) -> Option<&'static str> {
    let fixed = |n: &Network| {
        (
            n.network_id,
            n.stake_mint,
            n.payment_mint,
            n.bump,
            n.version,
        )
    };
    let schedule = |n: &Network| {
        (
            n.epochs_started_at,
            n.emission,
            n.epoch_secs,
            n.halving_epochs,
        )
    };
    if fixed(b) != fixed(a) || schedule(b) != schedule(a) {
        return Some("a fixed field of the network changed");
    }
    if b.authority != a.authority && !signed(&b.pending_authority) {
        return Some("the authority changed without its acceptance");
    }
    let paused = |n: &Network| Network { paused: 0, ..*n };
    let rest_stays = bytemuck::bytes_of(&paused(b)) == bytemuck::bytes_of(&paused(a));
    let by_authority = signed(&b.authority) || signed(&b.pending_authority);
    if !rest_stays && !by_authority {
        return Some("the network changed without its authority");
    }
    (b.paused != a.paused && !by_authority && !signed(&b.pauser))
        .then_some("another party paused or resumed")
}

/// The invariant that a change of a provider violates.
fn provider_change(
    b: &Provider,
    a: &Provider,
    signed: &dyn Fn(&Pubkey) -> bool,
) -> Option<&'static str> {
    let fixed = |p: &Provider| {
        (
            p.authority,
            p.stake_vault,
            p.earnings_vault,
            p.registered_at,
        )
    };
    let offer = |p: &Provider| {
        let machine = (p.memory_mb, p.cores, p.gpus, p.gpu_model);
        let place = (p.sealing_key, p.supplier, p.region);
        let seats = (p.ask_price, p.max_open_seats, p.max_seat_lock);
        (p.operator, machine, place, seats)
    };
    if fixed(b) != fixed(a) {
        return Some("a fixed field of a provider changed");
    }
    if offer(b) != offer(a) && !signed(&b.authority) {
        return Some("an offer changed without its provider");
    }
    if b.withdrawn != a.withdrawn && !signed(&b.authority) {
        return Some("stake was withdrawn without its provider");
    }
    let sums = |p: &Provider| [p.deposited, p.withdrawn, p.slashed, p.earned, p.claimed];
    let counts = |p: &Provider| [p.agreed, p.disagreed, p.late];
    let back = sums(b).iter().zip(sums(a)).any(|(b, a)| *b > a)
        || counts(b).iter().zip(counts(a)).any(|(b, a)| *b > a);
    back.then_some("a total of a provider decreased")
}

/// The invariant that a change of a job violates.
fn job_change(b: &Job, a: &Job) -> Option<&'static str> {
    let whose = |j: &Job| (j.client, j.manifest, j.orchestrator, j.nonce, j.posted_at);
    let price = |j: &Job| (j.price_cap, j.max_units, j.seat_lock, j.shards, j.deadline);
    let windows = |j: &Job| {
        (
            j.commit_secs,
            j.reveal_secs,
            j.challenge_secs,
            j.accept_secs,
        )
    };
    let shares = |j: &Job| (j.fee_bps, j.slash_bps, j.late_bps, j.audit_bps);
    let seats = |j: &Job| (j.mode, j.replicas, j.quorum, j.max_replicas, j.draw_slots);
    if (whose(b), price(b), windows(b)) != (whose(a), price(a), windows(a))
        || (shares(b), seats(b)) != (shares(a), seats(a))
    {
        return Some("the terms of a job changed");
    }
    let sums = |j: &Job| [j.paid, j.refunded, j.fee, j.compensated, j.deposited];
    let counts = |j: &Job| [j.created, j.settled, j.failed, j.cancelled];
    let back = sums(b).iter().zip(sums(a)).any(|(b, a)| *b > a)
        || counts(b).iter().zip(counts(a)).any(|(b, a)| *b > a);
    back.then_some("a total of a job decreased")
}

/// The addresses of a wallet.
struct Wallet {
    owner: Pubkey,
    /// The token account of each mint.
    token_accounts: [Pubkey; 2],
}

/// All wallets. The mints are the same in every case.
fn wallets(mints: Mints) -> &'static [Wallet] {
    static WALLETS: OnceLock<Vec<Wallet>> = OnceLock::new();
    WALLETS.get_or_init(|| {
        let owners = parties().into_iter().map(|(_, key)| key.pubkey());
        let wallet = |owner| Wallet {
            owner,
            token_accounts: [mints.stake, mints.payment]
                .map(|mint| pda::token_account(&owner, &mint)),
        };
        owners.map(wallet).collect()
    })
}

/// The balance of a token account, or 0 if it does not exist.
fn tokens(machine: &Machine, account: &Pubkey) -> u64 {
    const AMOUNT: std::ops::Range<usize> = 64..72;
    let account = machine.account(account);
    let amount = account
        .as_ref()
        .and_then(|account| account.data.get(AMOUNT));
    let amount = amount.and_then(|bytes| bytes.try_into().ok());
    amount.map_or(0, u64::from_le_bytes)
}
