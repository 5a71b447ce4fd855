//! Instructions of the program, with every account in its place.

use crate::address::{self, PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM};
use anchor_lang::{InstructionData, ToAccountMetas};
use millrace_program::state::{Job, Network, Shard, treasury_bucket};
use millrace_program::{
    CommitmentEntry, InitializeNetworkArgs, PostJobArgs, RegisterProviderArgs, RevealEntry,
    accounts, instruction as ix,
};
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;

const ED25519_PROGRAM: Pubkey = pubkey!("Ed25519SigVerify111111111111111111111111111");
const INSTRUCTIONS_SYSVAR: Pubkey = pubkey!("Sysvar1nstructions1111111111111111111111111");

fn build(accounts: impl ToAccountMetas, data: impl InstructionData) -> Instruction {
    Instruction {
        program_id: PROGRAM,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}

fn with_writable(
    mut instruction: Instruction,
    keys: impl IntoIterator<Item = Pubkey>,
) -> Instruction {
    let metas = keys.into_iter().map(|key| AccountMeta::new(key, false));
    instruction.accounts.extend(metas);
    instruction
}

/// The two mints of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mints {
    /// Mint of stake.
    pub stake: Pubkey,
    /// Mint of payments.
    pub payment: Pubkey,
}

impl From<&Network> for Mints {
    fn from(network: &Network) -> Self {
        Self {
            stake: network.stake_mint,
            payment: network.payment_mint,
        }
    }
}

