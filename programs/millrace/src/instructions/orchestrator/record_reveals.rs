use crate::constants::MAX_SEATS;
use crate::error::MillraceError;
use crate::events::ResultsRevealed;
use crate::state::{Job, Network, Orchestrator, SeatStatus, Shard, ShardState};
use anchor_lang::prelude::*;
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
    /// What kept the claim secret.
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
    pub orchestrator: Account<'info, Orchestrator>,
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The job.
    pub job: AccountLoader<'info, Job>,
    /// The shard.
    #[account(mut, has_one = job @ MillraceError::WrongAccount)]
    pub shard: AccountLoader<'info, Shard>,
}

impl RecordReveals<'_> {
    fn validate(&self, now: i64) -> Result<()> {
        // orchestrator: who attests a delivery must be the one whom the job asks for
        require!(
            self.orchestrator.active,
            MillraceError::OrchestratorInactive
        );
        let job = self.job.load()?;
        let any = job.orchestrator == Pubkey::default();
        let chosen = any || job.orchestrator == self.key.key();
        require!(chosen, MillraceError::OrchestratorMismatch);

        // shard: CANNOT show results while somebody could still copy them
        let shard = self.shard.load()?;
        require!(shard.is_live(), MillraceError::ShardState);
        require!(now < shard.reveal_by, MillraceError::TooLate);
        require!(
            shard.reveals_open(job.quorum, now),
            MillraceError::RevealsClosed
        );
        Ok(())
    }
}

/// Opens commitments.
pub fn record_reveals(ctx: Context<RecordReveals>, entries: Vec<RevealEntry>) -> Result<()> {
    let accounts = &ctx.accounts;
    require!(
        (1..=MAX_SEATS).contains(&entries.len()),
        MillraceError::ListLength
    );
    accounts.validate(Clock::get()?.unix_timestamp)?;
    let index = {
        let network = accounts.network.load()?;
        let mut shard = accounts.shard.load_mut()?;
        let (job, index) = (shard.job, shard.index);
        for entry in &entries {
            let seat = shard
                .seats
                .get_mut(usize::from(entry.seat))
                .ok_or(MillraceError::SeatState)?;
            require!(
                seat.status() == SeatStatus::Committed,
                MillraceError::SeatState
            );
            let place = commitment::Seat {
                network_id: &network.network_id,
                program: crate::ID.as_array(),
                job: job.as_array(),
                shard: index,
                attempt: seat.attempt,
                provider: seat.provider.as_array(),
            };
            let claim = commitment::Claim {
                root: &entry.root,
                units: entry.units,
                salt: &entry.salt,
            };
            require!(
                place.commitment(&claim) == seat.digest,
                MillraceError::RevealMismatch
            );
            seat.digest = entry.root;
            seat.units = entry.units;
            seat.status = SeatStatus::Revealed as u8;
        }
        shard.state = ShardState::Revealing as u8;
        index
    };
    emit_cpi!(ResultsRevealed {
        job: accounts.job.key(),
        shard: index,
        seats: entries.iter().map(|e| e.seat).collect(),
    });
    Ok(())
}
