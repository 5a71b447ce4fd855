use super::{Mints, build, with_writable};
use crate::pda;
use crate::pda::{PROGRAM, SYSTEM_PROGRAM};
use millrace_program::constants::BUCKETS;
use millrace_program::state::NetworkParameters;
use millrace_program::{InitializeNetworkArgs, accounts, instruction as ix};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

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
            network: pda::network(),
            stake_mint: mints.stake,
            payment_mint: mints.payment,
            this_program: PROGRAM,
            program_data: upgradeable.then(pda::program_data),
            system_program: SYSTEM_PROGRAM,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::InitializeNetwork { args },
    )
}

/// `propose_authority`.
pub fn propose_authority(authority: Pubkey, proposed: Pubkey) -> Instruction {
    build(
        accounts::ProposeAuthority {
            authority,
            network: pda::network(),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::ProposeAuthority { proposed },
    )
}

/// `accept_authority`.
pub fn accept_authority(pending_authority: Pubkey) -> Instruction {
    build(
        accounts::AcceptAuthority {
            pending_authority,
            network: pda::network(),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::AcceptAuthority {},
    )
}

/// `set_pauser`.
pub fn set_pauser(authority: Pubkey, pauser: Pubkey) -> Instruction {
    build(
        accounts::SetPauser {
            authority,
            network: pda::network(),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::SetPauser { pauser },
    )
}

/// `set_parameters`.
pub fn set_parameters(authority: Pubkey, parameters: NetworkParameters) -> Instruction {
    build(
        accounts::SetParameters {
            authority,
            network: pda::network(),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::SetParameters { parameters },
    )
}

fn pausing(pauser: Pubkey) -> accounts::Pause {
    accounts::Pause {
        pauser,
        network: pda::network(),
        event_authority: pda::event_authority(),
        program: PROGRAM,
    }
}

/// `pause`.
pub fn pause(pauser: Pubkey) -> Instruction {
    build(pausing(pauser), ix::Pause {})
}

/// `resume`.
pub fn resume(pauser: Pubkey) -> Instruction {
    build(pausing(pauser), ix::Resume {})
}

/// `open_bucket`.
pub fn open_bucket(payer: Pubkey, mints: Mints, index: u8) -> Instruction {
    build(
        accounts::OpenBucket {
            payer,
            network: pda::network(),
            bucket: pda::bucket(index),
            payment_mint: mints.payment,
            payment_treasury: pda::treasury(&mints.payment, index),
            payment_token_program: mints.payment_program,
            stake_mint: mints.stake,
            stake_treasury: pda::treasury(&mints.stake, index),
            stake_token_program: mints.stake_program,
            system_program: SYSTEM_PROGRAM,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::OpenBucket { index },
    )
}

/// `withdraw_treasury` of the payment mint's vault to `destination`.
pub fn withdraw_treasury(
    authority: Pubkey,
    mints: Mints,
    index: u8,
    destination: Pubkey,
    amount: u64,
) -> Instruction {
    build(
        accounts::WithdrawTreasury {
            authority,
            network: pda::network(),
            bucket: pda::bucket(index),
            treasury: pda::treasury(&mints.payment, index),
            mint: mints.payment,
            destination,
            token_program: mints.payment_program,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::WithdrawTreasury { amount },
    )
}

/// `register_orchestrator`.
pub fn register_orchestrator(authority: Pubkey, key: Pubkey, mints: Mints) -> Instruction {
    let orchestrator = pda::orchestrator(&key);
    build(
        accounts::RegisterOrchestrator {
            authority,
            network: pda::network(),
            orchestrator,
            stake_mint: mints.stake,
            bond_vault: pda::bond_vault(&orchestrator),
            token_program: mints.stake_program,
            system_program: SYSTEM_PROGRAM,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::RegisterOrchestrator { key },
    )
}

/// `bond` from the funder's associated token account.
pub fn bond(funder: Pubkey, key: &Pubkey, mints: Mints, amount: u64) -> Instruction {
    let orchestrator = pda::orchestrator(key);
    build(
        accounts::Bond {
            funder,
            orchestrator,
            stake_mint: mints.stake,
            source: mints.stake_account(&funder),
            bond_vault: pda::bond_vault(&orchestrator),
            token_program: mints.stake_program,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::Bond { amount },
    )
}

/// `retire_orchestrator`.
pub fn retire_orchestrator(signer: Pubkey, key: &Pubkey) -> Instruction {
    build(
        accounts::RetireOrchestrator {
            signer,
            network: pda::network(),
            orchestrator: pda::orchestrator(key),
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::RetireOrchestrator {},
    )
}

/// `withdraw_bond` to the key's associated token account, which must exist; the rent goes to `payer`.
pub fn withdraw_bond(key: &Pubkey, payer: Pubkey, mints: Mints) -> Instruction {
    let orchestrator = pda::orchestrator(key);
    build(
        accounts::WithdrawBond {
            network: pda::network(),
            orchestrator,
            payer,
            bond_vault: pda::bond_vault(&orchestrator),
            stake_mint: mints.stake,
            destination: mints.stake_account(key),
            token_program: mints.stake_program,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::WithdrawBond {},
    )
}

/// `open_rewards`.
pub fn open_rewards(payer: Pubkey, mints: Mints) -> Instruction {
    build(
        accounts::OpenRewards {
            payer,
            network: pda::network(),
            rewards: pda::rewards(),
            stake_mint: mints.stake,
            vault: pda::rewards_vault(),
            token_program: mints.stake_program,
            system_program: SYSTEM_PROGRAM,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::OpenRewards {},
    )
}

/// `fund_rewards` from the funder's associated token account.
pub fn fund_rewards(funder: Pubkey, mints: Mints, amount: u64) -> Instruction {
    build(
        accounts::FundRewards {
            funder,
            rewards: pda::rewards(),
            stake_mint: mints.stake,
            source: mints.stake_account(&funder),
            vault: pda::rewards_vault(),
            token_program: mints.stake_program,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::FundRewards { amount },
    )
}

/// `close_epoch`.
pub fn close_epoch(payer: Pubkey, number: u32) -> Instruction {
    let instruction = build(
        accounts::CloseEpoch {
            payer,
            network: pda::network(),
            rewards: pda::rewards(),
            epoch: pda::epoch(number),
            system_program: SYSTEM_PROGRAM,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::CloseEpoch { number },
    );
    with_writable(instruction, (0..BUCKETS).map(pda::bucket))
}
