//! Late landings, forks, lagging endpoints: whatever the network does, no transaction is signed while
//! an earlier one of the same act could still land, and the act is in the chain once.

#![allow(clippy::unwrap_used)]
use super::scripted::{Chain, Delivery, GOOD_FOR};
use super::*;
use crate::tx::compute_budget::with_margin;
use crate::tx::journal::MemoryJournal;
use solana_sdk::signature::Signer;
use std::time::Duration;

fn sender(chain: &Chain, policy: SendPolicy) -> (Sender, Arc<MemoryJournal>) {
    let journal = Arc::new(MemoryJournal::default());
    let mut sender = Sender::with_policy(chain.rpc(), journal.clone(), policy);
    // The chain's time is counted in calls: nothing is gained by waiting between them.
    sender.poll_policy = PollPolicy {
        min_poll_interval: Duration::ZERO,
        max_poll_interval: Duration::ZERO,
        resend_interval: Duration::ZERO,
        height_interval: Duration::ZERO,
    };
    (sender, journal)
}

fn command() -> SendPolicy {
    SendPolicy::command(FeePolicy::default())
}

fn service() -> SendPolicy {
    SendPolicy::service(FeePolicy::default())
}

async fn pay(sender: &Sender) -> Result<Landed, ChainError> {
    let key = Keypair::new();
    let payer = key.pubkey();
    let instruction = Instruction {
        program_id: crate::pda::PROGRAM,
        accounts: vec![solana_sdk::instruction::AccountMeta::new(payer, true)],
        data: vec![100; 9],
    };
    sender.send("pay", &[instruction], &[&key]).await
}

/// Sends once on a chain with these deliveries, and returns how many signatures it took.
async fn once(chain: &Chain, deliveries: &[Delivery]) -> usize {
    chain.state().deliveries = deliveries.to_vec();
    let (sender, journal) = sender(chain, command());
    pay(&sender).await.unwrap();
    assert!(journal.unfinished().await.unwrap().is_empty());
    let mut state = chain.state();
    // Whatever is still held back may arrive.
    state.pass(3 * GOOD_FOR);
    assert_eq!(state.landed(), 1);
    assert!(!state.two_alive);
    state.signatures()
}

#[tokio::test]
async fn what_lands_late_is_waited_for_and_what_comes_too_late_is_refused() {
    assert_eq!(once(&Chain::new(), &[Delivery::Now]).await, 1);
    assert_eq!(
        once(&Chain::new(), &[Delivery::After(GOOD_FOR - 10)]).await,
        1
    );
    assert_eq!(
        once(&Chain::new(), &[Delivery::After(2 * GOOD_FOR)]).await,
        2
    );
    let lost = [Delivery::Never, Delivery::Never];
    assert_eq!(once(&Chain::new(), &lost).await, 3);
}

#[tokio::test]
async fn what_was_seen_in_a_fork_and_is_gone_is_sent_again_as_the_same_bytes() {
    let forked = |seen_for| Delivery::Forked {
        seen_for,
        confirmed: false,
    };
    assert_eq!(once(&Chain::new(), &[forked(20)]).await, 1);
    assert_eq!(once(&Chain::new(), &[forked(GOOD_FOR - 20)]).await, 1);
    // Gone when it can't be sent any more.
    assert_eq!(once(&Chain::new(), &[forked(2 * GOOD_FOR)]).await, 2);
}

#[tokio::test]
async fn an_endpoint_that_lags_does_not_make_a_landed_transaction_look_expired() {
    for wait in [0, GOOD_FOR - 40, GOOD_FOR - 10] {
        let chain = Chain::new();
        chain.state().lags = vec![0, 90, 200];
        assert_eq!(once(&chain, &[Delivery::After(wait)]).await, 1, "{wait}");
    }
    let chain = Chain::new();
    chain.state().lags = vec![0, 200];
    assert_eq!(once(&chain, &[Delivery::Never]).await, 2);
}

#[tokio::test]
async fn after_some_signings_the_caller_is_told_and_nothing_is_left_open() {
    let chain = Chain::new();
    chain.state().deliveries = vec![Delivery::Never; 9];
    let (sender, journal) = sender(&chain, command());
    let told = pay(&sender).await.unwrap_err();
    assert!(
        matches!(told, ChainError::Expired { attempts: 3 }),
        "{told}"
    );
    assert!(told.is_transient());
    assert!(journal.unfinished().await.unwrap().is_empty());
    assert!(!chain.state().two_alive);
}

#[tokio::test]
async fn a_service_strikes_what_landed_from_its_journal_only_when_it_is_final() {
    let chain = Chain::new();
    let (sender, journal) = sender(&chain, service());
    let landed = pay(&sender).await.unwrap();
    assert!(landed.slot > 1_000);
    sender.check_finality().await.unwrap();
    assert_eq!(
        (
            sender.unfinalized_count(),
            journal.unfinished().await.unwrap().len()
        ),
        (1, 1)
    );
    chain.state().pass(40);
    sender.check_finality().await.unwrap();
    assert_eq!(
        (
            sender.unfinalized_count(),
            journal.unfinished().await.unwrap().len()
        ),
        (0, 0)
    );
}

