//! What the loader writes into its accounts: a number for the kind, then what the kind has.

use super::{LOADER, program_data};
use crate::error::ChainError;
use crate::pda::PROGRAM;
use crate::rpc::client::Rpc;
use serde::Deserialize;
use serde_json::json;
use solana_account_decoder_client_types::UiAccount;
use solana_rpc_client_api::request::RpcRequest;
use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;

/// Bytes of a program's own account.
pub const PROGRAM_ACCOUNT_BYTES: usize = 36;
/// Bytes before the program's in a buffer.
pub const BUFFER_HEADER_BYTES: usize = 37;
/// Bytes before the program's in the account beside the program.
pub const PROGRAM_DATA_HEADER_BYTES: usize = 45;
/// Most bytes of any account.
pub const MAX_ACCOUNT_BYTES: usize = 10 * 1024 * 1024;

/// The loader without upgrades, which local validators load programs by.
const PLAIN_LOADER: Pubkey = pubkey!("BPFLoader2111111111111111111111111111111111");

/// A buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// Who may write into it, close it, and use it.
    pub authority: Option<Pubkey>,
    /// What is in it, as long as the whole.
    pub bytes: Vec<u8>,
    /// Lamports in it.
    pub lamports: u64,
}

/// A program as it runs on chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedProgram {
    /// The loader that holds it.
    pub loader: Pubkey,
    /// Slot of its deployment, of its last upgrade or of its last growth; unknown to the plain loader.
    pub slot: Option<u64>,
    /// Who may upgrade it; nobody where there is none.
    pub authority: Option<Pubkey>,
    /// Its bytes, with the room behind them.
    pub bytes: Vec<u8>,
    /// Lamports of the account that holds the bytes.
    pub lamports: u64,
}

impl DeployedProgram {
    /// Whether the upgradeable loader holds it.
    pub fn is_upgradeable(&self) -> bool {
        self.loader == LOADER
    }
}

/// Kind 1.
pub fn parse_buffer(data: &[u8]) -> Option<(Option<Pubkey>, &[u8])> {
    let rest = data.strip_prefix(&1u32.to_le_bytes())?;
    Some((read_key(rest)?, data.get(BUFFER_HEADER_BYTES..)?))
}

/// Kind 3: the slot, the authority, and the bytes.
fn parse_program_data(data: &[u8]) -> Option<(u64, Option<Pubkey>, &[u8])> {
    let rest = data.strip_prefix(&3u32.to_le_bytes())?;
    let (slot, rest) = rest.split_first_chunk()?;
    let bytes = data.get(PROGRAM_DATA_HEADER_BYTES..)?;
    Some((u64::from_le_bytes(*slot), read_key(rest)?, bytes))
}

/// A key behind a byte that says whether there is one.
fn read_key(data: &[u8]) -> Option<Option<Pubkey>> {
    match data.split_first()? {
        (0, _) => Some(None),
        (1, rest) => Some(Some(Pubkey::new_from_array(*rest.first_chunk()?))),
        _ => None,
    }
}

/// The program on chain; `None` where there is none.
///
/// # Errors
/// [`ChainError::Layout`] where a loader holds it that is not known here, or where it was closed.
pub async fn read_program(rpc: &Rpc) -> Result<Option<DeployedProgram>, ChainError> {
    let data_at = program_data(&PROGRAM);
    // Both of the same slot, so that they fit each other.
    let mut found = rpc.accounts(&[PROGRAM, data_at]).await?;
    let (data, program) = (found.pop().flatten(), found.pop().flatten());
    let Some(program) = program.filter(|account| account.executable) else {
        return Ok(None);
    };
    let strange = |address, expected| ChainError::Layout { address, expected };
    if program.owner == PLAIN_LOADER {
        return Ok(Some(DeployedProgram {
            loader: PLAIN_LOADER,
            slot: None,
            authority: None,
            bytes: program.data,
            lamports: program.lamports,
        }));
    }
    if program.owner != LOADER {
        return Err(strange(PROGRAM, "program of a loader that is known here"));
    }
    let closed = || strange(data_at, "program's bytes: the program was closed, for good");
    let data = data.ok_or_else(closed)?;
    let (slot, authority, bytes) = parse_program_data(&data.data).ok_or_else(closed)?;
    Ok(Some(DeployedProgram {
        loader: LOADER,
        slot: Some(slot),
        authority,
        bytes: bytes.to_vec(),
        lamports: data.lamports,
    }))
}

