//! Why a program can't be put on chain, in words that say what to do.

use crate::ui::output::sol;
use millrace_client::Pubkey;
use std::path::PathBuf;
use thiserror::Error;

/// Why a program was not deployed, upgraded, handed over or found to be the right one.
#[derive(Debug, Error)]
#[expect(
    missing_docs,
    reason = "the message of each variant says what its fields are"
)]
pub enum DeployError {
    /// Another address than the one that this binary works with.
    #[error(
        "{file} is the key of {found}, and this build of millrace is for the program {expected}: pass that program's key with --program-key, or build everything for yours (`make build PROGRAM_ID={found}`). Nothing was sent"
    )]
    WrongProgramKey {
        file: PathBuf,
        found: Pubkey,
        expected: Pubkey,
    },
    /// A program for another address.
    #[error(
        "the compiled program does not declare {expected}, the address that this build of millrace is for: build both together (`make build PROGRAM_ID=...`). Nothing was sent"
    )]
    OtherProgram { expected: Pubkey },
    /// Not there.
    #[error("there is no program at {0} on this cluster; deploy it with `millrace network deploy`")]
    NotDeployed(Pubkey),
    /// There with other bytes.
    #[error(
        "another build is deployed at {program} already (its upgrade authority: {authority}); replace it with `millrace network upgrade`"
    )]
    DeployedAlready { program: Pubkey, authority: String },
    /// Loaded into a local network.
    #[error(
        "{0} was loaded into this network without the upgradeable loader, as local networks do: it can be neither upgraded nor handed over"
    )]
    NotUpgradeable(Pubkey),
    /// Immutable.
    #[error("{0} has no upgrade authority any more: nobody can change it or hand it over")]
    Final(Pubkey),
    /// Another wallet's.
    #[error(
        "the upgrade authority of {program} is {authority}, and this wallet is {wallet}: pass that key with --keypair{hint}"
    )]
    NotAuthority {
        program: Pubkey,
        authority: Pubkey,
        wallet: Pubkey,
        hint: &'static str,
    },
    /// The wallet is the authority itself.
    #[error(
        "this wallet is the program's upgrade authority itself: leave --propose out, and the upgrade is done at once"
    )]
    NothingToPropose,
    /// Too large.
    #[error("the program would take {wanted} bytes with its room, and the most is {most}")]
    TooLarge { wanted: usize, most: usize },
    /// Room below the program's length.
    #[error("--max-len is {max_len} bytes, and the program has {length}")]
    MaxLenTooSmall { max_len: usize, length: usize },
    /// A buffer of somebody else.
    #[error(
        "the buffer {buffer} belongs to {owner}, and this wallet is {wallet}; pass that key with --keypair"
    )]
    ForeignBuffer {
        buffer: Pubkey,
        owner: String,
        wallet: Pubkey,
    },
    /// No such buffer.
    #[error("there is no buffer {0}; `millrace network buffers list` shows those of this wallet")]
    NoSuchBuffer(Pubkey),
    /// The writing ended early.
    #[error(
        "{landed} of {wanted} pieces were written before it failed: {source}. Nothing is lost: the same command goes on from there; to have the {} in the buffer back instead, `millrace network buffers close {buffer}`",
        sol(*lamports)
    )]
    Interrupted {
        landed: usize,
        wanted: usize,
        buffer: Pubkey,
        lamports: u64,
        source: Box<millrace_client::ChainError>,
    },
    /// The bytes are other ones.
    #[error(
        "the program on chain is not this build: {bytes} bytes differ, the first at {first} (on chain {on_chain} bytes, the build {build})"
    )]
    Differs {
        bytes: usize,
        first: usize,
        on_chain: usize,
        build: usize,
    },
    /// The network's account is of another version.
    #[error(
        "the network account has layout version {found}, and this build reads version {expected}: use the build that fits the network"
    )]
    OtherLayout { found: u8, expected: u8 },
    /// The new authority does not sign.
    #[error(
        "{0} is an address: it can't be asked to sign here, and a mistyped one would lock everybody out for good. Pass the new authority's key file instead, or add --unchecked where there is none, as for a multisig"
    )]
    Unchecked(Pubkey),
    /// Both at once, or neither.
    #[error("--new-authority takes a key file or an address, and {0} is neither")]
    NoSuchAuthority(String),
}
