//! Initialization of networks: once, by the right key, with valid mints and parameters.

use millrace_client::instructions::Mints;
use millrace_client::{instructions, pda};
use millrace_fixture::{
    Loader, Machine, Outcome, PARAMETERS, REWARDS, RIGHT, SOL, Setup, TOKEN_2022, TestNetwork, key,
    refused, replace_account,
};
use millrace_program::InitializeNetworkArgs;
use millrace_program::constants::{
    MAX_DEADLINE_SECS, MAX_EPOCH_SECS, MAX_FEE_BPS, MAX_LATE_BPS, MAX_LOCK_BPS, MAX_SHARDS,
    MAX_UNBONDING_SECS, MAX_WINDOW_SECS, MIN_EPOCH_SECS,
};
use millrace_program::state::{Network, NetworkParameters, RewardSchedule};
use solana_sdk::account::Account;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;
use std::slice::from_ref;

/// A program without a network, with mints, and the upgrade authority.
fn without_network(loader: fn(Pubkey) -> Loader) -> (Machine, Mints, Keypair) {
    let upgrader = key(3);
    let mut machine = Machine::new(loader(upgrader.pubkey()));
    let mints = Setup::default().create_mints(&mut machine);
    machine.airdrop(&upgrader.pubkey(), SOL);
    (machine, mints, upgrader)
}

fn initialize_instruction(
    authority: &Keypair,
    mints: Mints,
    upgradeable: bool,
    parameters: NetworkParameters,
) -> Instruction {
    let args = initialize_args(parameters);
    instructions::initialize_network(authority.pubkey(), mints, upgradeable, args)
}

fn initialize_args(parameters: NetworkParameters) -> InitializeNetworkArgs {
    InitializeNetworkArgs {
        network_id: [9; 32],
        pauser: key(8).pubkey(),
        parameters,
        rewards: REWARDS,
    }
}

/// Initializes a network with changed parameters.
fn initialize_with(change: impl FnOnce(&mut NetworkParameters)) -> Outcome {
    let (mut machine, mints, upgrader) = without_network(Loader::Upgradeable);
    let mut parameters = PARAMETERS;
    change(&mut parameters);
    machine.send(
        &[initialize_instruction(&upgrader, mints, true, parameters)],
        &[&upgrader],
    )
}

#[test]
fn network_is_initialized_with_its_mints_and_parameters() {
    let network = TestNetwork::start();
    let account: Network = network.read(&pda::network());
    assert_eq!(account.network_id, [9; 32]);
    assert_eq!(account.authority, network.authority.pubkey());
    assert_eq!(account.pauser, network.authority.pubkey());
    assert_eq!(Mints::from(&account), network.mints);
    assert_eq!((account.fee_bps, account.paused), (250, 0));
}

#[test]
fn network_is_initialized_once() {
    let mut network = TestNetwork::start();
    let mut other = PARAMETERS;
    other.fee_bps = 0;
    refused(network.initialize(other), "AccountAlreadyInUse");
    let account: Network = network.read(&pda::network());
    assert_eq!(account.fee_bps, 250);
}

#[test]
fn only_the_upgrade_authority_initializes_the_network() {
    let (mut machine, mints, upgrader) = without_network(Loader::Upgradeable);
    let stranger = key(6);
    machine.airdrop(&stranger.pubkey(), SOL);
    let strangers = initialize_instruction(&stranger, mints, true, PARAMETERS);
    refused(
        machine.send(from_ref(&strangers), &[&stranger]),
        "NotAuthorized",
    );

    let without_data = initialize_instruction(&stranger, mints, false, PARAMETERS);
    refused(machine.send(&[without_data], &[&stranger]), "WrongAccount");

    // The same content at another address, with the stranger as the upgrade authority.
    let genuine = machine.account(&pda::program_data()).unwrap();
    let mut data = genuine.data.clone();
    let at = data
        .windows(32)
        .position(|w| w == upgrader.pubkey().as_ref());
    data[at.unwrap()..][..32].copy_from_slice(stranger.pubkey().as_ref());
    let forged = Pubkey::new_from_array([77; 32]);
    machine.set_account(forged, Account { data, ..genuine });
    let with_forged_data = replace_account(strangers, pda::program_data(), forged);
    refused(
        machine.send(&[with_forged_data], &[&stranger]),
        "WrongAccount",
    );

    let genuine = initialize_instruction(&upgrader, mints, true, PARAMETERS);
    machine.send(&[genuine], &[&upgrader]).unwrap();
}

