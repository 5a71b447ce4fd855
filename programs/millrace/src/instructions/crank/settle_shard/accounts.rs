use crate::error::MillraceError;
use crate::prelude::*;
use crate::state::{Bucket, Challenge, Client, Job, Network, Review, Shard, bucket_of};

/// Accounts of `settle_shard`; after them, for each occupied seat in the order of the seats: the
/// provider, its earnings vault, its stake vault.
#[event_cpi]
#[derive(Accounts)]
pub struct SettleShard<'info> {
    /// The network.
    #[account(
        has_one = payment_mint @ MillraceError::WrongAccount,
        has_one = stake_mint @ MillraceError::WrongAccount,
    )]
    pub network: AccountLoader<'info, Network>,
    /// The client.
    #[account(mut, dup, has_one = escrow @ MillraceError::WrongAccount)]
    pub client: AccountLoader<'info, Client>,
    /// The job.
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The shard, where it has an account of its own.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
    /// The bucket of the job.
    #[account(
        mut,
        has_one = payment_treasury @ MillraceError::WrongAccount,
        has_one = stake_treasury @ MillraceError::WrongAccount,
    )]
    pub bucket: AccountLoader<'info, Bucket>,
    /// The client's escrow vault.
    /// CHECK: the client's account names it, see `has_one` above.
    #[account(mut)]
    pub escrow: UncheckedAccount<'info>,
    /// Mint of payments.
    /// CHECK: the network names it, see `has_one` above.
    pub payment_mint: UncheckedAccount<'info>,
    /// The treasury vault for fees.
    /// CHECK: the bucket names it, see `has_one` above.
    #[account(mut)]
    pub payment_treasury: UncheckedAccount<'info>,
    /// Token program of payments.
    pub payment_token_program: Interface<'info, TokenInterface>,
    /// Mint of stake.
    /// CHECK: the network names it, see `has_one` above.
    pub stake_mint: UncheckedAccount<'info>,
    /// The treasury vault for penalties; the same as for fees where the mints are the same.
    /// CHECK: the bucket names it, see `has_one` above.
    #[account(mut)]
    pub stake_treasury: UncheckedAccount<'info>,
    /// Token program of stake.
    pub stake_token_program: Interface<'info, TokenInterface>,
    /// A token account of the stake mint, for the cranker's bounty where somebody was late.
    /// CHECK: the token program looks at it.
    #[account(mut)]
    pub bounty: Option<UncheckedAccount<'info>>,
    /// The challenge, where the shard is challenged.
    #[account(mut)]
    pub challenge: Option<AccountLoader<'info, Challenge>>,
    /// Who challenged; gets the challenge's rent back.
    /// CHECK: compared with the challenge in `validate`.
    #[account(mut)]
    pub challenger: Option<UncheckedAccount<'info>>,
    /// A token account of the challenger, for the bond.
    /// CHECK: read in `validate`.
    #[account(mut)]
    pub challenger_payment: Option<UncheckedAccount<'info>>,
    /// A token account of the challenger, for the bounty; it may be the same.
    /// CHECK: read in `validate`.
    #[account(mut)]
    pub challenger_stake: Option<UncheckedAccount<'info>>,
}

impl<'info> SettleShard<'info> {
    pub fn validate(&self, shard: &Shard) -> Result<()> {
        // shard
        require!(shard.is_live(), MillraceError::WrongShardState);

        // client: the vault is checked by `has_one`
        let job = self.job.load()?;
        require_keys_eq!(
            self.client.load()?.owner,
            job.client,
            MillraceError::WrongAccount
        );

        // bucket: its vaults are checked by `has_one`
        let index = self.bucket.load()?.index;
        let own = index == bucket_of(&self.job.key());
        require!(own, MillraceError::WrongAccount);

        // challenge
        if shard.review() != Review::Challenged {
            return Ok(());
        }
        let missing = || MillraceError::ChallengeMissing.into_program_error();
        let challenge = self.challenge.as_ref();
        let challenge = challenge.ok_or_else(missing)?.load()?;
        let of_this = challenge.job == shard.job && challenge.index == shard.index;
        require!(of_this, MillraceError::WrongAccount);
        let challenger = self.challenger.as_ref().ok_or_else(missing)?;
        require_keys_eq!(
            challenger.key(),
            challenge.challenger,
            MillraceError::WrongAccount
        );
        let payment = self.challenger_payment.as_ref().ok_or_else(missing)?;
        let payment = TokenView::of(payment, key(&self.payment_token_program))?;
        payment.require(&self.payment_mint.key(), &challenger.key())?;
        if let Some(stake) = &self.challenger_stake {
            let stake = TokenView::of(stake, key(&self.stake_token_program))?;
            stake.require(&self.stake_mint.key(), &challenger.key())?;
        }
        Ok(())
    }
}
