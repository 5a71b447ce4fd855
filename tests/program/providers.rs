//! Registration and staking.

use millrace_client::{instructions, pda};
use millrace_fixture::{SOL, Setup, TestNetwork, key, offer, refused, replace_account, tag};
use millrace_program::RegisterProviderArgs;
use millrace_program::state::Provider;
use solana_sdk::signer::Signer;

#[test]
fn provider_is_registered_with_its_offer_and_no_stake() {
    let mut network = TestNetwork::start();
    let worker = network.add_provider(0, |args| args.offer.gpus = 2);
    let (account, keys) = (network.provider(worker), &network.workers[worker]);
    assert_eq!(account.authority, keys.authority.pubkey());
    assert_eq!(account.operator, keys.operator.pubkey());
    assert_eq!((account.ask_price, account.gpus, account.cores), (4, 2, 8));
    assert_eq!(
        (account.active, account.deposited, account.locked),
        (0, 0, 0)
    );
    assert_eq!(account.registered_at, network.machine.now());
}

type Change = fn(&mut RegisterProviderArgs);

#[test]
fn invalid_provider_offer_is_refused() {
    let mut network = TestNetwork::start();
    let authority = key(6);
    network.machine.airdrop(&authority.pubkey(), SOL);
    let nonsense: [(Change, &str); 5] = [
        (|o| o.offer.ask_price = 0, "PriceZero"),
        (|o| o.offer.max_open_seats = 0, "SeatsZero"),
        (|o| o.offer.supplier = tag(b"two words"), "TagInvalid"),
        (|o| o.offer.region = tag(b"two words"), "TagInvalid"),
        (|o| o.offer.gpu_model = tag(b"two words"), "TagInvalid"),
    ];
    for (change, error) in nonsense {
        let mut args = offer(authority.pubkey());
        change(&mut args);
        refused(network.register(&authority, args), error);
    }
    let args = offer(authority.pubkey());
    network.register(&authority, args.clone()).unwrap();
    refused(network.register(&authority, args), "AccountAlreadyInUse");
}

#[test]
fn providers_and_clients_use_the_networks_mints() {
    let mut network = TestNetwork::start();
    let newcomer = key(6);
    network.machine.airdrop(&newcomer.pubkey(), SOL);
    let mints = network.mints;
    let args = offer(newcomer.pubkey());
    let register = instructions::register_provider(newcomer.pubkey(), mints, args);
    for (from, to) in [(mints.stake, mints.payment), (mints.payment, mints.stake)] {
        let other = replace_account(register.clone(), from, to);
        refused(network.machine.send(&[other], &[&newcomer]), "WrongAccount");
    }
    let open = instructions::open_client(newcomer.pubkey(), mints);
    let in_stake = replace_account(open, mints.payment, mints.stake);
    refused(
        network.machine.send(&[in_stake], &[&newcomer]),
        "WrongAccount",
    );
}

#[test]
fn first_stake_needs_the_minimum_and_later_ones_do_not() {
    let mut network = TestNetwork::start();
    let worker = network.add_provider(1_001, |_| ());
    refused(network.stake(worker, 0), "AmountZero");
    refused(network.stake(worker, 999), "StakeBelowMinimum");
    network.stake(worker, 1_000).unwrap();
    network.stake(worker, 1).unwrap();
    let account = network.provider(worker);
    assert_eq!((account.active, account.deposited), (1_001, 1_001));
    let vault = pda::stake_vault(&network.workers[worker].account);
    assert_eq!(network.machine.tokens(&vault), 1_001);
    refused(network.stake(worker, 1), "InsufficientFunds");
}

#[test]
fn anyone_may_add_stake_to_a_provider() {
    let mut network = Setup {
        one_mint: true,
        ..Setup::default()
    }
    .build();
    let account = network.workers[0].account;
    let stake = instructions::stake(network.owner.pubkey(), account, network.mints, 500);
    network.machine.send(&[stake], &[&network.owner]).unwrap();
    let account: Provider = network.read(&account);
    assert_eq!((account.active, account.deposited), (100_500, 100_500));
}

#[test]
fn stake_goes_into_the_providers_own_vault() {
    let mut network = TestNetwork::start();
    let worker = network.add_provider(5_000, |_| ());
    let [own, other] = [worker, 0].map(|w| pda::stake_vault(&network.workers[w].account));
    let keys = &network.workers[worker];
    let stake = instructions::stake(keys.authority.pubkey(), keys.account, network.mints, 5_000);
    let into_another = replace_account(stake.clone(), own, other);
    let outcome = network.machine.send(&[into_another], &[&keys.authority]);
    refused(outcome, "WrongAccount");
    let mints = network.mints;
    let in_payment = replace_account(stake, mints.stake, mints.payment);
    let outcome = network.machine.send(&[in_payment], &[&keys.authority]);
    refused(outcome, "WrongAccount");
}

#[test]
fn wallet_opens_one_client() {
    let mut network = TestNetwork::start();
    let owner = network.owner.insecure_clone();
    refused(network.open_client(&owner), "AccountAlreadyInUse");
}
