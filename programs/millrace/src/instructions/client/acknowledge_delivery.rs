//! - Caller: the job's client, or an active orchestrator that the job accepts.
//! - Window: while the shard is live and the seat is revealed.
//! - Moves: nothing.

use crate::error::MillraceError;
use crate::events::{DeliveryAcknowledged, emit};
use crate::prelude::*;
use crate::state::{Job, Orchestrator, SeatStatus, Shard, ShardStore};

#[event_cpi]
#[derive(Accounts)]
pub struct AcknowledgeDelivery<'info> {
    /// The client's wallet, or an orchestrator's key.
    pub signer: Signer<'info>,
    /// The orchestrator's account, given if an orchestrator signs.
    pub orchestrator: Option<AccountLoader<'info, Orchestrator>>,
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// Given if the job has several shards.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
}

impl AcknowledgeDelivery<'_> {
    fn validate(&self) -> Result<()> {
        // signer: CANNOT be anyone but the client that pays for the output, or an orchestrator that delivers it
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

/// For seats whose result was revealed by `reveal_seats`, without an orchestrator.
pub fn acknowledge_delivery(ctx: Context<AcknowledgeDelivery>, seat: u8) -> Result<()> {
    let accounts = &ctx.accounts;
    accounts.validate()?;
    let store = ShardStore::new(&accounts.job, &accounts.shard)?;
    let mut shard = store.load()?;
    require!(shard.is_live(), MillraceError::WrongShardState);
    // The client may accept an output at any time; it is the one that pays for it.
    let in_time = accounts.orchestrator.is_none()
        || shard.can_attest(&*accounts.job.load()?, clock()?.unix_timestamp);
    require!(in_time, MillraceError::TooLate);
    let seats = shard.seats.get_mut(usize::from(seat));
    let delivered = seats.ok_or_else(|| MillraceError::WrongSeatStatus.into_program_error())?;
    let unconfirmed = delivered.status() == SeatStatus::Revealed && delivered.delivered == 0;
    require!(unconfirmed, MillraceError::WrongSeatStatus);
    delivered.delivered = 1;
    store.save(&shard)?;
    emit(
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
