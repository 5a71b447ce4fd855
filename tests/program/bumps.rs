//! Addresses that the same seeds derive with another bump. The program searches the bump itself, so it
//! has to find the same one as the runtime: a second account of one wallet would have counters of its
//! own and allow a nonce to be used twice.

use millrace_client::pda::PROGRAM;
use millrace_client::{instructions, pda};
use millrace_fixture::{TestNetwork, key, offer, refused, replace_account};
use millrace_program::constants::seeds;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

/// All addresses that the seeds derive, from the highest bump down.
fn derived(seeds: &[&[u8]]) -> Vec<Pubkey> {
    let all = (0..=u8::MAX).rev().filter_map(|bump| {
        let bump = [bump];
        let with_bump = [seeds, &[&bump]].concat();
        Pubkey::create_program_address(&with_bump, &PROGRAM).ok()
    });
    all.collect()
}

#[test]
fn account_is_created_only_at_the_canonical_bump() {
    let mut network = TestNetwork::start();
    // Keys with many different canonical bumps, so a wrong search fails for one of them.
    for number in 40..60 {
        let wallet = key(number);
        network.machine.airdrop(&wallet.pubkey(), 1_000_000_000);
        let owner = wallet.pubkey();
        let all = derived(&[seeds::CLIENT, owner.as_ref()]);
        assert_eq!(all[0], pda::client(&owner));
        let open = instructions::open_client(owner, network.mints);
        for lower in all.iter().skip(1).take(3) {
            let moved = replace_account(open.clone(), all[0], *lower);
            let moved = replace_account(moved, pda::escrow(&all[0]), pda::escrow(lower));
            refused(
                network.machine.send(&[moved], &[&wallet]),
                "ConstraintSeeds",
            );
        }
        network.machine.send(&[open], &[&wallet]).unwrap();
        let made = network.machine.account(&all[0]).unwrap();
        assert_eq!(made.owner, PROGRAM);
        let svm = network.machine.svm();
        let rent = svm.minimum_balance_for_rent_exemption(made.data.len());
        assert_eq!(made.lamports, rent, "its rent is paid, and no lamport more");
    }
}

#[test]
fn provider_has_one_account() {
    let mut network = TestNetwork::start();
    let cold = network.workers[0].authority.insecure_clone();
    let owner = cold.pubkey();
    let all = derived(&[seeds::PROVIDER, owner.as_ref()]);
    let (own, second) = (all[0], all[1]);
    let register = instructions::register_provider(owner, network.mints, offer(owner));
    let vaults = [
        (pda::stake_vault(&own), pda::stake_vault(&second)),
        (pda::earnings_vault(&own), pda::earnings_vault(&second)),
    ];
    let mut moved = replace_account(register, own, second);
    for (from, to) in vaults {
        moved = replace_account(moved, from, to);
    }
    refused(network.machine.send(&[moved], &[&cold]), "ConstraintSeeds");
}
