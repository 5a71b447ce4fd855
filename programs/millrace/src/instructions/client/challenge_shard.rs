//! - Caller: any.
//! - Window: after the reveal and before `challenge_by`, if another round fits before the deadline.
//! - Moves: the bond, from the caller's token account to the client's escrow vault; the caller pays the
//!   rent of the challenge.

use crate::constants::{ACCOUNT_VERSION, seeds};
use crate::error::MillraceError;
use crate::events::{ShardChallenged, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::{
    Challenge, Client, Job, Mode, Review, SeatStatus, Shard, ShardState, ShardStore,
};

#[event_cpi]
#[derive(Accounts)]
#[instruction(index: u32)]
pub struct ChallengeShard<'info> {
    /// Pays the bond and the rent.
    #[account(mut)]
    pub challenger: Signer<'info>,
    /// The job's client, whose escrow vault holds the bond.
    #[account(mut, dup, has_one = escrow @ MillraceError::WrongAccount)]
    pub client: AccountLoader<'info, Client>,
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// Given if the job has several shards.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
    #[account(
        init,
        payer = challenger,
        space = Challenge::SIZE,
        seeds = [seeds::CHALLENGE, job.key().as_ref(), &index.to_le_bytes()],
        bump,
    )]
    pub challenge: AccountLoader<'info, Challenge>,
    /// Mint of payments, which must be the vault's.
    #[account(address = escrow.load()?.mint @ MillraceError::WrongAccount)]
    pub payment_mint: InterfaceAccount<'info, Mint>,
    #[account(mut)]
    pub source: InterfaceAccount<'info, TokenAccount>,
    /// The client's escrow vault.
    #[account(mut)]
    pub escrow: InterfaceAccount<'info, TokenAccount>,
    pub token_program: Interface<'info, TokenInterface>,
    pub system_program: Program<'info, System>,
}

/// The bond is the maximum cost of the additional seats, which the losing side pays.
pub fn challenge_shard(ctx: Context<ChallengeShard>, index: u32) -> Result<()> {
    let clock = clock()?;
    let accounts = &ctx.accounts;
    let store = ShardStore::new(&accounts.job, &accounts.shard)?;
    let mut shard = store.load()?;
    let (bond, seat) = {
        let job = accounts.job.load()?;
        // client and shard
        require_keys_eq!(
            accounts.client.load()?.owner,
            job.client,
            MillraceError::WrongAccount
        );
        require!(shard.index == index, MillraceError::WrongAccount);

        // result: CANNOT be challenged twice, nor after the challenge window
        let single = job.mode() == Some(Mode::Challenge) && shard.is_single(&job);
        let shown = shard.state() == Some(ShardState::Revealing);
        require!(single && shown, MillraceError::WrongShardState);
        let in_time = clock.unix_timestamp < shard.challenge_by;
        require!(in_time, MillraceError::TooLate);
        let fits = job.round_fits(clock.unix_timestamp);
        require!(fits, MillraceError::TooLate);
        let mut seats = shard.seats.iter();
        let seat = seats.position(|s| s.status() == SeatStatus::Revealed);
        let seat = seat.ok_or_else(|| MillraceError::WrongSeatStatus.into_program_error())?;

        // bond: the maximum cost of the additional seats
        let others = job.max_replicas.saturating_sub(1);
        let bond = money::shard_cost(job.price_cap, job.max_units, others, job.fee_bps)?;
        shard.start_review(&job, Review::Challenged, clock.unix_timestamp, clock.slot)?;
        (bond, seat as u8)
    };
    store.save(&shard)?;
    {
        let mut job = accounts.job.load_mut()?;
        job.bonded = money::add(job.bonded, bond)?;
        job.invariant()?;
    }
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.payment_mint.as_ref(),
    };
    tokens.deposit(
        accounts.source.as_ref(),
        accounts.escrow.as_ref(),
        accounts.challenger.as_ref(),
        bond,
    )?;
    let challenger = accounts.challenger.key();
    {
        let mut client = accounts.client.load_mut()?;
        client.held = money::add(client.held, bond)?;
    }
    ctx.accounts.challenge.init(&Challenge {
        version: ACCOUNT_VERSION,
        bump: ctx.bumps.challenge,
        job: shard.job,
        index,
        seat,
        challenger,
        bond,
        reserved: [0; 17],
    })?;
    emit(
        &ctx.accounts.event_authority,
        &ShardChallenged {
            job: shard.job,
            shard: index,
            seat,
            provider: shard.seats[usize::from(seat)].provider,
            challenger,
            bond,
        },
    )?;
    Ok(())
}
