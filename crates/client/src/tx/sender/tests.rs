//! Late landings, forks and lagging endpoints: whatever the network does, no transaction is signed again
//! while an earlier signing could still land, and its instructions take effect once.

#![allow(clippy::unwrap_used)]
use super::scripted::{BLOCKHASH_BLOCKS, Chain, Delivery};
use super::*;
use crate::tx::compute_budget::with_margin;
use crate::tx::journal::MemoryJournal;
use crate::tx::policy::PollPolicy;
use solana_sdk::signature::Signer;
use std::time::Duration;

fn sender(chain: &Chain, policy: SendPolicy) -> (Sender, Arc<MemoryJournal>) {
    let journal = Arc::new(MemoryJournal::default());
    let mut sender = Sender::with_policy(chain.rpc(), journal.clone(), policy);
    // The chain's time advances with requests, so there is no need to wait between them.
    sender.confirmer.polls = PollPolicy {
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

/// Sends one transaction with these deliveries, and returns how often it was signed.
async fn once(chain: &Chain, deliveries: &[Delivery]) -> usize {
    chain.state().deliveries = deliveries.to_vec();
    let (sender, journal) = sender(chain, command());
    pay(&sender).await.unwrap();
    assert!(journal.unfinished().await.unwrap().is_empty());
    let mut state = chain.state();
    // Delayed transactions may arrive.
    state.pass(3 * BLOCKHASH_BLOCKS);
    assert_eq!(state.landed(), 1);
    assert!(!state.two_alive);
    state.signatures()
}

#[tokio::test]
async fn late_transactions_are_awaited_and_expired_ones_signed_again() {
    assert_eq!(once(&Chain::new(), &[Delivery::Now]).await, 1);
    assert_eq!(
        once(&Chain::new(), &[Delivery::After(BLOCKHASH_BLOCKS - 10)]).await,
        1
    );
    assert_eq!(
        once(&Chain::new(), &[Delivery::After(2 * BLOCKHASH_BLOCKS)]).await,
        2
    );
    let lost = [Delivery::Never, Delivery::Never];
    assert_eq!(once(&Chain::new(), &lost).await, 3);
}

#[tokio::test]
async fn transactions_dropped_by_a_fork_are_sent_again_as_the_same_bytes() {
    let forked = |slots| Delivery::Forked {
        slots,
        confirmed: false,
    };
    assert_eq!(once(&Chain::new(), &[forked(20)]).await, 1);
    assert_eq!(
        once(&Chain::new(), &[forked(BLOCKHASH_BLOCKS - 20)]).await,
        1
    );
    // Dropped after it expired.
    assert_eq!(
        once(&Chain::new(), &[forked(2 * BLOCKHASH_BLOCKS)]).await,
        2
    );
}

#[tokio::test]
async fn lagging_endpoints_do_not_make_a_landed_transaction_look_expired() {
    for wait in [0, BLOCKHASH_BLOCKS - 40, BLOCKHASH_BLOCKS - 10] {
        let chain = Chain::new();
        chain.state().lags = vec![0, 90, 200];
        assert_eq!(once(&chain, &[Delivery::After(wait)]).await, 1, "{wait}");
    }
    let chain = Chain::new();
    chain.state().lags = vec![0, 200];
    assert_eq!(once(&chain, &[Delivery::Never]).await, 2);
}

#[tokio::test]
async fn sending_fails_after_three_signings_and_leaves_the_journal_empty() {
    let chain = Chain::new();
    chain.state().deliveries = vec![Delivery::Never; 9];
    let (sender, journal) = sender(&chain, command());
    let error = pay(&sender).await.unwrap_err();
    assert!(
        matches!(error, ChainError::Expired { attempts: 3 }),
        "{error}"
    );
    assert!(error.is_transient());
    assert!(journal.unfinished().await.unwrap().is_empty());
    assert!(!chain.state().two_alive);
}

#[tokio::test]
async fn service_journals_transactions_until_they_are_final() {
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
async fn confirmed_transactions_dropped_by_a_fork_are_sent_until_they_land() {
    let chain = Chain::new();
    chain.state().deliveries = vec![Delivery::Forked {
        slots: 30,
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
async fn confirmed_transactions_dropped_by_a_fork_are_released_once_expired() {
    let chain = Chain::new();
    let forked = Delivery::Forked {
        slots: 30,
        confirmed: true,
    };
    chain.state().deliveries = vec![forked];
    let (sender, journal) = sender(&chain, service());
    pay(&sender).await.unwrap();
    chain.state().pass(2 * BLOCKHASH_BLOCKS);
    sender.check_finality().await.unwrap();
    assert!(journal.unfinished().await.unwrap().is_empty());
    assert_eq!((sender.unfinalized_count(), chain.state().landed()), (0, 0));
    // The caller sends it again, and it lands.
    pay(&sender).await.unwrap();
    assert_eq!(chain.state().landed(), 1);
    assert!(!chain.state().two_alive);
}

#[tokio::test]
async fn restart_recovers_transactions_in_flight_without_signing() {
    let chain = Chain::new();
    chain.state().deliveries = vec![Delivery::After(80)];
    let (before, journal) = sender(&chain, service());
    // The run is cancelled at some point after it has sent.
    tokio::select! {
        biased;
        _ = async { while chain.state().signatures() == 0 { tokio::task::yield_now().await } } => {}
        _ = pay(&before) => {}
    }
    assert_eq!(
        journal.unfinished().await.unwrap().len(),
        chain.state().signatures()
    );
    let mut after = Sender::with_policy(chain.rpc(), journal.clone(), command());
    after.confirmer.polls = before.confirmer.polls;
    let landed = after.recover().await.unwrap();
    assert_eq!(landed, ["pay"]);
    assert!(journal.unfinished().await.unwrap().is_empty());
    let state = chain.state();
    assert_eq!((state.landed(), state.signatures()), (1, 1));
}

#[tokio::test]
async fn concurrent_transactions_share_status_requests_and_a_blockhash() {
    const COUNT: usize = 40;
    let chain = Chain::new();
    let (sender, journal) = sender(&chain, SendPolicy::bulk(5_000, 7));
    chain.state().takes = 5_000;
    let key = Keypair::new();
    let sends = (0..COUNT).map(async |n| {
        let instruction = Instruction {
            program_id: crate::pda::PROGRAM,
            accounts: vec![solana_sdk::instruction::AccountMeta::new(
                key.pubkey(),
                true,
            )],
            data: vec![u8::try_from(100 + n).unwrap(); 9],
        };
        sender.send("write", &[instruction], &[&key]).await.unwrap();
    });
    futures_util::future::join_all(sends).await;
    assert!(journal.unfinished().await.unwrap().is_empty());
    let state = chain.state();
    assert_eq!((state.landed(), state.signatures()), (COUNT, COUNT));
    assert_eq!(state.budgets(), [(5_000, 7); COUNT]);
    assert_eq!((state.simulations, state.blockhash_requests), (0, 1));
    assert!(state.status_requests < COUNT, "{}", state.status_requests);
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
async fn running_out_of_units_raises_the_limit_of_the_shape() {
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
async fn fallback_limit_is_used_without_simulation() {
    let chain = Chain::new();
    chain.state().simulated = None;
    let (sender, _) = sender(&chain, command());
    pay(&sender).await.unwrap();
    assert_eq!(chain.state().budgets(), [(200_000, 0)]);
}

#[tokio::test]
async fn price_follows_recent_prices_and_rises_with_each_signing_up_to_the_cap() {
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
