//! Instructions of the SPL Token and system programs: creating a mint, minting, and transferring
//! lamports.

use millrace_client::Pubkey;
use millrace_client::error::ChainError;
use millrace_client::pda::{SYSTEM_PROGRAM, TOKEN_PROGRAM};
use millrace_client::rpc::client::Rpc;
use solana_sdk::instruction::{AccountMeta, Instruction};

/// Decimals of the tokens of a local network.
pub const DECIMALS: u8 = 6;
pub const MINT_BYTES: usize = 82;
pub const TOKEN_ACCOUNT_BYTES: usize = 165;

/// `CreateAccount` of the system program.
fn create_account(
    from: &Pubkey,
    new: &Pubkey,
    lamports: u64,
    bytes: u64,
    owner: &Pubkey,
) -> Instruction {
    const CREATE_ACCOUNT: u32 = 0;
    let mut data = CREATE_ACCOUNT.to_le_bytes().to_vec();
    data.extend(lamports.to_le_bytes());
    data.extend(bytes.to_le_bytes());
    data.extend(owner.to_bytes());
    Instruction {
        program_id: SYSTEM_PROGRAM,
        accounts: vec![AccountMeta::new(*from, true), AccountMeta::new(*new, true)],
        data,
    }
}

/// `Transfer` of the system program.
pub fn transfer_lamports(from: &Pubkey, to: &Pubkey, lamports: u64) -> Instruction {
    const TRANSFER: u32 = 2;
    let mut data = TRANSFER.to_le_bytes().to_vec();
    data.extend(lamports.to_le_bytes());
    Instruction {
        program_id: SYSTEM_PROGRAM,
        accounts: vec![AccountMeta::new(*from, true), AccountMeta::new(*to, false)],
        data,
    }
}

/// Creates a mint at `mint`, which signs, with [`DECIMALS`] and without a freeze authority. `rent` is
/// the rent exemption of [`MINT_BYTES`].
pub fn create_mint(
    payer: &Pubkey,
    mint: &Pubkey,
    authority: &Pubkey,
    rent: u64,
) -> [Instruction; 2] {
    const INITIALIZE_MINT_2: u8 = 20;
    let mut data = vec![INITIALIZE_MINT_2, DECIMALS];
    data.extend(authority.to_bytes());
    data.push(0);
    let initialize = Instruction {
        program_id: TOKEN_PROGRAM,
        accounts: vec![AccountMeta::new(*mint, false)],
        data,
    };
    let bytes = MINT_BYTES as u64;
    [
        create_account(payer, mint, rent, bytes, &TOKEN_PROGRAM),
        initialize,
    ]
}

/// Mints `amount` base units into a token account; the authority signs.
pub fn mint_to(mint: &Pubkey, account: &Pubkey, authority: &Pubkey, amount: u64) -> Instruction {
    const MINT_TO: u8 = 7;
    let mut data = vec![MINT_TO];
    data.extend(amount.to_le_bytes());
    Instruction {
        program_id: TOKEN_PROGRAM,
        accounts: vec![
            AccountMeta::new(*mint, false),
            AccountMeta::new(*account, false),
            AccountMeta::new_readonly(*authority, true),
        ],
        data,
    }
}

/// The mint's authority; `None` if the supply is fixed or the mint does not exist.
pub async fn mint_authority(rpc: &Rpc, mint: &Pubkey) -> Result<Option<Pubkey>, ChainError> {
    let found = rpc.account(mint).await?;
    Ok(found.and_then(|account| parse_mint_authority(&account.data)))
}

/// A mint starts with a 4-byte tag, which is 1 if the authority follows.
fn parse_mint_authority(mint: &[u8]) -> Option<Pubkey> {
    let key: [u8; 32] = mint.get(4..36)?.try_into().ok()?;
    mint.starts_with(&[1, 0, 0, 0])
        .then(|| Pubkey::new_from_array(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Pubkey = Pubkey::new_from_array([1; 32]);
    const B: Pubkey = Pubkey::new_from_array([2; 32]);

    #[test]
    fn layouts_are_those_of_the_programs() {
        let [create, initialize] = create_mint(&A, &B, &A, 7);
        assert_eq!(create.data.len(), 4 + 8 + 8 + 32);
        assert_eq!(create.data[4..12], 7u64.to_le_bytes());
        assert_eq!(initialize.data.len(), 1 + 1 + 32 + 1);
        assert_eq!(mint_to(&A, &B, &A, 258).data, [7, 2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(transfer_lamports(&A, &B, 1).data[..5], [2, 0, 0, 0, 1]);
    }

    #[test]
    fn mint_with_fixed_supply_has_no_authority() {
        let mut mint = vec![0; MINT_BYTES];
        assert_eq!(parse_mint_authority(&mint), None);
        mint[0] = 1;
        mint[4..36].copy_from_slice(&B.to_bytes());
        assert_eq!(parse_mint_authority(&mint), Some(B));
        assert_eq!(parse_mint_authority(&[1, 0]), None);
    }
}
