//! Events, named in the past tense, with balances after the fact. They suffice to rebuild the history. No
//! client needs them to act, because every fact is in an account too.

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

use crate::account::{AccountAccess, call};
use crate::prelude::*;
use anchor_lang::Discriminator;
use anchor_lang::event::EVENT_IX_TAG_LE;

/// Emits an event as Anchor's `emit_cpi!` does: by an instruction of this program to itself, whose data the
/// chain keeps. All events share this function, and it avoids that macro's expensive copy byte by byte.
///
/// # Errors
/// The runtime's if it refuses the call.
pub fn emit<'info>(
    event_authority: &impl AsRef<AccountInfo<'info>>,
    event: &(impl AnchorSerialize + Discriminator),
) -> Result<()> {
    /// Enough for the longest event.
    const CAPACITY_BYTES: usize = 512;
    let mut data = Vec::with_capacity(CAPACITY_BYTES);
    data.extend_from_slice(EVENT_IX_TAG_LE);
    data.extend_from_slice(discriminator(event));
    // Cannot fail: the event is written to memory.
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
    call(
        &crate::ID,
        &[(event_authority, AccountAccess::Sign)],
        data,
        signer,
    )
}
