use crate::error::MillraceError;
use crate::events::{OperatorRotated, record};
use crate::prelude::*;
use crate::state::Provider;

/// Accounts of `rotate_operator`.
#[event_cpi]
#[derive(Accounts)]
pub struct RotateOperator<'info> {
    /// The provider's cold key; the hot one can't replace itself.
    pub authority: Signer<'info>,
    /// The provider.
    #[account(mut, has_one = authority @ MillraceError::NotAuthorized)]
    pub provider: AccountLoader<'info, Provider>,
}

/// Names another hot key. What the old one has signed and nobody has brought yet holds no more.
pub fn rotate_operator(ctx: Context<RotateOperator>, operator: Pubkey) -> Result<()> {
    let previous = {
        let mut provider = ctx.accounts.provider.load_mut()?;
        std::mem::replace(&mut provider.operator, operator)
    };
    record(
        &ctx.accounts.event_authority,
        &OperatorRotated {
            provider: ctx.accounts.provider.key(),
            previous,
            operator,
        },
    )?;
    Ok(())
}
