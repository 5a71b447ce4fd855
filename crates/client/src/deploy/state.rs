//! The loader's accounts as they are on chain.

use super::LOADER;
use crate::error::ChainError;
use crate::pda::{self, PROGRAM};
use crate::rpc::client::Rpc;
use solana_account_decoder_client_types::UiDataSliceConfig;
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_rpc_client_api::config::{RpcAccountInfoConfig, RpcProgramAccountsConfig};
use solana_rpc_client_api::filter::{Memcmp, RpcFilterType};
use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;

/// Bytes of a program's own account.
pub const PROGRAM_ACCOUNT_BYTES: usize = UpgradeableLoaderState::size_of_program();
/// Bytes before the program's bytes in a buffer.
pub const BUFFER_HEADER_BYTES: usize = UpgradeableLoaderState::size_of_buffer_metadata();
/// Bytes before the program's bytes in a program data account.
pub const PROGRAM_DATA_HEADER_BYTES: usize = UpgradeableLoaderState::size_of_programdata_metadata();
/// The cluster's limit for any account.
pub const MAX_ACCOUNT_BYTES: usize = solana_system_interface::MAX_PERMITTED_DATA_LENGTH as usize;

/// The loader without upgrades, by which local validators load programs.
const LOADER_V2: Pubkey = pubkey!("BPFLoader2111111111111111111111111111111111");

/// A buffer account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// The key that may write into, close and use the buffer.
    pub authority: Option<Pubkey>,
    /// The program's bytes that were written so far, zeros elsewhere.
    pub bytes: Vec<u8>,
    /// Balance of the account.
    pub lamports: u64,
}

/// A program on chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedProgram {
    /// The loader that owns the program.
    pub loader: Pubkey,
    /// Slot of the deployment, or of the last upgrade or extension. `None` under a loader without
    /// upgrades.
    pub slot: Option<u64>,
    /// The key that may upgrade the program; `None` if no one may.
    pub authority: Option<Pubkey>,
    /// The program's bytes, with the zeros of the room after them.
    pub bytes: Vec<u8>,
    /// Balance of the account that holds the bytes.
    pub lamports: u64,
}

impl DeployedProgram {
    /// Whether the upgradeable loader owns the program. It may be immutable nevertheless.
    pub fn is_upgradeable(&self) -> bool {
        self.loader == LOADER
    }
}

fn parse(data: &[u8]) -> Option<UpgradeableLoaderState> {
    bincode::deserialize(data).ok()
}

/// Authority and program bytes of a buffer.
fn parse_buffer(data: &[u8]) -> Option<(Option<Pubkey>, &[u8])> {
    match parse(data)? {
        UpgradeableLoaderState::Buffer { authority_address } => {
            Some((authority_address, data.get(BUFFER_HEADER_BYTES..)?))
        }
        _ => None,
    }
}

/// Slot of the last change, authority and program bytes of a program data account.
fn parse_program_data(data: &[u8]) -> Option<(u64, Option<Pubkey>, &[u8])> {
    match parse(data)? {
        UpgradeableLoaderState::ProgramData {
            slot,
            upgrade_authority_address,
        } => {
            let bytes = data.get(PROGRAM_DATA_HEADER_BYTES..)?;
            Some((slot, upgrade_authority_address, bytes))
        }
        _ => None,
    }
}

/// Millrace's program as it is on chain; `None` if it is not deployed.
///
/// # Errors
/// [`ChainError::UnknownLoader`], [`ChainError::ProgramClosed`], and errors of the endpoint.
pub async fn read_program(rpc: &Rpc) -> Result<Option<DeployedProgram>, ChainError> {
    // Both are read at the same slot, so that they fit together.
    let mut found = rpc.accounts(&[PROGRAM, pda::program_data()]).await?;
    let (data, program) = (found.pop().flatten(), found.pop().flatten());
    let Some(program) = program.filter(|account| account.executable) else {
        return Ok(None);
    };
    if program.owner == LOADER_V2 {
        return Ok(Some(DeployedProgram {
            loader: LOADER_V2,
            slot: None,
            authority: None,
            bytes: program.data,
            lamports: program.lamports,
        }));
    }
    if program.owner != LOADER {
        return Err(ChainError::UnknownLoader {
            program: PROGRAM,
            loader: program.owner,
        });
    }
    let data = data.ok_or(ChainError::ProgramClosed(PROGRAM))?;
    let parsed = parse_program_data(&data.data).ok_or(ChainError::ProgramClosed(PROGRAM))?;
    let (slot, authority, bytes) = parsed;
    Ok(Some(DeployedProgram {
        loader: LOADER,
        slot: Some(slot),
        authority,
        bytes: bytes.to_vec(),
        lamports: data.lamports,
    }))
}

