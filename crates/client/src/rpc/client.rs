//! Reads from RPC endpoints. Errors name the endpoint.

use crate::accounts::{self, AccountSnapshot, AnyAccount, TypedAccount};
use crate::error::ChainError;
use crate::pda;
use crate::rpc::failover::FailoverSender;
use crate::rpc::redact::redact_url;
use millrace_program::state::{Network, Shard};
use serde::Deserialize;
use serde_json::json;
use solana_account_decoder_client_types::UiAccount;
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::http_sender::HttpSender;
use solana_rpc_client::rpc_client::RpcClientConfig;
use solana_rpc_client_api::client_error::{Error as ClientError, ErrorKind as ClientErrorKind};
use solana_rpc_client_api::config::RpcAccountInfoConfig;
use solana_rpc_client_api::request::RpcRequest;
use solana_sdk::account::Account;
use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;
use std::sync::Arc;
use std::time::Duration;

const CLOCK: Pubkey = pubkey!("SysvarC1ock11111111111111111111111111111111");
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// A client of one RPC endpoint, or of several with failover. Cheap to clone.
///
/// Reads return the errors of [`ChainError::from_client`]: mostly [`ChainError::Unreachable`] and
/// [`ChainError::Rpc`].
#[derive(Clone)]
pub struct Rpc {
    client: Arc<RpcClient>,
    url: Arc<str>,
    ws_url: Arc<str>,
}

/// The cluster's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainTime {
    /// The current slot.
    pub slot: u64,
    /// Unix seconds, as programs read them.
    pub unix: i64,
}

impl Rpc {
    /// A client of one endpoint, or of several in order of preference, separated by commas, with as many
    /// websocket addresses. Reads use the commitment `confirmed`. Does not connect yet.
    pub fn new(url: &str, ws_url: &str) -> Self {
        let commitment = CommitmentConfig::confirmed();
        let each = url.split(',').map(str::trim);
        let each = each.map(|url| HttpSender::new_with_timeout(url, REQUEST_TIMEOUT));
        let config = RpcClientConfig::with_commitment(commitment);
        let client = RpcClient::new_sender(FailoverSender::new(each), config);
        Self::with_client(client, url, ws_url)
    }

    /// Wraps a client that has another transport than HTTP. The addresses are shown in errors.
    pub fn with_client(client: RpcClient, url: &str, ws_url: &str) -> Self {
        Self {
            client: Arc::new(client),
            url: url.into(),
            ws_url: ws_url.into(),
        }
    }

    /// The HTTP addresses, as they were given.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The websocket address for a connection attempt: attempt 0 gets the first one, later ones rotate.
    pub fn ws_url(&self, attempt: usize) -> &str {
        let all = self.ws_url.split(',').count();
        let mut each = self.ws_url.split(',').map(str::trim);
        each.nth(attempt % all).unwrap_or_default()
    }

    /// All websocket addresses, as they were given.
    pub fn ws_urls(&self) -> &str {
        &self.ws_url
    }

    /// The underlying client, for requests that this type does not cover.
    pub fn client(&self) -> &RpcClient {
        &self.client
    }

    /// Converts errors of the underlying client. `what` was requested, as in "refused `what`".
    pub fn error(&self, what: &'static str) -> impl Fn(ClientError) -> ChainError {
        let url = self.url.clone();
        move |error| ChainError::from_client(&url, what, error)
    }

    /// The genesis hash, base58, which identifies the cluster.
    pub async fn genesis(&self) -> Result<String, ChainError> {
        let hash = self.client.get_genesis_hash().await;
        Ok(hash.map_err(self.error("the genesis hash"))?.to_string())
    }

    /// # Errors
    /// [`ChainError::WrongGenesis`] unless the cluster has the expected genesis hash.
    pub async fn require_genesis(&self, expected: &str) -> Result<(), ChainError> {
        let found = self.genesis().await?;
        if found == expected {
            return Ok(());
        }
        let (url, expected) = (redact_url(&self.url), expected.to_owned());
        Err(ChainError::WrongGenesis {
            url,
            found,
            expected,
        })
    }

    /// An account; `None` if it does not exist.
    pub async fn account(&self, address: &Pubkey) -> Result<Option<Account>, ChainError> {
        // The underlying client's request for one account reports `AccountNotFound` if the endpoint is
        // down; its request for several accounts does not.
        Ok(self.accounts(&[*address]).await?.pop().flatten())
    }

