use crate::constants::{ACCOUNT_VERSION, seeds};
use crate::error::MillraceError;
use crate::events::{NetworkInitialized, record};
use crate::instructions::mints::validate_mint;
use crate::prelude::*;
use crate::state::{Network, NetworkParameters, RewardSchedule};
use anchor_lang::solana_program::bpf_loader_upgradeable;

/// What a network is born with.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct InitializeNetworkArgs {
    /// 32 random bytes.
    pub network_id: [u8; 32],
    /// Key that may pause and resume.
    pub pauser: Pubkey,
    /// The parameters.
    pub parameters: NetworkParameters,
    /// When rewards are given and how many.
    pub rewards: RewardSchedule,
}

/// Accounts of `initialize_network`.
#[event_cpi]
#[derive(Accounts)]
pub struct InitializeNetwork<'info> {
    /// Becomes the authority; where the program can be upgraded, it must be who may do that.
    #[account(mut)]
    pub authority: Signer<'info>,
    /// The network.
    #[account(init, payer = authority, space = Network::SIZE, seeds = [seeds::NETWORK], bump)]
    pub network: AccountLoader<'info, Network>,
    /// Mint of stake and rewards.
    /// CHECK: `validate` reads it, extensions included.
    pub stake_mint: UncheckedAccount<'info>,
    /// Mint of payments.
    /// CHECK: `validate` reads it, extensions included.
    pub payment_mint: UncheckedAccount<'info>,
    /// This program, to tell whether it can be upgraded.
    /// CHECK: its address is compared in `validate`.
    pub this_program: UncheckedAccount<'info>,
    /// The program's data where the upgradeable loader holds it.
    /// CHECK: its address is derived and its content read in `validate`.
    pub program_data: Option<UncheckedAccount<'info>>,
    /// System program.
    pub system_program: Program<'info, System>,
}

impl InitializeNetwork<'_> {
    fn validate(&self, args: &InitializeNetworkArgs) -> Result<()> {
        args.parameters.validate()?;
        args.rewards.validate()?;

        // mints: extensions of Token-2022 could take or hold back what the books say is there
        validate_mint(&self.stake_mint)?;
        validate_mint(&self.payment_mint)?;

        // authority: CANNOT be a stranger who was quicker than the one who deployed the program
        require_keys_eq!(
            self.this_program.key(),
            crate::ID,
            MillraceError::WrongAccount
        );
        if *self.this_program.owner == bpf_loader_upgradeable::ID {
            let missing = || MillraceError::WrongAccount.into_program_error();
            let data = self.program_data.as_ref().ok_or_else(missing)?;
            let place = program_data(&self.this_program).ok_or_else(missing)?;
            require_keys_eq!(data.key(), place, MillraceError::WrongAccount);
            let own = upgrade_authority(data) == Some(self.authority.key());
            require!(own, MillraceError::NotAuthorized);
        }
        Ok(())
    }
}

/// Where the loader keeps the bytes of a program: its account says so behind the number of its kind.
fn program_data(program: &AccountInfo) -> Option<Pubkey> {
    let data = program.try_borrow_data().ok()?;
    let place = data.strip_prefix(&2u32.to_le_bytes())?.first_chunk()?;
    Some(Pubkey::new_from_array(*place))
}

/// Who may upgrade it: behind the number of the kind and the slot of the last upgrade, if anyone.
fn upgrade_authority(program_data: &AccountInfo) -> Option<Pubkey> {
    let data = program_data.try_borrow_data().ok()?;
    let authority = data.strip_prefix(&3u32.to_le_bytes())?.get(8..)?;
    let key = authority.strip_prefix(&[1])?.first_chunk()?;
    Some(Pubkey::new_from_array(*key))
}

/// Creates the network.
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
    record(
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