#[test]
fn another_program_does_not_pass_as_this_one() {
    let (mut machine, mints, _) = without_network(Loader::Upgradeable);
    let stranger = key(6);
    machine.airdrop(&stranger.pubkey(), SOL);
    let mut posing = initialize_instruction(&stranger, mints, false, PARAMETERS);
    // The program is passed three times: as itself, in place of the missing program data, and last for
    // events.
    let this_program = &mut posing.accounts[4];
    assert_eq!(this_program.pubkey, pda::PROGRAM);
    this_program.pubkey = pda::TOKEN_PROGRAM;
    refused(machine.send(&[posing], &[&stranger]), "WrongAccount");
}

#[test]
fn network_of_a_final_program_is_initialized_by_the_first_caller() {
    let (mut machine, mints, _) = without_network(|_| Loader::Fixed);
    let first = key(6);
    machine.airdrop(&first.pubkey(), SOL);
    let initialize = initialize_instruction(&first, mints, false, PARAMETERS);
    machine.send(&[initialize], &[&first]).unwrap();
    let account: Network = machine.read(&pda::network());
    assert_eq!(account.authority, first.pubkey());
}

/// A mint of Token-2022 with extensions, each with its type and size.
fn extended_mint(machine: &mut Machine, number: u8, extensions: &[(u16, usize)]) -> Pubkey {
    /// The account type follows the size of a token account.
    const KIND: usize = 165;
    let mint = key(number).pubkey();
    machine.create_mint(mint, TOKEN_2022);
    let mut account = machine.account(&mint).unwrap();
    account.data.resize(KIND, 0);
    account.data.push(1);
    for (kind, length) in extensions {
        account.data.extend(kind.to_le_bytes());
        account.data.extend((*length as u16).to_le_bytes());
        account.data.extend(vec![0; *length]);
    }
    account.lamports *= 10;
    machine.set_account(mint, account);
    mint
}

/// Initializes a network with a mint with these extensions, once as the stake mint and once as the
/// payment mint, and expects the error.
#[track_caller]
fn does_not_take_a_mint_of(extensions: &[(u16, usize)], error: &str) {
    let (mut machine, mints, upgrader) = without_network(Loader::Upgradeable);
    let other = extended_mint(&mut machine, 9, extensions);
    for payment in [false, true] {
        let mut mints = mints;
        if payment {
            mints.payment = other
        } else {
            mints.stake = other
        }
        let initialize = initialize_instruction(&upgrader, mints, true, PARAMETERS);
        refused(machine.send(&[initialize], &[&upgrader]), error);
    }
}

#[test]
fn mint_extensions_that_could_change_balances_are_refused_by_name() {
    let hostile = [
        (1, "MintHasTransferFee"),
        (3, "MintHasCloseAuthority"),
        (4, "MintIsConfidential"),
        (6, "MintHasDefaultState"),
        (9, "MintIsNonTransferable"),
        (10, "MintIsInterestBearing"),
        (12, "MintHasPermanentDelegate"),
        (14, "MintHasTransferHook"),
        (16, "MintIsConfidential"),
        (24, "MintIsConfidential"),
        (25, "MintHasScaledAmounts"),
        (26, "MintIsPausable"),
        (28, "MintHasPermissionedBurn"),
        (29, "MintExtensionUnknown"),
        (u16::MAX, "MintExtensionUnknown"),
    ];
    for (kind, error) in hostile {
        does_not_take_a_mint_of(&[(kind, 32)], error);
        // A harmless extension before it does not hide it.
        does_not_take_a_mint_of(&[(18, 64), (kind, 32)], error);
    }
}