    /// At most 100 accounts, read at the same slot. `None` for those that do not exist.
    pub async fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, ChainError> {
        let (_, found) = self.several(keys, CommitmentConfig::confirmed()).await?;
        Ok(found)
    }

    /// At most 100 accounts with the slot at which they were read. Encoded as base64: the underlying
    /// client's default, zstd, takes longer to decode than it saves with accounts as small as these.
    async fn several(
        &self,
        keys: &[Pubkey],
        commitment: CommitmentConfig,
    ) -> Result<(u64, Vec<Option<Account>>), ChainError> {
        let config = RpcAccountInfoConfig {
            commitment: Some(commitment),
            ..Self::account_config()
        };
        let answer = self
            .client
            .get_multiple_ui_accounts_with_config(keys, config)
            .await
            .map_err(self.error("accounts"))?;
        let malformed = || {
            let reason = "the endpoint returned a malformed account".to_owned();
            self.error("accounts")(ClientErrorKind::Custom(reason).into())
        };
        let read = |found: UiAccount| found.to_account().ok_or_else(malformed);
        let found = answer.value.into_iter();
        let found = found.map(|found| found.map(read).transpose());
        Ok((answer.context.slot, found.collect::<Result<_, _>>()?))
    }

    /// An account of the program; `None` if it does not exist.
    ///
    /// # Errors
    /// [`ChainError::Layout`] if it is an account of another type.
    pub async fn find<T: TypedAccount>(&self, address: &Pubkey) -> Result<Option<T>, ChainError> {
        match self.account(address).await? {
            Some(found) if !found.data.is_empty() => {
                accounts::decode(*address, &found.data).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// An account of the program that must exist.
    ///
    /// # Errors
    /// [`ChainError::Missing`], and the errors of [`Rpc::find`].
    pub async fn get<T: TypedAccount>(&self, address: &Pubkey) -> Result<T, ChainError> {
        let missing = ChainError::Missing {
            address: *address,
            what: T::NAME,
        };
        self.find(address).await?.ok_or(missing)
    }

    /// The network's account. Its version is not checked: see
    /// [`supported_network`](crate::compatibility::supported_network).
    ///
    /// # Errors
    /// [`ChainError::NoProgram`], [`ChainError::NoNetwork`].
    pub async fn network(&self) -> Result<Network, ChainError> {
        if let Some(network) = self.find(&pda::network()).await? {
            return Ok(network);
        }
        match self.account(&pda::PROGRAM).await? {
            Some(program) if program.executable => Err(ChainError::NoNetwork),
            _ => Err(ChainError::NoProgram(pda::PROGRAM)),
        }
    }

    /// The shards of a job that were ever assigned. Empty if the job is closed.
    pub async fn shards(&self, job: &Pubkey) -> Result<Vec<Shard>, ChainError> {
        let Some(found) = self.account(job).await?.filter(|a| !a.data.is_empty()) else {
            return Ok(Vec::new());
        };
        let Some(AnyAccount::Job(account, embedded)) = AnyAccount::decode(job, &found.data) else {
            return Err(ChainError::Layout {
                address: *job,
                expected: "job",
            });
        };
        if account.shards == 1 {
            return Ok(embedded.into_iter().map(|shard| *shard).collect());
        }
        let keys: Vec<Pubkey> = (0..account.shards).map(|i| pda::shard(job, i)).collect();
        let mut shards = Vec::new();
        for some in keys.chunks(100) {
            let found = self.accounts(some).await?.into_iter().flatten();
            shards.extend(found.filter_map(|account| Shard::from_account(&account.data)));
        }
        Ok(shards)
    }

    /// Balance of a token account, base units; `None` if the account does not exist.
    pub async fn token_balance(&self, address: &Pubkey) -> Result<Option<u64>, ChainError> {
        // Offset 64 of an SPL Token account holds the amount.
        let found = self.account(address).await?;
        let amount = found.and_then(|a| a.data.get(64..72)?.try_into().ok());
        Ok(amount.map(u64::from_le_bytes))
    }

    /// Decimals of a mint.
    ///
    /// # Errors
    /// [`ChainError::Missing`] if no mint has this address.
    pub async fn decimals(&self, mint: &Pubkey) -> Result<u8, ChainError> {
        let missing = ChainError::Missing {
            address: *mint,
            what: "mint",
        };
        // Offset 44 of an SPL Token mint holds its decimals.
        let found = self.account(mint).await?;
        found.and_then(|a| a.data.get(44).copied()).ok_or(missing)
    }

    /// Balance of a wallet in lamports; 0 if the account does not exist.
    pub async fn lamports(&self, address: &Pubkey) -> Result<u64, ChainError> {
        Ok(self.account(address).await?.map_or(0, |a| a.lamports))
    }

    /// The cluster's clock.
    pub async fn time(&self) -> Result<ChainTime, ChainError> {
        let missing = ChainError::Missing {
            address: CLOCK,
            what: "clock",
        };
        let data = self
            .account(&CLOCK)
            .await?
            .map(|a| a.data)
            .unwrap_or_default();
        let field = |at: usize| data.get(at..at + 8)?.try_into().ok();
        match (field(0), field(32)) {
            (Some(slot), Some(unix)) => Ok(ChainTime {
                slot: u64::from_le_bytes(slot),
                unix: i64::from_le_bytes(unix),
            }),
            _ => Err(missing),
        }
    }

    /// All accounts of the program.
    pub async fn snapshot_all(&self) -> Result<AccountSnapshot, ChainError> {
        #[derive(Deserialize)]
        struct ProgramAccounts {
            context: AnswerContext,
            value: Vec<KeyedAccount>,
        }
        #[derive(Deserialize)]
        struct AnswerContext {
            slot: u64,
        }
        #[derive(Deserialize)]
        struct KeyedAccount {
            pubkey: String,
            account: UiAccount,
        }
        let config = json!([
            pda::PROGRAM.to_string(),
            { "encoding": "base64", "commitment": "confirmed", "withContext": true }
        ]);
        let answer: ProgramAccounts = self
            .client
            .send(RpcRequest::GetProgramAccounts, config)
            .await
            .map_err(self.error("the program's accounts"))?;
        let accounts = answer
            .value
            .into_iter()
            .filter_map(|keyed| Some((keyed.pubkey.parse().ok()?, keyed.account.data.decode()?)));
        Ok(AccountSnapshot {
            slot: answer.context.slot,
            accounts: accounts.collect(),
        })
    }

    /// As [`Rpc::snapshot`], but accounts that other programs own count as missing, whatever their bytes.
    pub async fn snapshot_owned(&self, keys: &[Pubkey]) -> Result<AccountSnapshot, ChainError> {
        let ours = |account: &Account| account.owner == pda::PROGRAM;
        self.filtered_snapshot(keys, CommitmentConfig::confirmed(), ours)
            .await
    }

    /// At most 100 accounts. One that does not exist has no bytes.
    pub async fn snapshot(&self, keys: &[Pubkey]) -> Result<AccountSnapshot, ChainError> {
        self.snapshot_at(keys, CommitmentConfig::confirmed()).await
    }

    /// As [`Rpc::snapshot`], with another commitment than `confirmed`.
    pub async fn snapshot_at(
        &self,
        keys: &[Pubkey],
        commitment: CommitmentConfig,
    ) -> Result<AccountSnapshot, ChainError> {
        self.filtered_snapshot(keys, commitment, |_| true).await
    }

    async fn filtered_snapshot(
        &self,
        keys: &[Pubkey],
        commitment: CommitmentConfig,
        accepts: impl Fn(&Account) -> bool,
    ) -> Result<AccountSnapshot, ChainError> {
        let (slot, found) = self.several(keys, commitment).await?;
        let data = found
            .into_iter()
            .map(|found| found.filter(|account| accepts(account)))
            .map(|found| found.map_or(Vec::new(), |account| account.data));
        Ok(AccountSnapshot {
            slot,
            accounts: keys.iter().copied().zip(data).collect(),
        })
    }

    /// Waits until the endpoint is healthy.
    ///
    /// # Errors
    /// The endpoint's last error after `timeout`.
    pub async fn wait_until_healthy(&self, timeout: Duration) -> Result<(), ChainError> {
        let start = tokio::time::Instant::now();
        loop {
            match self.client.get_health().await {
                Ok(()) => return Ok(()),
                Err(error) if start.elapsed() > timeout => {
                    return Err(self.error("its health")(error));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Encoding and commitment of accounts in requests and subscriptions.
    pub fn account_config() -> RpcAccountInfoConfig {
        RpcAccountInfoConfig {
            encoding: Some(solana_account_decoder_client_types::UiAccountEncoding::Base64),
            commitment: Some(CommitmentConfig::confirmed()),
            ..RpcAccountInfoConfig::default()
        }
    }
}
