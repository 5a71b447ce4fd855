//! - Caller: the provider's cold key.
//! - Window: any time.
//! - Moves: nothing.

use crate::error::MillraceError;
use crate::events::{OperatorRotated, emit};
use crate::prelude::*;
use crate::state::Provider;

#[event_cpi]
#[derive(Accounts)]
pub struct RotateOperator<'info> {
    /// The provider's cold key; the hot key cannot replace itself.
    pub authority: Signer<'info>,
    #[account(mut, has_one = authority @ MillraceError::NotAuthorized)]
    pub provider: AccountLoader<'info, Provider>,
}

/// Commitments signed by the previous key that have not been recorded become invalid.
pub fn rotate_operator(ctx: Context<RotateOperator>, operator: Pubkey) -> Result<()> {
    let previous = {
        let mut provider = ctx.accounts.provider.load_mut()?;
        std::mem::replace(&mut provider.operator, operator)
    };
    emit(
        &ctx.accounts.event_authority,
        &OperatorRotated {
            provider: ctx.accounts.provider.key(),
            previous,
            operator,
        },
    )?;
    Ok(())
}
