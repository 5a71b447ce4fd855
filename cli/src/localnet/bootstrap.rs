//! Sets up a local network on chain: funds, mints, migrations, and providers with their stake.
//! Independent steps run concurrently; steps that are already done are skipped.

use super::keys::{KeyFile, Keys, ProviderKeys};
use super::options::{Options, ProviderOptions};
use crate::error::CliError;
use crate::tokens::funding::{airdrop, require_mint_authority};
use crate::tokens::mints::{DECIMALS, MINT_BYTES, create_mint, mint_to, transfer_lamports};
use crate::tokens::rent::rent_exemption;
use futures_util::future::{try_join_all, try_join3};
use millrace_client::instructions::{Mints, create_token_account, register_provider, stake};
use millrace_client::pda::token_account;
use millrace_client::program::RegisterProviderArgs;
use millrace_client::program::state::{Network, Offer, Provider};
use millrace_client::tag::tag;
use millrace_client::tx::sender::Sender;
use millrace_client::{Pubkey, pda};
use millrace_migrations::Setup;
use solana_sdk::instruction::Instruction;
use solana_sdk::signature::{Keypair, Signer};

const SOL: u64 = 1_000_000_000;
/// Funds of the deployer at genesis, from which the other wallets are funded.
pub(crate) const DEPLOYER_LAMPORTS: u64 = 100_000 * SOL;
const CLIENT_LAMPORTS: u64 = 100 * SOL;
const ORCHESTRATOR_LAMPORTS: u64 = 1_000 * SOL;
const PROVIDER_LAMPORTS: u64 = 10 * SOL;
/// Lamports that the deployer keeps after it has funded all wallets.
const DEPLOYER_RESERVE_LAMPORTS: u64 = 100 * SOL;
const MAX_TRANSFERS_PER_TRANSACTION: usize = 12;
/// Tokens in a provider's wallet besides its stake, base units.
const PROVIDER_TOKENS: u64 = 100 * 10u64.pow(DECIMALS as u32);
const PROVIDER_MEMORY_MB: u32 = 8_192;
const PROVIDER_CORES: u16 = 2;

/// Sets up the network and returns its mints.
pub(crate) async fn bootstrap(
    sender: &Sender,
    keys: &Keys,
    options: &Options,
) -> Result<Mints, CliError> {
    let rpc = sender.rpc();
    let existing = rpc.find::<Network>(&pda::network()).await?;
    let mints = match &existing {
        Some(network) => Mints::from(network),
        None => {
            let payment = keys.payment_mint.as_ref().unwrap_or(&keys.stake_mint);
            Mints::spl(keys.stake_mint.pubkey(), payment.pubkey())
        }
    };
    fund_deployer(sender, keys).await?;
    let prepare_mints = async {
        match existing {
            Some(_) => require_mint_authorities(sender, keys, mints).await,
            None => create_mints(sender, keys).await,
        }
    };
    tokio::try_join!(fund_wallets(sender, keys), prepare_mints)?;

    let setup = Setup {
        authority: keys.deployer.keypair.insecure_clone(),
        mints,
        orchestrator: keys.orchestrator.pubkey(),
        parameters: options.parameters.clone(),
    };
    let (first, others) = migrations();
    apply(sender, &setup, first).await?;
    // These depend only on the network account.
    let others = try_join_all(others.into_iter().map(|step| apply(sender, &setup, [step])));
    let providers = keys.providers.iter().zip(&options.providers);
    let providers = try_join_all(providers.map(|(keys_of, wanted)| {
        register_and_stake(sender, &keys.deployer, keys_of, wanted, mints)
    }));
    let client = fund_client(sender, keys, mints.payment, options.client_tokens);
    try_join3(others, providers, client).await?;
    Ok(mints)
}

type BoxedMigration = Box<dyn millrace_migrations::Migration>;

/// The migration that initializes the network, and the others.
fn migrations() -> (Vec<BoxedMigration>, Vec<BoxedMigration>) {
    millrace_migrations::all()
        .into_iter()
        .partition(|step| step.number() == 1)
}

async fn apply(
    sender: &Sender,
    setup: &Setup,
    steps: impl IntoIterator<Item = BoxedMigration>,
) -> Result<(), CliError> {
    for step in steps {
        if !step.is_done(sender.rpc(), setup).await? {
            step.apply(sender, setup).await?;
        }
    }
    Ok(())
}

/// Does nothing on an embedded chain, whose deployer is funded at genesis.
async fn fund_deployer(sender: &Sender, keys: &Keys) -> Result<(), CliError> {
    let wallet = keys.deployer.pubkey();
    let needed = DEPLOYER_RESERVE_LAMPORTS
        + target_lamports(keys)
            .iter()
            .map(|(_, lamports)| lamports)
            .sum::<u64>();
    let has = sender.rpc().lamports(&wallet).await?;
    if has >= needed {
        return Ok(());
    }
    airdrop(sender.rpc(), &wallet, needed - has).await
}

fn target_lamports(keys: &Keys) -> Vec<(Pubkey, u64)> {
    let providers = keys
        .providers
        .iter()
        .map(|keys| (keys.authority.pubkey(), PROVIDER_LAMPORTS));
    let mut wallets = vec![
        (keys.client.pubkey(), CLIENT_LAMPORTS),
        (keys.orchestrator.pubkey(), ORCHESTRATOR_LAMPORTS),
    ];
    wallets.extend(providers);
    wallets
}

