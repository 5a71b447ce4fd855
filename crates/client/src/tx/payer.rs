//! The wallet that pays fees and rent, watched so that it never runs dry in the middle of an act.

use crate::error::ChainError;
use crate::rpc::client::Rpc;
use solana_sdk::pubkey::Pubkey;
use std::sync::Arc;
use tokio::sync::watch;

/// A gauge of a wallet's lamports. Cheap to clone; all clones show the same.
#[derive(Clone)]
pub struct Payer {
    key: Pubkey,
    floor: u64,
    lamports: Arc<watch::Sender<Option<u64>>>,
}

impl Payer {
    /// A gauge that was not read yet. Under `floor` lamports nothing is begun that pays rent.
    pub fn new(key: Pubkey, floor: u64) -> Self {
        Self {
            key,
            floor,
            lamports: Arc::new(watch::Sender::new(None)),
        }
    }

    /// The wallet.
    pub fn key(&self) -> Pubkey {
        self.key
    }

    /// Lamports under which no more rent is paid.
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// Lamports when it was last read; `None` before that.
    pub fn lamports(&self) -> Option<u64> {
        *self.lamports.borrow()
    }

    /// Changes of the balance, for gauges.
    pub fn changes(&self) -> watch::Receiver<Option<u64>> {
        self.lamports.subscribe()
    }

    /// Takes in a balance that was read elsewhere.
    pub fn set(&self, lamports: u64) {
        self.lamports.send_if_modified(|known| {
            let changed = *known != Some(lamports);
            *known = Some(lamports);
            changed
        });
    }

    /// Reads the balance.
    ///
    /// # Errors
    /// Those of the endpoint; the gauge stays as it was.
    pub async fn read(&self, rpc: &Rpc) -> Result<u64, ChainError> {
        let lamports = rpc.lamports(&self.key).await?;
        self.set(lamports);
        Ok(lamports)
    }

    /// Whether something may be begun that pays rent out of this wallet. What brings money back, or
    /// pays a fee alone, is always worth its fee, and is not asked about.
    ///
    /// # Errors
    /// [`ChainError::PayerLow`] where less than the floor was seen last.
    pub fn require_rent(&self) -> Result<(), ChainError> {
        match self.lamports() {
            Some(lamports) if lamports < self.floor => Err(ChainError::PayerLow {
                payer: self.key,
                lamports,
                floor: self.floor,
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_low_wallet_is_named_and_pays_no_rent_until_it_is_filled() {
        let payer = Payer::new(Pubkey::new_from_array([7; 32]), 1_000);
        assert!(payer.require_rent().is_ok(), "nothing is known of it yet");
        payer.set(999);
        let told = payer.require_rent().unwrap_err().to_string();
        assert!(told.contains(&payer.key().to_string()), "{told}");
        assert!(told.contains("999") && told.contains("1000"), "{told}");
        let seen = payer.changes();
        payer.clone().set(1_000);
        assert!(payer.require_rent().is_ok());
        assert!(seen.has_changed().unwrap());
    }
}
