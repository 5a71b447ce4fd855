use crate::constants::MAX_SEATS;
use crate::error::MillraceError;
use crate::events::{ResultsRevealed, record};
use crate::prelude::*;
use crate::state::{Job, Mode, Network, Orchestrator, SeatStatus, Shard, ShardState, ShardStore};
use millrace_protocol::commitment;

/// The preimage of one seat's commitment.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct RevealEntry {
    /// The seat.
    pub seat: u8,
    /// The result root.
    pub root: [u8; 32],
    /// Units that the meter counted.
    pub units: u64,
    /// The random bytes of the commitment.
    pub salt: [u8; 32],
}

/// Accounts of `record_reveals`. The orchestrator's signature attests that the outputs are in its
/// hands and match the roots.
#[event_cpi]
#[derive(Accounts)]
pub struct RecordReveals<'info> {
    /// The orchestrator's key.
    pub key: Signer<'info>,
    /// Its account.
    #[account(has_one = key @ MillraceError::NotAuthorized)]
    pub orchestrator: AccountLoader<'info, Orchestrator>,
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The job.
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The shard, where it has an account of its own.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
}

/// Opens commitments, and attests that their outputs were delivered.
pub fn record_reveals(ctx: Context<RecordReveals>, entries: Vec<RevealEntry>) -> Result<()> {
    let accounts = &ctx.accounts;
    // orchestrator: who attests a delivery must be the one whom the job asks for
    accounts
        .orchestrator
        .load()?
        .require_serves(&*accounts.job.load()?)?;
    let store = ShardStore::of(&accounts.job, &accounts.shard)?;
    let mut shard = store.load()?;
    {
        let (network, job) = (accounts.network.load()?, accounts.job.load()?);
        reveal(&network, &job, &mut shard, &entries, true)?;
    }
    store.save(&shard)?;
    record(
        &ctx.accounts.event_authority,
        &ResultsRevealed {
            job: shard.job,
            shard: shard.index,
            seats: entries.iter().map(|entry| entry.seat).collect(),
            delivered: true,
        },
    )?;
    Ok(())
}

/// Opens commitments of a shard.
///
/// # Errors
/// [`MillraceError::WrongListLength`], [`MillraceError::WrongShardState`], [`MillraceError::TooLate`],
/// [`MillraceError::RevealsNotOpen`], [`MillraceError::WrongSeatStatus`], [`MillraceError::RevealMismatch`].
pub(crate) fn reveal(
    network: &Network,
    job: &Job,
    shard: &mut Shard,
    entries: &[RevealEntry],
    delivered: bool,
) -> Result<()> {
    let now = clock()?.unix_timestamp;
    let fits = (1..=MAX_SEATS).contains(&entries.len());
    require!(fits, MillraceError::WrongListLength);
    // CANNOT show results while somebody could still copy them
    require!(shard.is_live(), MillraceError::WrongShardState);
    require!(now < shard.reveal_by, MillraceError::TooLate);
    require!(shard.reveals_open(now), MillraceError::RevealsNotOpen);

    for entry in entries {
        let seats = shard.seats.get_mut(usize::from(entry.seat));
        let seat = seats.ok_or_else(|| MillraceError::WrongSeatStatus.into_program_error())?;
        let committed = seat.status() == SeatStatus::Committed;
        require!(committed, MillraceError::WrongSeatStatus);
        let place = commitment::SeatContext {
            network_id: &network.network_id,
            program: crate::ID.as_array(),
            job: shard.job.as_array(),
            shard: shard.index,
            attempt: seat.attempt,
            provider: seat.provider.as_array(),
        };
        let reveal = commitment::Reveal {
            root: &entry.root,
            units: entry.units,
            salt: &entry.salt,
        };
        let opens = place.commitment(&reveal) == seat.digest;
        require!(opens, MillraceError::RevealMismatch);
        seat.digest = entry.root;
        seat.units = entry.units;
        seat.status = SeatStatus::Revealed as u8;
        seat.delivered = u8::from(delivered);
    }
    shard.state = ShardState::Revealing as u8;
    if job.mode() == Some(Mode::Challenge) && shard.is_single(job) {
        shard.challenge_by = now.saturating_add(i64::from(job.challenge_secs));
    }
    Ok(())
}