#[tokio::test]
async fn what_was_confirmed_and_dropped_by_a_fork_is_sent_until_it_lands_again() {
    let chain = Chain::new();
    chain.state().deliveries = vec![Delivery::Forked {
        seen_for: 30,
        confirmed: true,
    }];
    let (sender, journal) = sender(&chain, service());
    pay(&sender).await.unwrap();
    chain.state().pass(30);
    assert_eq!(chain.state().landed(), 0);
    sender.check_finality().await.unwrap();
    assert_eq!(chain.state().landed(), 1);
    assert_eq!(journal.unfinished().await.unwrap().len(), 1);
    chain.state().pass(40);
    sender.check_finality().await.unwrap();
    assert!(journal.unfinished().await.unwrap().is_empty());
    assert_eq!(chain.state().signatures(), 1);
}

#[tokio::test]
async fn a_transaction_that_a_fork_dropped_for_good_is_let_go_when_it_can_not_land() {
    let chain = Chain::new();
    let forked = Delivery::Forked {
        seen_for: 30,
        confirmed: true,
    };
    chain.state().deliveries = vec![forked];
    let (sender, journal) = sender(&chain, service());
    pay(&sender).await.unwrap();
    chain.state().pass(2 * GOOD_FOR);
    sender.check_finality().await.unwrap();
    assert!(journal.unfinished().await.unwrap().is_empty());
    assert_eq!((sender.unfinalized_count(), chain.state().landed()), (0, 0));
    // The act is planned anew, and lands.
    pay(&sender).await.unwrap();
    assert_eq!(chain.state().landed(), 1);
    assert!(!chain.state().two_alive);
}

#[tokio::test]
async fn a_restart_takes_up_what_was_under_way_and_signs_nothing() {
    let chain = Chain::new();
    chain.state().deliveries = vec![Delivery::After(80)];
    let (before, journal) = sender(&chain, service());
    let run = tokio::time::timeout(Duration::from_millis(0), pay(&before));
    // The run is cut off after it has sent, wherever that is.
    tokio::select! {
        biased;
        _ = async { while chain.state().signatures() == 0 { tokio::task::yield_now().await } } => {}
        _ = async { let _ = run.await; pay(&before).await } => {}
    }
    assert_eq!(
        journal.unfinished().await.unwrap().len(),
        chain.state().signatures()
    );
    let mut after = Sender::with_policy(chain.rpc(), journal.clone(), command());
    after.poll_policy = before.poll_policy;
    let landed = after.recover().await.unwrap();
    assert_eq!(landed, ["pay"]);
    assert!(journal.unfinished().await.unwrap().is_empty());
    let state = chain.state();
    assert_eq!((state.landed(), state.signatures()), (1, 1));
}

#[tokio::test]
async fn one_simulation_serves_all_transactions_of_a_shape() {
    let chain = Chain::new();
    let (sender, _) = sender(&chain, service());
    for _ in 0..3 {
        assert_eq!(pay(&sender).await.unwrap().compute_units, 10_000);
    }
    let state = chain.state();
    assert_eq!(state.simulations, 1);
    assert_eq!(state.budgets(), [(with_margin(10_000), 0); 3]);
}

#[tokio::test]
async fn a_transaction_that_ran_out_of_units_is_given_more_and_so_are_those_after_it() {
    let chain = Chain::new();
    chain.state().takes = 20_000;
    let (sender, journal) = sender(&chain, service());
    pay(&sender).await.unwrap();
    pay(&sender).await.unwrap();
    let open = journal.unfinished().await.unwrap().len();
    let state = chain.state();
    assert_eq!(state.simulations, 1);
    let limits: Vec<u32> = state.budgets().iter().map(|(limit, _)| *limit).collect();
    assert_eq!(limits.len(), 3, "{limits:?}");
    assert!(limits[0] < 20_000 && limits[1] >= 20_000 && limits[2] == limits[1]);
    assert_eq!(state.landed(), 2);
    assert_eq!(open, 3);
}

#[tokio::test]
async fn where_nothing_is_simulated_a_safe_limit_is_taken() {
    let chain = Chain::new();
    chain.state().simulated = None;
    let (sender, _) = sender(&chain, command());
    pay(&sender).await.unwrap();
    assert_eq!(chain.state().budgets(), [(200_000, 0)]);
}

#[tokio::test]
async fn the_price_follows_recent_prices_and_rises_with_each_signing_up_to_the_cap() {
    let chain = Chain::new();
    {
        let mut state = chain.state();
        state.prices = vec![40_000, 20_000, 0, 60_000];
        state.deliveries = vec![Delivery::Never, Delivery::Never];
    }
    let fees = FeePolicy {
        percentile: 75,
        cap: 2_000,
    };
    let (sender, _) = sender(&chain, SendPolicy::command(fees));
    pay(&sender).await.unwrap();
    let prices: Vec<u64> = chain
        .state()
        .budgets()
        .iter()
        .map(|(_, price)| *price)
        .collect();
    let cap = 2_000 * 1_000_000 / u64::from(with_margin(10_000));
    assert_eq!(prices, [60_000, 60_000, cap]);
}