/// Tops all wallets up to their target.
async fn fund_wallets(sender: &Sender, keys: &Keys) -> Result<(), CliError> {
    let deployer = &keys.deployer.keypair;
    let wanted = target_lamports(keys);
    let wallets: Vec<Pubkey> = wanted.iter().map(|(wallet, _)| *wallet).collect();
    let mut transfers = Vec::new();
    for (some, wanted) in wallets.chunks(100).zip(wanted.chunks(100)) {
        let found = sender.rpc().accounts(some).await?;
        for ((wallet, wanted), account) in wanted.iter().zip(found) {
            let missing = wanted.saturating_sub(account.map_or(0, |account| account.lamports));
            if missing > 0 {
                transfers.push(transfer_lamports(&deployer.pubkey(), wallet, missing));
            }
        }
    }
    let signers = [deployer];
    let sends: Vec<_> = transfers
        .chunks(MAX_TRANSFERS_PER_TRANSACTION)
        .map(|some| sender.send("fund wallets", some, &signers))
        .collect();
    try_join_all(sends).await?;
    Ok(())
}

async fn create_mints(sender: &Sender, keys: &Keys) -> Result<(), CliError> {
    let rpc = sender.rpc();
    let rent = rent_exemption(rpc, MINT_BYTES).await?;
    let deployer = &keys.deployer.keypair;
    let (mut instructions, mut signers): (Vec<Instruction>, Vec<&Keypair>) =
        (Vec::new(), vec![deployer]);
    for mint in std::iter::once(&keys.stake_mint).chain(&keys.payment_mint) {
        if rpc.account(&mint.pubkey()).await?.is_none() {
            let key = deployer.pubkey();
            instructions.extend(create_mint(&key, &mint.pubkey(), &key, rent));
            signers.push(&mint.keypair);
        }
    }
    if !instructions.is_empty() {
        sender.send("create mints", &instructions, &signers).await?;
    }
    Ok(())
}

/// On an existing network, the deployer must be able to mint its tokens.
async fn require_mint_authorities(
    sender: &Sender,
    keys: &Keys,
    mints: Mints,
) -> Result<(), CliError> {
    for mint in [mints.stake, mints.payment] {
        require_mint_authority(sender.rpc(), &keys.deployer.keypair, &mint).await?;
    }
    Ok(())
}

async fn fund_client(
    sender: &Sender,
    keys: &Keys,
    mint: Pubkey,
    tokens: u64,
) -> Result<(), CliError> {
    let client = keys.client.pubkey();
    let account = token_account(&client, &mint);
    let has = sender.rpc().token_balance(&account).await?.unwrap_or(0);
    if has >= tokens {
        return Ok(());
    }
    let deployer = &keys.deployer.keypair;
    let instructions = [
        create_token_account(&deployer.pubkey(), &client, &mint),
        mint_to(&mint, &account, &deployer.pubkey(), tokens - has),
    ];
    sender
        .send("fund client", &instructions, &[deployer])
        .await?;
    Ok(())
}

/// Registers a provider and tops its stake up in one transaction.
async fn register_and_stake(
    sender: &Sender,
    deployer: &KeyFile,
    keys: &ProviderKeys,
    wanted: &ProviderOptions,
    mints: Mints,
) -> Result<(), CliError> {
    let found = sender.rpc().find::<Provider>(&keys.account()).await?;
    let staked = found.map_or(0, |provider| provider.active);
    let missing = wanted.stake.saturating_sub(staked);
    let (authority, minter) = (keys.authority.pubkey(), deployer.pubkey());
    let wallet = |mint: &Pubkey| token_account(&authority, mint);
    let mut instructions = vec![create_token_account(&authority, &authority, &mints.stake)];
    if mints.payment != mints.stake {
        instructions.push(create_token_account(&authority, &authority, &mints.payment));
    }
    if found.is_none() {
        instructions.push(register_provider(
            authority,
            mints,
            registration(keys, wanted),
        ));
    }
    if missing > 0 {
        let amount = missing.saturating_add(PROVIDER_TOKENS);
        instructions.push(mint_to(
            &mints.stake,
            &wallet(&mints.stake),
            &minter,
            amount,
        ));
        instructions.push(stake(authority, keys.account(), mints, missing));
    }
    let signers = [&keys.authority.keypair, &deployer.keypair];
    let signers = if missing > 0 {
        &signers[..]
    } else {
        &signers[..1]
    };
    sender
        .send("register and stake provider", &instructions, signers)
        .await?;
    Ok(())
}

fn registration(keys: &ProviderKeys, wanted: &ProviderOptions) -> RegisterProviderArgs {
    RegisterProviderArgs {
        operator: keys.operator.pubkey(),
        offer: Offer {
            sealing_key: [0; 32],
            supplier: tag(wanted.supplier.as_deref()),
            region: tag(wanted.region.as_deref()),
            gpu_model: [0; 16],
            ask_price: wanted.price,
            memory_mb: PROVIDER_MEMORY_MB,
            cores: PROVIDER_CORES,
            gpus: 0,
            max_open_seats: wanted.max_open_seats,
            max_seat_lock: wanted.stake,
        },
    }
}
