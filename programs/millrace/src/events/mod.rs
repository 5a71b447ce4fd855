//! What happened, in the past tense, with the books after it. Enough to rebuild history; never
//! needed to act: every fact is in an account too.

mod job;
mod network;
mod provider;
mod rewards;
mod shard;

pub use job::*;
pub use network::*;
pub use provider::*;
pub use rewards::*;
pub use shard::*;

use crate::account::{Role, call};
use crate::prelude::*;
use anchor_lang::Discriminator;
use anchor_lang::event::EVENT_IX_TAG_LE;

/// Records an event the way `emit_cpi!` does, by an instruction of this program to itself, whose data
/// the chain keeps. Shared by all events and without that macro's copy byte by byte, which is dear.
///
/// # Errors
/// Whatever the runtime refuses the call with.
pub fn record<'info>(
    event_authority: &impl AsRef<AccountInfo<'info>>,
    event: &(impl AnchorSerialize + Discriminator),
) -> Result<()> {
    /// Bytes of the longest event.
    const ROOM: usize = 512;
    let mut data = Vec::with_capacity(ROOM);
    data.extend_from_slice(EVENT_IX_TAG_LE);
    data.extend_from_slice(discriminator(event));
    // Writing to memory does not fail.
    if event.serialize(&mut data).is_err() {
        return Err(ErrorCode::AccountDidNotSerialize.into_program_error());
    }
    call_itself(event_authority.as_ref(), &data)
}

fn discriminator<E: Discriminator>(_: &E) -> &'static [u8] {
    E::DISCRIMINATOR
}

#[inline(never)]
fn call_itself(event_authority: &AccountInfo, data: &[u8]) -> Result<()> {
    let bump = [crate::EVENT_AUTHORITY_AND_BUMP.1];
    let signer: &[&[u8]] = &[b"__event_authority", &bump];
    call(&crate::ID, &[(event_authority, Role::Sign)], data, signer)
}