#[test]
fn plain_token_2022_mint_is_accepted() {
    let (mut machine, mut mints, upgrader) = without_network(Loader::Upgradeable);
    mints.stake = extended_mint(&mut machine, 9, &[(18, 64)]);
    let initialize = initialize_instruction(&upgrader, mints, true, PARAMETERS);
    machine.send(&[initialize], &[&upgrader]).unwrap();
}

#[test]
fn trailing_zeros_after_mint_extensions_are_ignored() {
    let (mut machine, mut mints, upgrader) = without_network(Loader::Upgradeable);
    mints.stake = extended_mint(&mut machine, 9, &[(18, 64), (0, 0)]);
    let initialize = initialize_instruction(&upgrader, mints, true, PARAMETERS);
    machine.send(&[initialize], &[&upgrader]).unwrap();
}

#[test]
fn mint_truncated_at_its_extensions_is_refused() {
    does_not_take_a_mint_of(&[], "MintNotSupported");
}

#[test]
fn account_that_is_not_a_mint_is_refused() {
    let (mut machine, mints, upgrader) = without_network(Loader::Upgradeable);
    let foreign = key(9).pubkey();
    machine.create_mint(foreign, upgrader.pubkey());
    for other in [foreign, upgrader.pubkey()] {
        let stake = Mints {
            stake: other,
            ..mints
        };
        let initialize = initialize_instruction(&upgrader, stake, true, PARAMETERS);
        refused(
            machine.send(&[initialize], &[&upgrader]),
            "MintNotSupported",
        );
    }
}

#[test]
fn uninitialized_mint_is_refused() {
    let (mut machine, mints, upgrader) = without_network(Loader::Upgradeable);
    let mut mint = machine.account(&mints.payment).unwrap();
    // The mint's `is_initialized` flag.
    mint.data[45] = 0;
    machine.set_account(mints.payment, mint);
    let initialize = initialize_instruction(&upgrader, mints, true, PARAMETERS);
    refused(
        machine.send(&[initialize], &[&upgrader]),
        "MintNotSupported",
    );
}

#[test]
fn reward_schedule_out_of_bounds_is_refused() {
    let beyond: [fn(&mut RewardSchedule); 3] = [
        |rewards| rewards.epoch_secs = MIN_EPOCH_SECS - 1,
        |rewards| rewards.epoch_secs = MAX_EPOCH_SECS + 1,
        |rewards| rewards.halving_epochs = 0,
    ];
    for change in beyond {
        let (mut machine, mints, upgrader) = without_network(Loader::Upgradeable);
        let mut args = initialize_args(PARAMETERS);
        change(&mut args.rewards);
        let initialize = instructions::initialize_network(upgrader.pubkey(), mints, true, args);
        refused(
            machine.send(&[initialize], &[&upgrader]),
            "ParameterOutOfBounds",
        );
    }
}

#[test]
fn wrapped_sol_is_refused_as_the_mint_of_stake() {
    let native = Pubkey::from_str_const("So11111111111111111111111111111111111111112");
    let (mut machine, mints, upgrader) = without_network(Loader::Upgradeable);
    machine.create_mint(native, mints.stake_program);
    let of_stake = Mints {
        stake: native,
        ..mints
    };
    let initialize = initialize_instruction(&upgrader, of_stake, true, PARAMETERS);
    refused(
        machine.send(&[initialize], &[&upgrader]),
        "StakeMintIsNative",
    );
    let of_payments = Mints {
        payment: native,
        ..mints
    };
    let initialize = initialize_instruction(&upgrader, of_payments, true, PARAMETERS);
    machine.send(&[initialize], &[&upgrader]).unwrap();
}

#[test]
fn treasury_of_a_bucket_uses_the_networks_mint() {
    let (mut machine, mints, upgrader) = without_network(Loader::Upgradeable);
    let initialize = initialize_instruction(&upgrader, mints, true, PARAMETERS);
    machine.send(&[initialize], &[&upgrader]).unwrap();
    let third = key(9).pubkey();
    machine.create_mint(third, mints.stake_program);
    let wrong = Mints {
        payment: third,
        ..mints
    };
    let open = instructions::open_bucket(upgrader.pubkey(), wrong, 0);
    refused(machine.send(&[open], &[&upgrader]), "WrongAccount");
    let open = instructions::open_bucket(upgrader.pubkey(), mints, 0);
    machine.send(&[open], &[&upgrader]).unwrap();
}

