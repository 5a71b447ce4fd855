use super::build::{INSTRUCTIONS_SYSVAR, build};
use super::ed25519::{SignedStatement, ed25519_check};
use super::mints::Mints;
use super::shard_ref::ShardRef;
use crate::pda::{self, PROGRAM, SYSTEM_PROGRAM};
use millrace_program::state::Offer;
use millrace_program::{RegisterProviderArgs, RevealEntry, accounts, instruction as ix};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// Registers a provider with two vaults. Signed by `authority`, its cold key, which pays the rent.
pub fn register_provider(
    authority: Pubkey,
    mints: Mints,
    args: RegisterProviderArgs,
) -> Instruction {
    let provider = pda::provider(&authority);
    build(
        accounts::RegisterProvider {
            authority,
            network: pda::network(),
            provider,
            stake_mint: mints.stake,
            payment_mint: mints.payment,
            stake_vault: pda::stake_vault(&provider),
            earnings_vault: pda::earnings_vault(&provider),
            token_program: mints.stake_program,
            payment_token_program: mints.payment_program,
            system_program: SYSTEM_PROGRAM,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::RegisterProvider { args },
    )
}

/// Replaces a provider's offer. Signed by its authority.
pub fn update_provider(authority: Pubkey, offer: Offer) -> Instruction {
    build(
        accounts::UpdateProvider {
            authority,
            provider: pda::provider(&authority),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::UpdateProvider { offer },
    )
}

/// Replaces a provider's operator, its hot key. Signed by its authority.
pub fn rotate_operator(authority: Pubkey, operator: Pubkey) -> Instruction {
    build(
        accounts::RotateOperator {
            authority,
            provider: pda::provider(&authority),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::RotateOperator { operator },
    )
}

/// Adds to a provider's stake from the funder's associated token account. Signed by the funder. `amount` is in
/// base units.
pub fn stake(funder: Pubkey, provider: Pubkey, mints: Mints, amount: u64) -> Instruction {
    build(
        accounts::Stake {
            funder,
            network: pda::network(),
            provider,
            stake_mint: mints.stake,
            source: mints.stake_account(&funder),
            stake_vault: pda::stake_vault(&provider),
            token_program: mints.stake_program,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::Stake { amount },
    )
}

/// Starts to unbond free stake. Signed by the authority. `amount` is in base units.
pub fn request_unstake(authority: Pubkey, amount: u64) -> Instruction {
    build(
        accounts::RequestUnstake {
            authority,
            network: pda::network(),
            provider: pda::provider(&authority),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::RequestUnstake { amount },
    )
}

/// Withdraws unbonded stake to the authority's associated token account, which must exist. Signed by the
/// authority.
pub fn withdraw_stake(authority: Pubkey, mints: Mints) -> Instruction {
    let provider = pda::provider(&authority);
    build(
        accounts::WithdrawStake {
            authority,
            provider,
            stake_vault: pda::stake_vault(&provider),
            stake_mint: mints.stake,
            destination: mints.stake_account(&authority),
            token_program: mints.stake_program,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::WithdrawStake {},
    )
}

/// Removes a provider that holds nothing any more. The authority's associated token accounts must exist. Signed
/// by the authority.
pub fn deregister(authority: Pubkey, mints: Mints) -> Instruction {
    let provider = pda::provider(&authority);
    build(
        accounts::Deregister {
            authority,
            provider,
            stake_vault: pda::stake_vault(&provider),
            stake_mint: mints.stake,
            stake_destination: mints.stake_account(&authority),
            stake_token_program: mints.stake_program,
            earnings_vault: pda::earnings_vault(&provider),
            payment_mint: mints.payment,
            earnings_destination: mints.payment_account(&authority),
            payment_token_program: mints.payment_program,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::Deregister {},
    )
}

/// Declines a seat: the check of the operator's signature and `decline_seat`, which must follow each other in
/// this order. Needs no signature.
pub fn decline_seat(
    shard_ref: ShardRef,
    seat: u8,
    provider: Pubkey,
    refusal: &SignedStatement,
) -> [Instruction; 2] {
    let decline = build(
        accounts::DeclineSeat {
            network: pda::network(),
            job: shard_ref.job,
            shard: shard_ref.account(),
            provider,
            instructions: INSTRUCTIONS_SYSVAR,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::DeclineSeat { seat },
    );
    [ed25519_check(std::slice::from_ref(refusal)), decline]
}

/// Reveals results without the orchestrator. Needs no signature.
pub fn reveal_seats(shard_ref: ShardRef, entries: Vec<RevealEntry>) -> Instruction {
    build(
        accounts::RevealSeats {
            network: pda::network(),
            job: shard_ref.job,
            shard: shard_ref.account(),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::RevealSeats { entries },
    )
}

/// Pays out all earnings to the authority's associated token account, which must exist. Needs no signature.
pub fn claim_earnings(authority: &Pubkey, mints: Mints) -> Instruction {
    let provider = pda::provider(authority);
    build(
        accounts::ClaimEarnings {
            provider,
            earnings_vault: pda::earnings_vault(&provider),
            payment_mint: mints.payment,
            destination: mints.payment_account(authority),
            token_program: mints.payment_program,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::ClaimEarnings {},
    )
}

/// Credits a provider's points of a closed epoch as rewards. `payer` paid the rent of the epoch's account. Needs
/// no signature.
pub fn bank_rewards(provider: Pubkey, number: u32, payer: Pubkey) -> Instruction {
    build(
        accounts::BankRewards {
            epoch: pda::epoch(number),
            payer,
            provider,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::BankRewards {},
    )
}

/// Pays out all banked rewards to the authority's associated token account, which must exist. Needs no signature.
pub fn claim_rewards(authority: &Pubkey, mints: Mints) -> Instruction {
    build(
        accounts::ClaimRewards {
            provider: pda::provider(authority),
            rewards: pda::rewards(),
            vault: pda::rewards_vault(),
            stake_mint: mints.stake,
            destination: mints.stake_account(authority),
            token_program: mints.stake_program,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::ClaimRewards {},
    )
}
