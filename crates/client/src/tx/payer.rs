//! The balance of the wallet that pays fees and rent, so that a service stops paying rent before the
//! wallet is empty.

use crate::error::ChainError;
use crate::rpc::client::Rpc;
use solana_sdk::pubkey::Pubkey;
use std::sync::Arc;
use tokio::sync::watch;

/// The last known balance of a wallet. Cheap to clone; clones share the balance.
#[derive(Clone)]
pub struct Payer {
    key: Pubkey,
    floor: u64,
    lamports: Arc<watch::Sender<Option<u64>>>,
}

impl Payer {
    /// A wallet whose balance is not known yet. Below `floor` lamports it pays no more rent.
    pub fn new(key: Pubkey, floor: u64) -> Self {
        Self {
            key,
            floor,
            lamports: Arc::new(watch::Sender::new(None)),
        }
    }

    /// The wallet's address.
    pub fn key(&self) -> Pubkey {
        self.key
    }

    /// Lamports below which the wallet pays no more rent.
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// The balance in lamports when it was last read; `None` before the first read.
    pub fn lamports(&self) -> Option<u64> {
        *self.lamports.borrow()
    }

    /// Notifies of changes of the balance.
    pub fn changes(&self) -> watch::Receiver<Option<u64>> {
        self.lamports.subscribe()
    }

    /// Sets a balance that was read elsewhere.
    pub fn set(&self, lamports: u64) {
        self.lamports.send_if_modified(|known| {
            let changed = *known != Some(lamports);
            *known = Some(lamports);
            changed
        });
    }

    /// Reads the balance from the chain.
    ///
    /// # Errors
    /// Errors of the endpoint. The last known balance is kept.
    pub async fn read(&self, rpc: &Rpc) -> Result<u64, ChainError> {
        let lamports = rpc.lamports(&self.key).await?;
        self.set(lamports);
        Ok(lamports)
    }

    /// Checks that this wallet may pay rent. Not meant for transactions that return rent or pay only a
    /// fee: those are always worth their fee.
    ///
    /// # Errors
    /// [`ChainError::PayerLow`] if the last known balance is below the floor.
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
    fn wallet_below_its_floor_pays_no_rent_until_it_is_filled() {
        let payer = Payer::new(Pubkey::new_from_array([7; 32]), 1_000);
        assert!(payer.require_rent().is_ok(), "its balance is not known yet");
        payer.set(999);
        let told = payer.require_rent().unwrap_err().to_string();
        assert!(told.contains(&payer.key().to_string()), "{told}");
        assert!(told.contains("999") && told.contains("1000"), "{told}");
        let seen = payer.changes();
        payer.set(1_000);
        assert!(payer.require_rent().is_ok());
        assert!(seen.has_changed().unwrap());
    }
}
