//! Errors of deploying, upgrading, verifying and handing over the program.

use crate::ui::output::sol;
use millrace_client::Pubkey;
use std::path::PathBuf;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum DeployError {
    #[error(
        "{file} is the key of {found}, but this build of millrace is for the program {expected}: pass that program's key with --program-key, or build everything for yours (`make build PROGRAM_ID={found}`). Nothing was sent"
    )]
    WrongProgramKey {
        file: PathBuf,
        found: Pubkey,
        expected: Pubkey,
    },
    /// The compiled program is for another address.
    #[error(
        "the compiled program does not declare {expected}, the address that this build of millrace is for: build both together (`make build PROGRAM_ID=...`). Nothing was sent"
    )]
    OtherProgram { expected: Pubkey },
    #[error("no program exists at {0} on this cluster; deploy it with `millrace network deploy`")]
    NotDeployed(Pubkey),
    /// The program on chain has other bytes.
    #[error(
        "another build is already deployed at {program} (upgrade authority: {authority}); replace it with `millrace network upgrade`"
    )]
    AlreadyDeployed { program: Pubkey, authority: String },
    #[error(
        "{0} was loaded without the upgradeable loader, as local networks do: it can be neither upgraded nor handed over"
    )]
    NotUpgradeable(Pubkey),
    #[error("{0} has no upgrade authority: it is immutable and cannot be handed over")]
    Immutable(Pubkey),
    #[error(
        "the upgrade authority of {program} is {authority}, but this wallet is {wallet}: pass the authority's key with --keypair{hint}"
    )]
    NotAuthority {
        program: Pubkey,
        authority: Pubkey,
        wallet: Pubkey,
        hint: &'static str,
    },
    #[error(
        "this wallet is the program's upgrade authority: leave out --propose to upgrade at once"
    )]
    NothingToPropose,
    #[error("the program would take {wanted} bytes, but the maximum is {max}")]
    TooLarge { wanted: usize, max: usize },
    #[error("--max-len is {max_len} bytes, but the program has {length}")]
    MaxLenTooSmall { max_len: usize, length: usize },
    #[error(
        "the buffer {buffer} belongs to {owner}, but this wallet is {wallet}; pass the owner's key with --keypair"
    )]
    ForeignBuffer {
        buffer: Pubkey,
        owner: String,
        wallet: Pubkey,
    },
    #[error("no buffer {0} exists; `millrace network buffers list` shows this wallet's buffers")]
    NoSuchBuffer(Pubkey),
    #[error(
        "the upload failed after {landed} of {wanted} chunks: {source}. Run the same command again to continue; to get the {} in the buffer back instead, run `millrace network buffers close {buffer}`",
        sol(*lamports)
    )]
    Interrupted {
        landed: usize,
        wanted: usize,
        buffer: Pubkey,
        lamports: u64,
        source: Box<millrace_client::ChainError>,
    },
    #[error(
        "the program on chain is not this build: {bytes} bytes differ, the first at {first} ({on_chain} bytes on chain, {build} in the build)"
    )]
    Differs {
        bytes: usize,
        first: usize,
        on_chain: usize,
        build: usize,
    },
    #[error(
        "the network account has layout version {found}, but this build reads version {expected}: use the build that fits the network"
    )]
    OtherLayout { found: u8, expected: u8 },
    #[error(
        "{0} is an address and cannot sign here; a mistyped address would make the program immutable. Pass the new authority's key file, or add --unchecked if there is none, as for a multisig"
    )]
    Unchecked(Pubkey),
    #[error("--new-authority must be a key file or an address, not {0}")]
    InvalidAuthority(String),
}
