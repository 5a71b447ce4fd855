use crate::error::MillraceError;
use crate::events::{AuditDrawn, record};
use crate::math::draw::{Draw, draw};
use crate::math::slot_hashes::{SLOT_HASHES, SlotHashes};
use crate::prelude::*;
use crate::state::{Job, Review, SeatStatus, Shard, ShardStore};

/// Accounts of `draw_audit`.
#[event_cpi]
#[derive(Accounts)]
pub struct DrawAudit<'info> {
    /// The job.
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The shard, where it has an account of its own.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
    /// The hashes of past slots.
    /// CHECK: by its address.
    #[account(address = SLOT_HASHES @ MillraceError::WrongAccount)]
    pub slot_hashes: UncheckedAccount<'info>,
}

/// Draws whether others recompute a result that is committed to, with the client's rate. Whoever calls
/// it, and when: the outcome is the same.
pub fn draw_audit(ctx: Context<DrawAudit>) -> Result<()> {
    let accounts = &ctx.accounts;
    let clock = clock()?;
    let now = clock.unix_timestamp;
    let store = ShardStore::of(&accounts.job, &accounts.shard)?;
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
        // CANNOT go on where a round no longer fits: then the shard can be failed
        _ if !job.round_fits(now) => return err!(MillraceError::TooLate),
        Draw::Audited => {
            shard.start_review(&job, Review::Audited, now, clock.slot)?;
        }
        Draw::NotSelected => {
            // The whole window to reveal begins now: nobody is late because the draw was.
            let reveal_by = now.saturating_add(i64::from(job.reveal_secs));
            shard.review = Review::NotSelected as u8;
            (shard.commit_by, shard.reveal_by) = (now, reveal_by);
        }
    }
    drop(job);
    store.save(&shard)?;
    record(
        &ctx.accounts.event_authority,
        &AuditDrawn {
            job: shard.job,
            shard: shard.index,
            audited: drawn == Draw::Audited,
        },
    )?;
    Ok(())
}
