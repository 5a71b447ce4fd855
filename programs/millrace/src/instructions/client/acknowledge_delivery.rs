use crate::error::MillraceError;
use crate::events::{DeliveryAcknowledged, record};
use crate::prelude::*;
use crate::state::{Job, Orchestrator, SeatStatus, Shard, ShardStore};

/// Accounts of `acknowledge_delivery`.
#[event_cpi]
#[derive(Accounts)]
pub struct AcknowledgeDelivery<'info> {
    /// The client's wallet, or an orchestrator's key.
    pub signer: Signer<'info>,
    /// The orchestrator's account, where it is one who signs.
    pub orchestrator: Option<AccountLoader<'info, Orchestrator>>,
    /// The job.
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The shard, where it has an account of its own.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
}

impl AcknowledgeDelivery<'_> {
    fn validate(&self) -> Result<()> {
        // signer: who pays for the output, or who gives it on
        let job = self.job.load()?;
        let signer = self.signer.key();
        match &self.orchestrator {
            Some(orchestrator) => {
                let orchestrator = orchestrator.load()?;
                require_keys_eq!(orchestrator.key, signer, MillraceError::NotAuthorized);
                orchestrator.require_serves(&job)
            }
            None => {
                require_keys_eq!(job.client, signer, MillraceError::NotAuthorized);
                Ok(())
            }
        }
    }
}

/// Says that the output of a seat that showed its result by itself is there.
pub fn acknowledge_delivery(ctx: Context<AcknowledgeDelivery>, seat: u8) -> Result<()> {
    let accounts = &ctx.accounts;
    accounts.validate()?;
    let store = ShardStore::of(&accounts.job, &accounts.shard)?;
    let mut shard = store.load()?;
    require!(shard.is_live(), MillraceError::WrongShardState);
    let seats = shard.seats.get_mut(usize::from(seat));
    let delivered = seats.ok_or_else(|| MillraceError::WrongSeatStatus.into_program_error())?;
    let waits = delivered.status() == SeatStatus::Revealed && delivered.delivered == 0;
    require!(waits, MillraceError::WrongSeatStatus);
    delivered.delivered = 1;
    store.save(&shard)?;
    record(
        &ctx.accounts.event_authority,
        &DeliveryAcknowledged {
            job: shard.job,
            shard: shard.index,
            seat,
            by: accounts.signer.key(),
        },
    )?;
    Ok(())
}
