//! What becomes of a transaction that is under way: decided from what the endpoint says, without
//! asking it.

use solana_sdk::transaction::TransactionError;
use std::time::Duration;

/// How often the same bytes are sent again.
pub const RESEND_EVERY: Duration = Duration::from_secs(2);

/// What to do about a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is confirmed.
    Landed,
    /// It is confirmed, and failed.
    Failed(TransactionError),
    /// It can no longer land: sign it anew.
    SignAnew,
    /// Send the same bytes again.
    SendAgain,
    /// Ask again later.
    Wait,
}

/// What is known of a transaction.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its confirmed status, asked for after `height`.
    pub status: Option<Result<(), TransactionError>>,
    /// The confirmed block height; unknown where nobody has asked.
    pub height: Option<u64>,
    /// The last height at which it can land.
    pub last_valid: u64,
    /// How long ago it was last sent.
    pub sent_ago: Duration,
}

impl Known {
    /// The rule. A transaction is signed anew only where it has no status at a confirmed height past its
    /// last. Where that block loses, two of the same purpose may both land, which does no harm: the same
    /// bytes are written to the same place of a buffer. What must not happen twice goes through
    /// [`crate::tx::sender`], which waits for finalized blocks.
    pub fn next(self) -> Next {
        match self.status {
            Some(Ok(())) => Next::Landed,
            Some(Err(error)) => Next::Failed(error),
            None if self.height.is_some_and(|height| height > self.last_valid) => Next::SignAnew,
            None if self.sent_ago >= RESEND_EVERY => Next::SendAgain,
            None => Next::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: Known = Known {
        status: None,
        height: Some(10),
        last_valid: 10,
        sent_ago: Duration::ZERO,
    };

    #[test]
    fn a_transaction_is_signed_anew_only_once_it_can_no_longer_land() {
        assert_eq!(UNKNOWN.next(), Next::Wait);
        let late = Known {
            sent_ago: RESEND_EVERY,
            ..UNKNOWN
        };
        assert_eq!(late.clone().next(), Next::SendAgain);
        let unasked = Known {
            height: None,
            ..late.clone()
        };
        assert_eq!(unasked.next(), Next::SendAgain);
        let expired = Known {
            height: Some(11),
            ..late
        };
        assert_eq!(expired.clone().next(), Next::SignAnew);
        let landed = Known {
            status: Some(Ok(())),
            ..expired
        };
        assert_eq!(landed.next(), Next::Landed);
    }

    #[test]
    fn a_failure_on_chain_is_final() {
        let error = TransactionError::InsufficientFundsForFee;
        let failed = Known {
            status: Some(Err(error.clone())),
            ..UNKNOWN
        };
        assert_eq!(failed.next(), Next::Failed(error));
    }
}