#[test]
fn parameters_at_their_bounds_are_accepted() {
    initialize_with(|p| {
        p.min_stake = 1;
        p.lock_bps = 1;
        p.accept_secs = 0;
        (p.min_window_secs, p.max_window_secs) = (3, 3);
        (p.max_deadline_secs, p.unbonding_secs) = (1, 1);
        p.max_shards = 1;
        (p.fee_bps, p.slash_bps, p.late_bps) = (0, 0, 0);
        p.max_replicas = 1;
    })
    .unwrap();
    initialize_with(|p| {
        p.min_stake = u64::MAX;
        p.lock_bps = MAX_LOCK_BPS;
        (p.min_window_secs, p.max_window_secs) = (MAX_WINDOW_SECS, MAX_WINDOW_SECS);
        (p.max_deadline_secs, p.unbonding_secs) = (MAX_DEADLINE_SECS, MAX_UNBONDING_SECS);
        p.max_shards = MAX_SHARDS;
        (p.fee_bps, p.slash_bps, p.late_bps) = (MAX_FEE_BPS, 10_000, MAX_LATE_BPS);
        p.max_replicas = 5;
    })
    .unwrap();
}

#[test]
fn parameters_out_of_bounds_are_refused() {
    let beyond: [fn(&mut NetworkParameters); 17] = [
        |p| p.min_stake = 0,
        |p| p.lock_bps = 0,
        |p| p.lock_bps = MAX_LOCK_BPS + 1,
        |p| p.min_window_secs = 0,
        |p| p.min_window_secs = p.max_window_secs + 1,
        |p| p.max_window_secs = MAX_WINDOW_SECS + 1,
        |p| p.max_deadline_secs = 0,
        |p| {
            p.max_deadline_secs = MAX_DEADLINE_SECS + 1;
            p.unbonding_secs = MAX_UNBONDING_SECS;
        },
        |p| p.unbonding_secs = p.max_deadline_secs - 1,
        |p| p.unbonding_secs = MAX_UNBONDING_SECS + 1,
        |p| p.max_shards = 0,
        |p| p.max_shards = MAX_SHARDS + 1,
        |p| p.fee_bps = MAX_FEE_BPS + 1,
        |p| p.slash_bps = 10_001,
        |p| p.late_bps = MAX_LATE_BPS + 1,
        |p| p.max_replicas = 0,
        |p| p.max_replicas = 6,
    ];
    for change in beyond {
        refused(initialize_with(change), "ParameterOutOfBounds");
    }
}

#[test]
fn only_the_authority_registers_orchestrators_and_each_once() {
    let mut network = TestNetwork::start();
    let (stranger, candidate) = (key(6), key(7).pubkey());
    network.machine.airdrop(&stranger.pubkey(), SOL);
    let register = instructions::register_orchestrator(stranger.pubkey(), candidate, network.mints);
    refused(
        network.machine.send(&[register], &[&stranger]),
        "NotAuthorized",
    );
    network.register_orchestrator(&candidate).unwrap();
    let again = network.register_orchestrator(&candidate);
    refused(again, "AccountAlreadyInUse");
}

#[test]
fn buckets_open_once_and_within_their_number() {
    let mut network = TestNetwork::start();
    let payer = network.authority.pubkey();
    let refusals = [
        (8, "BucketOutOfBounds"),
        (255, "BucketOutOfBounds"),
        (0, "AccountAlreadyInUse"),
    ];
    for (index, error) in refusals {
        let open = instructions::open_bucket(payer, network.mints, index);
        refused(network.machine.send(&[open], &[&network.authority]), error);
    }
}

#[test]
fn prefunded_addresses_do_not_block_account_creation() {
    let mut network = Setup {
        prefunded: true,
        ..Setup::default()
    }
    .build();
    let job = network.post_with(|_| ());
    let all = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];
    network.run_seats(&job, 0, &all);
    network.settle(&job, 0).unwrap();
    network.close(&job, &[0]).unwrap();
    assert_eq!(network.balances(&job).client, 1_000_000 - 12_300);
}
