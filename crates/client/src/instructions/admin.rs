use super::build::{build, with_writable};
use super::mints::Mints;
use crate::pda::{self, PROGRAM, SYSTEM_PROGRAM};
use millrace_program::constants::BUCKETS;
use millrace_program::state::NetworkParameters;
use millrace_program::{InitializeNetworkArgs, accounts, instruction as ix};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// Creates the network. Signed by the program's upgrade authority; by anyone if no loader can upgrade the
/// program, for which `upgradeable` is `false`.
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

/// Proposes a new authority of the network. Signed by the current authority.
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

/// Makes the proposed key the authority of the network. Signed by the proposed key.
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

/// Sets the key that may pause the network. Signed by the authority.
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

/// Sets the network's parameters. Signed by the authority.
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

/// Pauses the network. Signed by the pauser.
pub fn pause(pauser: Pubkey) -> Instruction {
    build(pausing(pauser), ix::Pause {})
}

/// Ends a pause of the network. Signed by the pauser.
pub fn resume(pauser: Pubkey) -> Instruction {
    build(pausing(pauser), ix::Resume {})
}

/// Opens a bucket and its treasury vault. Signed by `payer`, who pays their rent.
pub fn open_bucket(payer: Pubkey, mints: Mints, index: u8) -> Instruction {
    build(
        accounts::OpenBucket {
            payer,
            network: pda::network(),
            bucket: pda::bucket(index),
            payment_mint: mints.payment,
            treasury: pda::treasury(&mints.payment, index),
            token_program: mints.payment_program,
            system_program: SYSTEM_PROGRAM,
            event_authority: pda::event_authority(),
            program: PROGRAM,
        },
        ix::OpenBucket { index },
    )
}

/// Withdraws from the treasury vault of a bucket to `destination`, a token account. Signed
/// by the authority. `amount` is in base units.
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

/// Registers an orchestrator with this key. Signed by the network's authority, which pays the rent.
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

/// Adds to an orchestrator's bond from the funder's associated token account. Signed by the funder. `amount`
/// is in base units.
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

/// Retires an orchestrator. Signed by its key or by the network's authority.
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

/// Returns the bond of a retired orchestrator to the associated token account of its key, which must exist, and
/// the rent to `payer`, who registered it. Needs no signature.
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

/// Opens the account of rewards and its vault. Signed by `payer`, who pays their rent.
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

/// Adds to the rewards vault from the funder's associated token account. Signed by the funder. `amount` is in
/// base units.
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

/// Closes an epoch and promises its rewards. Signed by `payer`, who pays the rent of the epoch's account.
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
