//! Registering and staking.

use millrace_client::{instructions, pda};
use millrace_fixture::{Market, SOL, Setup, key, offer, refused, swap, tag};
use millrace_program::RegisterProviderArgs;
use millrace_program::state::Provider;
use solana_sdk::signer::Signer;

#[test]
fn a_provider_is_registered_with_what_it_says_and_no_stake() {
    let mut market = Market::open();
    let worker = market.hire(0, |args| args.offer.gpus = 2);
    let (books, keys) = (market.provider(worker), &market.workers[worker]);
    assert_eq!(books.authority, keys.authority.pubkey());
    assert_eq!(books.operator, keys.operator.pubkey());
    assert_eq!((books.ask_price, books.gpus, books.cores), (4, 2, 8));
    assert_eq!((books.active, books.deposited, books.locked), (0, 0, 0));
    assert_eq!(books.registered_at, market.machine.now());
}

type Change = fn(&mut RegisterProviderArgs);

#[test]
fn what_a_provider_says_of_itself_must_make_sense() {
    let mut market = Market::open();
    let authority = key(6);
    market.machine.airdrop(&authority.pubkey(), SOL);
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
        refused(market.register(&authority, args), error);
    }
    let args = offer(authority.pubkey());
    market.register(&authority, args.clone()).unwrap();
    refused(market.register(&authority, args), "AccountAlreadyInUse");
}

#[test]
fn a_provider_and_a_client_keep_to_the_networks_tokens() {
    let mut market = Market::open();
    let newcomer = key(6);
    market.machine.airdrop(&newcomer.pubkey(), SOL);
    let mints = market.mints;
    let args = offer(newcomer.pubkey());
    let register = instructions::register_provider(newcomer.pubkey(), mints, args);
    for (from, to) in [(mints.stake, mints.payment), (mints.payment, mints.stake)] {
        let other = swap(register.clone(), from, to);
        refused(market.machine.send(&[other], &[&newcomer]), "WrongAccount");
    }
    let open = instructions::open_client(newcomer.pubkey(), mints);
    let in_stake = swap(open, mints.payment, mints.stake);
    refused(
        market.machine.send(&[in_stake], &[&newcomer]),
        "WrongAccount",
    );
}

#[test]
fn a_stake_reaches_the_least_and_may_grow_by_anything() {
    let mut market = Market::open();
    let worker = market.hire(1_001, |_| ());
    refused(market.stake(worker, 0), "AmountZero");
    refused(market.stake(worker, 999), "StakeBelowMinimum");
    market.stake(worker, 1_000).unwrap();
    market.stake(worker, 1).unwrap();
    let books = market.provider(worker);
    assert_eq!((books.active, books.deposited), (1_001, 1_001));
    let vault = pda::stake_vault(&market.workers[worker].account);
    assert_eq!(market.machine.tokens(&vault), 1_001);
    refused(market.stake(worker, 1), "InsufficientFunds");
}

#[test]
fn anyone_may_add_to_a_stake_and_only_that_provider_has_it() {
    let mut market = Setup {
        one_mint: true,
        ..Setup::default()
    }
    .build();
    let account = market.workers[0].account;
    let stake = instructions::stake(market.owner.pubkey(), account, market.mints, 500);
    market.machine.send(&[stake], &[&market.owner]).unwrap();
    let books: Provider = market.read(&account);
    assert_eq!((books.active, books.deposited), (100_500, 100_500));
}

#[test]
fn a_stake_goes_into_the_providers_own_vault() {
    let mut market = Market::open();
    let worker = market.hire(5_000, |_| ());
    let [own, other] = [worker, 0].map(|w| pda::stake_vault(&market.workers[w].account));
    let keys = &market.workers[worker];
    let stake = instructions::stake(keys.authority.pubkey(), keys.account, market.mints, 5_000);
    let into_another = swap(stake.clone(), own, other);
    let outcome = market.machine.send(&[into_another], &[&keys.authority]);
    refused(outcome, "WrongAccount");
    let mints = market.mints;
    let in_payment = swap(stake, mints.stake, mints.payment);
    let outcome = market.machine.send(&[in_payment], &[&keys.authority]);
    refused(outcome, "WrongAccount");
}

#[test]
fn a_wallet_opens_one_client() {
    let mut market = Market::open();
    let owner = market.owner.insecure_clone();
    refused(market.open_client(&owner), "AccountAlreadyInUse");
}