/// A buffer; `None` where there is none.
///
/// # Errors
/// [`ChainError::Layout`] where something else is there.
pub async fn read_buffer(rpc: &Rpc, address: &Pubkey) -> Result<Option<Buffer>, ChainError> {
    let found = rpc.account(address).await?;
    // Lamports alone, which anybody may send, are no account yet.
    let Some(account) = found.filter(|account| account.owner == LOADER) else {
        return Ok(None);
    };
    let (authority, bytes) = parse_buffer(&account.data).ok_or(ChainError::Layout {
        address: *address,
        expected: "buffer of the upgradeable loader",
    })?;
    Ok(Some(Buffer {
        authority,
        bytes: bytes.to_vec(),
        lamports: account.lamports,
    }))
}

/// A buffer as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufferSummary {
    /// Its address.
    pub address: Pubkey,
    /// Bytes of a program that it has room for.
    pub bytes: u64,
    /// Lamports in it.
    pub lamports: u64,
}

/// All buffers of an authority.
pub async fn list_buffers(rpc: &Rpc, authority: &Pubkey) -> Result<Vec<BufferSummary>, ChainError> {
    /// What a buffer with an authority begins with, in base 58: the number 1, and that there is a key.
    const BUFFER_OF_SOMEBODY: &str = "7YXq9J";
    let config = json!([
        LOADER.to_string(),
        {
            "encoding": "base64",
            "commitment": "confirmed",
            "dataSlice": { "offset": 0, "length": 0 },
            "filters": [
                { "memcmp": { "offset": 0, "bytes": BUFFER_OF_SOMEBODY } },
                { "memcmp": { "offset": 5, "bytes": authority.to_string() } },
            ],
        }
    ]);
    let answer: Vec<Keyed> = rpc
        .client()
        .send(RpcRequest::GetProgramAccounts, config)
        .await
        .map_err(rpc.error("the loader's buffers"))?;
    let listed = answer.into_iter().filter_map(|keyed| {
        let space = keyed.account.space.unwrap_or(0);
        Some(BufferSummary {
            address: keyed.pubkey.parse().ok()?,
            bytes: space.saturating_sub(BUFFER_HEADER_BYTES as u64),
            lamports: keyed.account.lamports,
        })
    });
    Ok(listed.collect())
}

#[derive(Deserialize)]
struct Keyed {
    pubkey: String,
    account: UiAccount,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use anchor_lang::solana_program::bpf_loader_upgradeable::UpgradeableLoaderState as Theirs;

    const KEY: Pubkey = Pubkey::new_from_array([9; 32]);

    fn written(state: &Theirs, header: usize) -> Vec<u8> {
        let mut data = bincode::serialize(state).unwrap();
        data.resize(header, 0);
        data.extend(b"elf");
        data
    }

    #[test]
    fn accounts_of_the_loader_read_as_the_loader_writes_them() {
        for authority in [None, Some(KEY)] {
            let theirs = Theirs::Buffer {
                authority_address: authority,
            };
            let data = written(&theirs, BUFFER_HEADER_BYTES);
            assert_eq!(parse_buffer(&data), Some((authority, &b"elf"[..])));
            assert_eq!(parse_program_data(&data), None);

            let theirs = Theirs::ProgramData {
                slot: 77,
                upgrade_authority_address: authority,
            };
            let data = written(&theirs, PROGRAM_DATA_HEADER_BYTES);
            assert_eq!(
                parse_program_data(&data),
                Some((77, authority, &b"elf"[..]))
            );
            assert_eq!(parse_buffer(&data), None);
        }
        assert_eq!(parse_buffer(&[]), None);
        assert_eq!(Theirs::size_of_buffer_metadata(), BUFFER_HEADER_BYTES);
        assert_eq!(
            Theirs::size_of_programdata_metadata(),
            PROGRAM_DATA_HEADER_BYTES
        );
        assert_eq!(Theirs::size_of_program(), PROGRAM_ACCOUNT_BYTES);
    }
}
