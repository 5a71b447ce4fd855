//! Migrations on the embedded validator with the program and no network.
#![allow(clippy::unwrap_used)]

use millrace_cli::connection::ephemeral_sender;
use millrace_cli::deploy::binary::program_bytes;
use millrace_cli::localnet::validator::{Genesis, Validator};
use millrace_cli::tokens::mints::{MINT_BYTES, create_mint};
use millrace_client::ChainError;
use millrace_client::instructions::Mints;
use millrace_client::rpc::client::Rpc;
use millrace_migrations::{MigrationError, MigrationStatus, Parameters, Setup, plan, run};
use solana_sdk::signature::{Keypair, Signer};

const SLOT_MS: u64 = 50;
const LAMPORTS: u64 = 100_000_000_000;

fn done(statuses: &[MigrationStatus]) -> Vec<bool> {
    statuses.iter().map(|status| status.done).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_are_planned_applied_once_and_refused_with_other_mints() {
    let authority = Keypair::new();
    let program = program_bytes(None).unwrap();
    let genesis = Genesis {
        program: Some(&program),
        funds: &[(authority.pubkey(), LAMPORTS)],
    };
    let validator = Validator::start(genesis, SLOT_MS, None).await.unwrap();
    let rpc = Rpc::new(&validator.rpc_url, &validator.ws_url);
    let sender = ephemeral_sender(rpc.clone());
    assert!(matches!(rpc.network().await, Err(ChainError::NoNetwork)));

    let mint = Keypair::new();
    let rent = rpc
        .client()
        .get_minimum_balance_for_rent_exemption(MINT_BYTES)
        .await
        .unwrap();
    let key = authority.pubkey();
    let create = create_mint(&key, &mint.pubkey(), &key, rent);
    sender
        .send("create a mint", &create, &[&authority, &mint])
        .await
        .unwrap();
    let setup = |mint| Setup {
        authority: authority.insecure_clone(),
        mints: Mints::spl(mint, mint),
        orchestrator: Keypair::new().pubkey(),
        parameters: Parameters::localnet().unwrap(),
    };
    let first = setup(mint.pubkey());

    assert_eq!(done(&plan(&rpc, &first).await.unwrap()), [false; 4]);
    assert!(
        matches!(rpc.network().await, Err(ChainError::NoNetwork)),
        "planning sends nothing"
    );
    let mut started = Vec::new();
    let applied = run(&sender, &first, |step| started.push(step.number))
        .await
        .unwrap();
    assert_eq!((started, applied.len()), (vec![1, 2, 3, 4], 4));
    assert_eq!(done(&plan(&rpc, &first).await.unwrap()), [true; 4]);
    assert!(run(&sender, &first, |_| {}).await.unwrap().is_empty());

    // A second orchestrator only has to be registered; other mints are refused.
    let second = setup(mint.pubkey());
    assert_eq!(
        done(&plan(&rpc, &second).await.unwrap()),
        [true, true, false, true]
    );
    let other = setup(Keypair::new().pubkey());
    let refused = run(&sender, &other, |_| {}).await;
    assert!(
        matches!(refused, Err(MigrationError::OtherMints { .. })),
        "{refused:?}"
    );
    validator.stop().await;
}