/// `initialize_network`; `upgradeable` where the upgradeable loader holds the program.
pub fn initialize_network(
    authority: Pubkey,
    mints: Mints,
    upgradeable: bool,
    args: InitializeNetworkArgs,
) -> Instruction {
    build(
        accounts::InitializeNetwork {
            authority,
            network: address::network(),
            stake_mint: mints.stake,
            payment_mint: mints.payment,
            this_program: PROGRAM,
            program_data: upgradeable.then(address::program_data),
            system_program: SYSTEM_PROGRAM,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::InitializeNetwork { args },
    )
}

/// `open_treasury`.
pub fn open_treasury(payer: Pubkey, mint: Pubkey, bucket: u8) -> Instruction {
    build(
        accounts::OpenTreasury {
            payer,
            network: address::network(),
            mint,
            treasury: address::treasury(&mint, bucket),
            token_program: TOKEN_PROGRAM,
            system_program: SYSTEM_PROGRAM,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::OpenTreasury { bucket },
    )
}

/// `register_orchestrator`.
pub fn register_orchestrator(authority: Pubkey, key: Pubkey) -> Instruction {
    build(
        accounts::RegisterOrchestrator {
            authority,
            network: address::network(),
            orchestrator: address::orchestrator(&key),
            system_program: SYSTEM_PROGRAM,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::RegisterOrchestrator { key },
    )
}

/// `register_provider`.
pub fn register_provider(
    authority: Pubkey,
    mints: Mints,
    args: RegisterProviderArgs,
) -> Instruction {
    let provider = address::provider(&authority);
    build(
        accounts::RegisterProvider {
            authority,
            network: address::network(),
            provider,
            stake_mint: mints.stake,
            payment_mint: mints.payment,
            stake_vault: address::stake_vault(&provider),
            earnings_vault: address::earnings_vault(&provider),
            token_program: TOKEN_PROGRAM,
            system_program: SYSTEM_PROGRAM,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::RegisterProvider { args },
    )
}

/// `stake` from the funder's associated token account.
pub fn stake(funder: Pubkey, provider: Pubkey, mints: Mints, amount: u64) -> Instruction {
    build(
        accounts::Stake {
            funder,
            network: address::network(),
            provider,
            stake_mint: mints.stake,
            source: address::token_account(&funder, &mints.stake),
            stake_vault: address::stake_vault(&provider),
            token_program: TOKEN_PROGRAM,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::Stake { amount },
    )
}

/// `claim_earnings` to the authority's associated token account, which must exist.
pub fn claim_earnings(authority: &Pubkey, mints: Mints) -> Instruction {
    let provider = address::provider(authority);
    build(
        accounts::ClaimEarnings {
            provider,
            earnings_vault: address::earnings_vault(&provider),
            payment_mint: mints.payment,
            destination: address::token_account(authority, &mints.payment),
            token_program: TOKEN_PROGRAM,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::ClaimEarnings {},
    )
}

/// `open_client`.
pub fn open_client(owner: Pubkey, mints: Mints) -> Instruction {
    let client = address::client(&owner);
    build(
        accounts::OpenClient {
            owner,
            network: address::network(),
            client,
            payment_mint: mints.payment,
            escrow: address::escrow(&client),
            token_program: TOKEN_PROGRAM,
            system_program: SYSTEM_PROGRAM,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::OpenClient {},
    )
}

/// `post_job` with the deposit from the owner's associated token account.
pub fn post_job(owner: Pubkey, mints: Mints, args: PostJobArgs) -> Instruction {
    let client = address::client(&owner);
    build(
        accounts::PostJob {
            owner,
            network: address::network(),
            client,
            job: address::job(&owner, args.nonce),
            payment_mint: mints.payment,
            source: address::token_account(&owner, &mints.payment),
            escrow: address::escrow(&client),
            token_program: TOKEN_PROGRAM,
            system_program: SYSTEM_PROGRAM,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::PostJob { args },
    )
}

/// `cancel_job` with the refund to the owner's associated token account.
pub fn cancel_job(owner: Pubkey, job: Pubkey, mints: Mints) -> Instruction {
    let client = address::client(&owner);
    build(
        accounts::CancelJob {
            owner,
            client,
            job,
            escrow: address::escrow(&client),
            payment_mint: mints.payment,
            destination: address::token_account(&owner, &mints.payment),
            token_program: TOKEN_PROGRAM,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::CancelJob {},
    )
}

/// `assign_seats` of `providers` at a shard.
pub fn assign_seats(key: Pubkey, job: Pubkey, index: u32, providers: &[Pubkey]) -> Instruction {
    let instruction = build(
        accounts::AssignSeats {
            key,
            orchestrator: address::orchestrator(&key),
            network: address::network(),
            job,
            shard: address::shard(&job, index),
            system_program: SYSTEM_PROGRAM,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::AssignSeats { index },
    );
    with_writable(instruction, providers.iter().copied())
}

/// A commitment with the operator's signature over its statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedCommitment {
    /// The seat.
    pub seat: u8,
    /// The provider in it.
    pub provider: Pubkey,
    /// Its operator key.
    pub operator: Pubkey,
    /// The commitment.
    pub commitment: [u8; 32],
    /// The statement that was signed.
    pub statement: [u8; 32],
    /// The signature.
    pub signature: [u8; 64],
}

/// The ed25519 check and `record_commitments`; they must follow one another in this order.
pub fn record_commitments(shard: Pubkey, commitments: &[SignedCommitment]) -> [Instruction; 2] {
    let record = build(
        accounts::RecordCommitments {
            network: address::network(),
            shard,
            instructions: INSTRUCTIONS_SYSVAR,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::RecordCommitments {
            entries: commitments
                .iter()
                .map(|c| CommitmentEntry {
                    seat: c.seat,
                    commitment: c.commitment,
                })
                .collect(),
        },
    );
    let mut record = record;
    let metas = commitments
        .iter()
        .map(|c| AccountMeta::new_readonly(c.provider, false));
    record.accounts.extend(metas);
    [ed25519_check(commitments), record]
}

/// Layout: count, padding, 14 bytes of offsets each, then key, signature and message each.
fn ed25519_check(commitments: &[SignedCommitment]) -> Instruction {
    const ENTRY: usize = 32 + 64 + 32;
    let count = commitments.len();
    let start = 2 + 14 * count;
    let mut data = vec![count as u8, 0];
    for i in 0..count {
        let at = (start + ENTRY * i) as u16;
        for field in [at + 32, u16::MAX, at, u16::MAX, at + 96, 32, u16::MAX] {
            data.extend(field.to_le_bytes());
        }
    }
    for c in commitments {
        data.extend(c.operator.to_bytes());
        data.extend(c.signature);
        data.extend(c.statement);
    }
    Instruction {
        program_id: ED25519_PROGRAM,
        accounts: Vec::new(),
        data,
    }
}

/// `record_reveals`.
pub fn record_reveals(
    key: Pubkey,
    job: Pubkey,
    shard: Pubkey,
    entries: Vec<RevealEntry>,
) -> Instruction {
    build(
        accounts::RecordReveals {
            key,
            orchestrator: address::orchestrator(&key),
            network: address::network(),
            job,
            shard,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::RecordReveals { entries },
    )
}

/// `settle_shard`, with the accounts of every occupied seat of `shard` as it is now.
pub fn settle_shard(job: Pubkey, books: &Job, shard: &Shard, mints: Mints) -> Instruction {
    let client = address::client(&books.client);
    let bucket = treasury_bucket(&job);
    let instruction = build(
        accounts::SettleShard {
            network: address::network(),
            client,
            job,
            shard: address::shard(&job, shard.index),
            escrow: address::escrow(&client),
            payment_mint: mints.payment,
            fee_treasury: address::treasury(&mints.payment, bucket),
            stake_mint: mints.stake,
            slash_treasury: address::treasury(&mints.stake, bucket),
            token_program: TOKEN_PROGRAM,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::SettleShard {},
    );
    let seats = shard.seats.iter().filter(|seat| seat.is_live());
    let keys = seats.flat_map(|seat| {
        let provider = seat.provider;
        [
            provider,
            address::earnings_vault(&provider),
            address::stake_vault(&provider),
        ]
    });
    with_writable(instruction, keys)
}

/// `expire_seat`.
pub fn expire_seat(
    job: Pubkey,
    index: u32,
    seat: u8,
    provider: Pubkey,
    mints: Mints,
) -> Instruction {
    build(
        accounts::ExpireSeat {
            network: address::network(),
            job,
            shard: address::shard(&job, index),
            provider,
            stake_vault: address::stake_vault(&provider),
            stake_mint: mints.stake,
            treasury: address::treasury(&mints.stake, treasury_bucket(&job)),
            token_program: TOKEN_PROGRAM,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::ExpireSeat { seat },
    )
}

/// `expire_job`.
pub fn expire_job(job: Pubkey) -> Instruction {
    build(
        accounts::ExpireJob {
            job,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::ExpireJob {},
    )
}

/// `close_job` for the `shards` given as (account, payer of its rent); the refund goes to the client's
/// associated token account, which must exist.
pub fn close_job(
    job: Pubkey,
    owner: Pubkey,
    shards: &[(Pubkey, Pubkey)],
    mints: Mints,
) -> Instruction {
    let client = address::client(&owner);
    let instruction = build(
        accounts::CloseJob {
            client,
            owner,
            job,
            escrow: address::escrow(&client),
            payment_mint: mints.payment,
            destination: address::token_account(&owner, &mints.payment),
            token_program: TOKEN_PROGRAM,
            event_authority: address::event_authority(),
            program: PROGRAM,
        },
        ix::CloseJob {},
    );
    with_writable(
        instruction,
        shards.iter().flat_map(|(shard, payer)| [*shard, *payer]),
    )
}

/// Creates the associated token account of `owner` unless it is there.
pub fn create_token_account(payer: &Pubkey, owner: &Pubkey, mint: &Pubkey) -> Instruction {
    spl_associated_token_account_interface::instruction::create_associated_token_account_idempotent(
        payer,
        owner,
        mint,
        &TOKEN_PROGRAM,
    )
}
