use super::orchestrator::{SignedStatement, ed25519_check};
use super::{INSTRUCTIONS_SYSVAR, Mints, ShardRef, build};
use crate::pda;
use crate::pda::{PROGRAM, SYSTEM_PROGRAM};
use millrace_program::state::Offer;
use millrace_program::{RegisterProviderArgs, RevealEntry, accounts, instruction as ix};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// `register_provider`.
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

/// `update_provider`.
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

/// `rotate_operator`.
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

/// `stake` from the funder's associated token account.
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

/// `request_unstake`.
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

/// `withdraw_stake` to the authority's associated token account, which must exist.
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

/// `deregister`; the authority's associated token accounts must exist.
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

/// The ed25519 check of a refusal and `decline_seat`; they must follow one another in this order.
pub fn decline_seat(
    place: ShardRef,
    seat: u8,
    provider: Pubkey,
    refusal: &SignedStatement,
) -> [Instruction; 2] {
    let decline = build(
        accounts::DeclineSeat {
            network: pda::network(),
            job: place.job,
            shard: place.account(),
            provider,
            instructions: INSTRUCTIONS_SYSVAR,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::DeclineSeat { seat },
    );
    [ed25519_check(std::slice::from_ref(refusal)), decline]
}

/// `reveal_seats`.
pub fn reveal_seats(place: ShardRef, entries: Vec<RevealEntry>) -> Instruction {
    build(
        accounts::RevealSeats {
            network: pda::network(),
            job: place.job,
            shard: place.account(),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::RevealSeats { entries },
    )
}

/// `claim_earnings` to the authority's associated token account, which must exist.
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

/// `bank_rewards` of a closed epoch, whose rent `payer` paid.
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

/// `claim_rewards` to the authority's associated token account, which must exist.
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
