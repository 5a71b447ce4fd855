//! - Caller: the program's upgrade authority; any signer if the program cannot be upgraded.
//! - Window: once.
//! - Moves: the caller pays the rent of the network.

use crate::constants::{ACCOUNT_VERSION, seeds};
use crate::error::MillraceError;
use crate::events::{NetworkInitialized, emit};
use crate::instructions::mints::{validate_burnable, validate_mint};
use crate::prelude::*;
use crate::state::{Network, NetworkParameters, RewardSchedule};
use anchor_lang::solana_program::bpf_loader_upgradeable;

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct InitializeNetworkArgs {
    /// 32 random bytes.
    pub network_id: [u8; 32],
    /// Key that may pause and resume.
    pub pauser: Pubkey,
    pub parameters: NetworkParameters,
    pub rewards: RewardSchedule,
}

#[event_cpi]
#[derive(Accounts)]
pub struct InitializeNetwork<'info> {
    /// Becomes the network's authority. Must be the upgrade authority if the program can be upgraded.
    #[account(mut)]
    pub authority: Signer<'info>,
    #[account(init, payer = authority, space = Network::SIZE, seeds = [seeds::NETWORK], bump)]
    pub network: AccountLoader<'info, Network>,
    /// Mint of stake and rewards.
    /// CHECK: `validate` reads it with its extensions.
    pub stake_mint: UncheckedAccount<'info>,
    /// Mint of payments.
    /// CHECK: `validate` reads it with its extensions.
    pub payment_mint: UncheckedAccount<'info>,
    /// This program, whose owner shows whether it can be upgraded.
    /// CHECK: its address is compared in `validate`.
    pub this_program: UncheckedAccount<'info>,
    /// The program's data account, given if the program is owned by the upgradeable loader.
    /// CHECK: its address is derived and its content read in `validate`.
    pub program_data: Option<UncheckedAccount<'info>>,
    pub system_program: Program<'info, System>,
}

impl InitializeNetwork<'_> {
    fn validate(&self, args: &InitializeNetworkArgs) -> Result<()> {
        let single_mint = self.stake_mint.key() == self.payment_mint.key();
        args.parameters.validate(single_mint)?;
        args.rewards.validate()?;

        // mints: CANNOT have extensions that change or block balances
        validate_mint(&self.stake_mint)?;
        validate_burnable(self.stake_mint.key)?;
        validate_mint(&self.payment_mint)?;

        // authority: CANNOT be anyone who is faster than the deployer
        require_keys_eq!(
            self.this_program.key(),
            crate::ID,
            MillraceError::WrongAccount
        );
        if *self.this_program.owner == bpf_loader_upgradeable::ID {
            let missing = || MillraceError::WrongAccount.into_program_error();
            let data = self.program_data.as_ref().ok_or_else(missing)?;
            let address = program_data(&self.this_program).ok_or_else(missing)?;
            require_keys_eq!(data.key(), address, MillraceError::WrongAccount);
            let is_deployer = upgrade_authority(data) == Some(self.authority.key());
            require!(is_deployer, MillraceError::NotAuthorized);
        }
        Ok(())
    }
}

/// The data account of a program of the upgradeable loader: after the state's number.
fn program_data(program: &AccountInfo) -> Option<Pubkey> {
    let data = program.try_borrow_data().ok()?;
    let address = data.strip_prefix(&2u32.to_le_bytes())?.first_chunk()?;
    Some(Pubkey::new_from_array(*address))
}

/// The upgrade authority, if any: after the state's number and the slot of the last upgrade.
fn upgrade_authority(program_data: &AccountInfo) -> Option<Pubkey> {
    let data = program_data.try_borrow_data().ok()?;
    let authority = data.strip_prefix(&3u32.to_le_bytes())?.get(8..)?;
    let key = authority.strip_prefix(&[1])?.first_chunk()?;
    Some(Pubkey::new_from_array(*key))
}

pub fn initialize_network(
    ctx: Context<InitializeNetwork>,
    args: InitializeNetworkArgs,
) -> Result<()> {
    let accounts = &ctx.accounts;
    accounts.validate(&args)?;
    {
        let mut network = accounts.network.load_init()?;
        network.network_id = args.network_id;
        network.authority = accounts.authority.key();
        network.pauser = args.pauser;
        network.stake_mint = accounts.stake_mint.key();
        network.payment_mint = accounts.payment_mint.key();
        network.set_parameters(&args.parameters);
        network.epochs_started_at = clock()?.unix_timestamp;
        network.epoch_secs = args.rewards.epoch_secs;
        network.emission = args.rewards.emission;
        network.halving_epochs = args.rewards.halving_epochs;
        network.bump = ctx.bumps.network;
        network.version = ACCOUNT_VERSION;
    }
    emit(
        &ctx.accounts.event_authority,
        &NetworkInitialized {
            network_id: args.network_id,
            authority: accounts.authority.key(),
            stake_mint: accounts.stake_mint.key(),
            payment_mint: accounts.payment_mint.key(),
            parameters: args.parameters,
        },
    )?;
    Ok(())
}
