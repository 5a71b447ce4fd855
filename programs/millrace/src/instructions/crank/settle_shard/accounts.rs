//! The accounts of `settle_shard`.

use crate::error::MillraceError;
use crate::instructions::tokens::TokenTransfer;
use crate::prelude::*;
use crate::state::{Bucket, Challenge, Client, Job, Network, Review, Shard, bucket_of};

/// The remaining accounts are, for each live seat in the order of the seats: the provider, its earnings
/// vault and its stake vault.
#[event_cpi]
#[derive(Accounts)]
pub struct SettleShard<'info> {
    #[account(has_one = payment_mint @ MillraceError::WrongAccount)]
    pub network: AccountLoader<'info, Network>,
    #[account(mut, dup, has_one = escrow @ MillraceError::WrongAccount)]
    pub client: AccountLoader<'info, Client>,
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// Given if the job has several shards.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
    /// The bucket that the job's address selects.
    #[account(mut, has_one = treasury @ MillraceError::WrongAccount)]
    pub bucket: AccountLoader<'info, Bucket>,
    /// The client's escrow vault.
    /// CHECK: compared by the client's `has_one`.
    #[account(mut)]
    pub escrow: UncheckedAccount<'info>,
    /// Mint of payments.
    /// CHECK: compared by the network's `has_one`.
    pub payment_mint: UncheckedAccount<'info>,
    /// Treasury vault for fees.
    /// CHECK: compared by the bucket's `has_one`.
    #[account(mut)]
    pub treasury: UncheckedAccount<'info>,
    /// Token program of payments.
    pub payment_token_program: Interface<'info, TokenInterface>,
    /// Mint of stake, given if a seat is penalized.
    /// CHECK: compared with the network in `penalty_tokens`.
    #[account(mut)]
    pub stake_mint: Option<UncheckedAccount<'info>>,
    /// Token program of stake, given if a seat is penalized.
    pub stake_token_program: Option<Interface<'info, TokenInterface>>,
    /// Given if the shard is challenged.
    #[account(mut)]
    pub challenge: Option<AccountLoader<'info, Challenge>>,
    /// The signer who challenged, who receives the rent of the challenge.
    /// CHECK: compared with the challenge in `validate`.
    #[account(mut)]
    pub challenger: Option<UncheckedAccount<'info>>,
    /// A token account of the challenger, which receives the returned bond.
    /// CHECK: read in `validate`.
    #[account(mut)]
    pub challenger_payment: Option<UncheckedAccount<'info>>,
}

impl<'info> SettleShard<'info> {
    pub fn validate(&self, shard: &Shard) -> Result<()> {
        // shard
        require!(shard.is_live(), MillraceError::WrongShardState);

        // client: `has_one` compares its vault
        let job = self.job.load()?;
        require_keys_eq!(
            self.client.load()?.owner,
            job.client,
            MillraceError::WrongAccount
        );

        // bucket: `has_one` compares its vaults
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
        Ok(())
    }

    /// The accounts through which penalties move.
    ///
    /// # Errors
    /// [`MillraceError::PenaltyAccountsMissing`], [`MillraceError::WrongAccount`].
    pub(super) fn penalty_tokens(&self) -> Result<TokenTransfer<'_, 'info>> {
        let missing = || MillraceError::PenaltyAccountsMissing.into_program_error();
        let mint = self.stake_mint.as_ref().ok_or_else(missing)?;
        let program = self.stake_token_program.as_ref().ok_or_else(missing)?;
        let wanted = self.network.load()?.stake_mint;
        require_keys_eq!(mint.key(), wanted, MillraceError::WrongAccount);
        Ok(TokenTransfer {
            program,
            mint: mint.as_ref(),
        })
    }
}
