//! Events and programs that are not what they claim to be.

use anchor_lang::event::EVENT_IX_TAG_LE;
use millrace_client::pda::{PROGRAM, SYSTEM_PROGRAM};
use millrace_client::{instructions, pda};
use millrace_fixture::{SOL, TestNetwork, key, refused, refused_as};
use solana_sdk::instruction::{AccountMeta, Instruction, InstructionError};
use solana_sdk::signer::Signer;

#[test]
fn event_is_accepted_only_from_the_program_itself() {
    let mut network = TestNetwork::start();
    let stranger = key(6);
    network.machine.airdrop(&stranger.pubkey(), SOL);
    let event = |accounts: Vec<AccountMeta>| Instruction {
        program_id: PROGRAM,
        accounts,
        data: [EVENT_IX_TAG_LE, &[7; 40]].concat(),
    };
    let alone = event(Vec::new());
    #[expect(
        deprecated,
        reason = "the runtime still returns the error of this name"
    )]
    let missing = InstructionError::NotEnoughAccountKeys;
    refused_as(network.machine.send(&[alone], &[]), missing);
    let authority = pda::event_authority();
    let unsigned = event(vec![AccountMeta::new_readonly(authority, false)]);
    refused(network.machine.send(&[unsigned], &[]), "ConstraintSigner");
    let own = event(vec![AccountMeta::new_readonly(stranger.pubkey(), true)]);
    let outcome = network.machine.send(&[own], &[&stranger]);
    refused(outcome, "ConstraintSeeds");
}

#[test]
fn program_that_is_not_executable_is_refused() {
    let mut network = TestNetwork::start();
    let wallet = key(40);
    network.machine.airdrop(&wallet.pubkey(), SOL);
    let mut system = network.machine.account(&SYSTEM_PROGRAM).unwrap();
    system.executable = false;
    network.machine.set_account(SYSTEM_PROGRAM, system);
    let open = instructions::open_client(wallet.pubkey(), network.mints);
    let outcome = network.machine.send(&[open], &[&wallet]);
    refused(outcome, "InvalidProgramExecutable");
}