/// The buffer at an address; `None` if it was not created yet.
///
/// # Errors
/// [`ChainError::Layout`] if the address holds another account of the loader; errors of the endpoint.
pub async fn read_buffer(rpc: &Rpc, address: &Pubkey) -> Result<Option<Buffer>, ChainError> {
    let found = rpc.account(address).await?;
    // An address that was only sent lamports still belongs to the system program.
    let Some(account) = found.filter(|account| account.owner == LOADER) else {
        return Ok(None);
    };
    let (authority, bytes) = parse_buffer(&account.data).ok_or(ChainError::Layout {
        address: *address,
        expected: "buffer",
    })?;
    Ok(Some(Buffer {
        authority,
        bytes: bytes.to_vec(),
        lamports: account.lamports,
    }))
}

/// A buffer without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufferSummary {
    /// The buffer account.
    pub address: Pubkey,
    /// Bytes of a program for which the buffer has room.
    pub bytes: u64,
    /// Balance of the account.
    pub lamports: u64,
}

/// All buffers of an authority.
///
/// # Errors
/// Errors of the endpoint.
pub async fn list_buffers(rpc: &Rpc, authority: &Pubkey) -> Result<Vec<BufferSummary>, ChainError> {
    let header = UpgradeableLoaderState::Buffer {
        authority_address: Some(*authority),
    };
    // Writing to memory does not fail.
    let header = bincode::serialize(&header).unwrap_or_default();
    let config = RpcProgramAccountsConfig {
        filters: Some(vec![RpcFilterType::Memcmp(Memcmp::new_base58_encoded(
            0, &header,
        ))]),
        account_config: RpcAccountInfoConfig {
            data_slice: Some(UiDataSliceConfig {
                offset: 0,
                length: 0,
            }),
            ..Rpc::account_config()
        },
        ..RpcProgramAccountsConfig::default()
    };
    let client = rpc.client();
    let found = client.get_program_ui_accounts_with_config(&LOADER, config);
    let found = found.await.map_err(rpc.error("the loader's buffers"))?;
    let buffers = found.into_iter().map(|(address, account)| BufferSummary {
        address,
        bytes: account
            .space
            .unwrap_or(0)
            .saturating_sub(BUFFER_HEADER_BYTES as u64),
        lamports: account.lamports,
    });
    Ok(buffers.collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const KEY: Pubkey = Pubkey::new_from_array([9; 32]);

    fn account(state: &UpgradeableLoaderState, header: usize) -> Vec<u8> {
        let mut data = bincode::serialize(state).unwrap();
        data.resize(header, 0);
        data.extend(b"elf");
        data
    }

    #[test]
    fn program_bytes_start_after_the_header_with_and_without_authority() {
        for authority in [None, Some(KEY)] {
            let buffer = UpgradeableLoaderState::Buffer {
                authority_address: authority,
            };
            let data = account(&buffer, BUFFER_HEADER_BYTES);
            assert_eq!(parse_buffer(&data), Some((authority, &b"elf"[..])));
            assert_eq!(parse_program_data(&data), None);

            let program_data = UpgradeableLoaderState::ProgramData {
                slot: 77,
                upgrade_authority_address: authority,
            };
            let data = account(&program_data, PROGRAM_DATA_HEADER_BYTES);
            let parsed = parse_program_data(&data);
            assert_eq!(parsed, Some((77, authority, &b"elf"[..])));
            assert_eq!(parse_buffer(&data), None);
        }
        assert_eq!(parse_buffer(&[]), None);
    }
}
