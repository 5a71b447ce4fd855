//! Tokens in the vaults, out of them and into them. The accounts of both token programs begin alike,
//! so the few fields that matter are read in place.

use crate::constants::seeds;
use crate::error::MillraceError;
use anchor_lang::prelude::*;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::solana_program::program::invoke_signed_unchecked;
use anchor_spl::token_interface::TokenInterface;

/// `TransferChecked` of both token programs.
const TRANSFER_CHECKED: u8 = 12;
/// Where a mint holds its decimals.
const DECIMALS: usize = 44;

/// A mint and the program that moves its tokens.
pub struct Money<'a, 'info> {
    /// The token program.
    pub program: &'a Interface<'info, TokenInterface>,
    /// The mint.
    pub mint: &'a AccountInfo<'info>,
}

impl<'info> Money<'_, 'info> {
    /// Moves `amount`, signed by the transaction or by the seeds of the authority. The token program
    /// checks that both accounts are of the mint and that the authority owns the first one.
    pub fn send(
        &self,
        (from, to): (&AccountInfo<'info>, &AccountInfo<'info>),
        authority: &AccountInfo<'info>,
        amount: u64,
        signer: &[&[&[u8]]],
    ) -> Result<()> {
        if amount == 0 {
            return Ok(());
        }
        let decimals = self.mint.try_borrow_data()?.get(DECIMALS).copied();
        let decimals = decimals.ok_or(MillraceError::WrongAccount)?;
        let mut data = Vec::with_capacity(10);
        data.push(TRANSFER_CHECKED);
        data.extend_from_slice(&amount.to_le_bytes());
        data.push(decimals);
        let instruction = Instruction {
            program_id: self.program.key(),
            accounts: vec![
                AccountMeta::new(*from.key, false),
                AccountMeta::new_readonly(*self.mint.key, false),
                AccountMeta::new(*to.key, false),
                AccountMeta::new_readonly(*authority.key, true),
            ],
            data,
        };
        let infos = [
            from.clone(),
            self.mint.clone(),
            to.clone(),
            authority.clone(),
        ];
        // Nothing here is borrowed meanwhile: the token program's accounts are only read in between.
        Ok(invoke_signed_unchecked(&instruction, &infos, signer)?)
    }

    /// Moves `amount` into a vault, and makes sure that so much arrived.
    ///
    /// # Errors
    /// [`MillraceError::ReceivedLess`].
    pub fn deposit(
        &self,
        (from, vault): (&AccountInfo<'info>, &AccountInfo<'info>),
        authority: &AccountInfo<'info>,
        amount: u64,
    ) -> Result<()> {
        let before = TokenView::of(vault, self.program)?.amount;
        self.send((from, vault), authority, amount, &[])?;
        let after = TokenView::of(vault, self.program)?.amount;
        let received = after.checked_sub(before) == Some(amount);
        require!(received, MillraceError::ReceivedLess);
        Ok(())
    }

    /// Moves tokens out of a client's escrow vault, whose authority is the client's account.
    pub fn pay_from_escrow(
        &self,
        vaults: (&AccountInfo<'info>, &AccountInfo<'info>),
        client: &AccountInfo<'info>,
        (owner, bump): (&Pubkey, u8),
        amount: u64,
    ) -> Result<()> {
        let signer: &[&[u8]] = &[seeds::CLIENT, owner.as_ref(), &[bump]];
        self.send(vaults, client, amount, &[signer])
    }

    /// Moves tokens out of a provider's vault, whose authority is the provider's account.
    pub fn pay_from_provider(
        &self,
        vaults: (&AccountInfo<'info>, &AccountInfo<'info>),
        provider: &AccountInfo<'info>,
        (authority, bump): (&Pubkey, u8),
        amount: u64,
    ) -> Result<()> {
        let signer: &[&[u8]] = &[seeds::PROVIDER, authority.as_ref(), &[bump]];
        self.send(vaults, provider, amount, &[signer])
    }
}

/// What a token account begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenView {
    /// Its mint.
    pub mint: Pubkey,
    /// Who owns it.
    pub owner: Pubkey,
    /// What is in it, base units.
    pub amount: u64,
}

impl TokenView {
    /// Reads a token account of the given token program.
    ///
    /// # Errors
    /// [`MillraceError::WrongAccount`] where it is none.
    pub fn of<'info>(
        account: &AccountInfo<'info>,
        program: &Interface<'info, TokenInterface>,
    ) -> Result<Self> {
        require_keys_eq!(*account.owner, program.key(), MillraceError::WrongAccount);
        let data = account.try_borrow_data()?;
        Self::read(&data).ok_or_else(|| MillraceError::WrongAccount.into())
    }

    fn read(data: &[u8]) -> Option<Self> {
        /// Bytes of a token account without extensions.
        const SIZE: usize = 165;
        /// Where the kind stands in an account with extensions, and the number of token accounts.
        const KIND: (usize, u8) = (SIZE, 2);
        let is_account = match data.len() {
            SIZE => true,
            _ => data.get(KIND.0) == Some(&KIND.1),
        };
        let key = |at: usize| data.get(at..at + 32)?.try_into().ok();
        let amount = data.get(64..72)?.try_into().ok()?;
        is_account.then_some(Self {
            mint: Pubkey::new_from_array(key(0)?),
            owner: Pubkey::new_from_array(key(32)?),
            amount: u64::from_le_bytes(amount),
        })
    }

    /// # Errors
    /// [`MillraceError::WrongAccount`] unless it is of this mint and owner.
    pub fn require(&self, mint: &Pubkey, owner: &Pubkey) -> Result<()> {
        let fits = self.mint == *mint && self.owner == *owner;
        require!(fits, MillraceError::WrongAccount);
        Ok(())
    }
}
