//! - Caller: any.
//! - Window: once both deciding blocks exist, while a round fits before the deadline.
//! - Moves: nothing.

use crate::error::MillraceError;
use crate::events::{AuditDrawn, emit};
use crate::math::draw::{Draw, draw};
use crate::math::slot_hashes::{SLOT_HASHES, SlotHashes};
use crate::prelude::*;
use crate::state::{Job, Review, SeatStatus, Shard, ShardStore};

#[event_cpi]
#[derive(Accounts)]
pub struct DrawAudit<'info> {
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// Given if the job has several shards.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
    /// The `SlotHashes` sysvar.
    /// CHECK: its address is compared.
    #[account(address = SLOT_HASHES @ MillraceError::WrongAccount)]
    pub slot_hashes: UncheckedAccount<'info>,
}

/// The outcome does not depend on the caller or on the time of the call.
pub fn draw_audit(ctx: Context<DrawAudit>) -> Result<()> {
    let accounts = &ctx.accounts;
    let clock = clock()?;
    let now = clock.unix_timestamp;
    let store = ShardStore::new(&accounts.job, &accounts.shard)?;
    let mut shard = store.load()?;
    let pending = shard.is_live() && shard.review() == Review::Pending;
    require!(pending, MillraceError::NoAuditPending);
    let job = accounts.job.load()?;
    let mut seats = shard.seats.iter();
    let committed = seats.find(|seat| seat.status() == SeatStatus::Committed);
    let commitment = committed
        .ok_or_else(|| MillraceError::WrongSeatStatus.into_program_error())?
        .digest;
    let drawn = {
        let data = accounts.slot_hashes.try_borrow_data()?;
        let hashes = SlotHashes::new(&data);
        draw(
            &hashes,
            shard.slot,
            job.draw_slots,
            &commitment,
            job.audit_bps,
        )
    };
    match drawn {
        Draw::TooEarly => return err!(MillraceError::TooEarly),
        // CANNOT continue if no round fits before the deadline: settling then fails the shard
        _ if !job.round_fits(now) => return err!(MillraceError::TooLate),
        Draw::Audited => {
            shard.start_review(&job, Review::Audited, now, clock.slot)?;
        }
        Draw::NotSelected => {
            // The reveal window starts now, so that a late draw makes no seat late.
            let reveal_by = now.saturating_add(i64::from(job.reveal_secs));
            shard.review = Review::NotSelected as u8;
            (shard.commit_by, shard.reveal_by) = (now, reveal_by);
        }
    }
    drop(job);
    store.save(&shard)?;
    emit(
        &ctx.accounts.event_authority,
        &AuditDrawn {
            job: shard.job,
            shard: shard.index,
            audited: drawn == Draw::Audited,
        },
    )?;
    Ok(())
}
