//! The upgrade authority of the program.

use super::error::DeployError;
use millrace_client::Pubkey;
use millrace_client::deploy::state::DeployedProgram;
use millrace_client::pda::PROGRAM;

/// # Errors
/// [`DeployError::NotUpgradeable`], [`DeployError::Immutable`].
pub fn authority_of(deployed: &DeployedProgram) -> Result<Pubkey, DeployError> {
    match deployed.authority {
        _ if !deployed.is_upgradeable() => Err(DeployError::NotUpgradeable(PROGRAM)),
        None => Err(DeployError::Immutable(PROGRAM)),
        Some(authority) => Ok(authority),
    }
}

/// # Errors
/// [`DeployError::NotAuthority`], and those of [`authority_of`].
pub fn require_authority(
    deployed: &DeployedProgram,
    wallet: Pubkey,
    hint: &'static str,
) -> Result<(), DeployError> {
    let authority = authority_of(deployed)?;
    if authority != wallet {
        return Err(DeployError::NotAuthority {
            program: PROGRAM,
            authority,
            wallet,
            hint,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_client::deploy::LOADER;

    fn deployed(loader: Pubkey, authority: Option<Pubkey>) -> DeployedProgram {
        DeployedProgram {
            loader,
            slot: Some(1),
            authority,
            bytes: Vec::new(),
            lamports: 0,
        }
    }

    #[test]
    fn only_the_authority_of_an_upgradeable_program_is_accepted() {
        let [own, other] = [1, 2].map(|byte| Pubkey::new_from_array([byte; 32]));
        let check = |program: DeployedProgram| require_authority(&program, own, "");
        assert!(check(deployed(LOADER, Some(own))).is_ok());
        assert!(matches!(
            check(deployed(LOADER, Some(other))),
            Err(DeployError::NotAuthority { authority, .. }) if authority == other
        ));
        assert!(matches!(
            check(deployed(LOADER, None)),
            Err(DeployError::Immutable(_))
        ));
        assert!(matches!(
            check(deployed(other, Some(own))),
            Err(DeployError::NotUpgradeable(_))
        ));
    }
}
