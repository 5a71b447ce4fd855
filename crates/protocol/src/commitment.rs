//! The one message a provider signs for a seat, and the preimage that opens it.
//!
//! A provider first *commits* to a result without showing it, then *reveals* it once nobody can
//! copy it any more. Both hashes bind the network, the program, the job, the shard, the attempt
//! and the provider, so that nothing signed for one seat holds for another.

use crate::hash::{Digest, sha256};

/// Domain of the commitment hash; a change of the preimage's layout takes a new number.
pub const COMMITMENT_DOMAIN: &[u8; 24] = b"millrace/commitment/v1\0\0";
/// Domain of the signed statement around a commitment.
pub const STATEMENT_DOMAIN: &[u8; 24] = b"millrace/statement/v1\0\0\0";
/// Domain of the signed refusal of a seat.
pub const REFUSAL_DOMAIN: &[u8; 24] = b"millrace/refusal/v1\0\0\0\0\0";

/// The place a commitment is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat<'a> {
    /// Random id of the network, fixed at its initialization.
    pub network_id: &'a [u8; 32],
    /// Address of the program.
    pub program: &'a [u8; 32],
    /// Address of the job's account.
    pub job: &'a [u8; 32],
    /// Index of the shard within the job.
    pub shard: u32,
    /// Attempt at which this seat was assigned.
    pub attempt: u8,
    /// Address of the provider's account.
    pub provider: &'a [u8; 32],
}

/// What a provider claims to have computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// Root over the output, see [`crate::receipt`].
    pub root: &'a Digest,
    /// Units that the meter counted (1 unit = 1,000,000 fuel, rounded up).
    pub units: u64,
    /// 32 random bytes that keep the claim secret until it is revealed.
    pub salt: &'a [u8; 32],
}

impl Seat<'_> {
    /// `sha256(domain ‖ network id ‖ program ‖ job ‖ shard ‖ attempt ‖ provider ‖ root ‖ units ‖ salt)`,
    /// integers little-endian.
    pub fn commitment(&self, claim: &Claim) -> Digest {
        sha256(&[
            COMMITMENT_DOMAIN,
            self.network_id,
            self.program,
            self.job,
            &self.shard.to_le_bytes(),
            &[self.attempt],
            self.provider,
            claim.root,
            &claim.units.to_le_bytes(),
            claim.salt,
        ])
    }

    /// The 32 bytes that the operator key signs with ed25519:
    /// `sha256(domain ‖ network id ‖ program ‖ job ‖ shard ‖ attempt ‖ provider ‖ commitment)`.
    ///
    /// The commitment alone would hide which seat it is for, and whoever holds the signature could
    /// record it for another one.
    pub fn statement(&self, commitment: &Digest) -> Digest {
        sha256(&[
            STATEMENT_DOMAIN,
            self.network_id,
            self.program,
            self.job,
            &self.shard.to_le_bytes(),
            &[self.attempt],
            self.provider,
            commitment,
        ])
    }

    /// The 32 bytes that the operator key signs to decline the seat:
    /// `sha256(domain ‖ network id ‖ program ‖ job ‖ shard ‖ attempt ‖ provider)`.
    pub fn refusal(&self) -> Digest {
        sha256(&[
            REFUSAL_DOMAIN,
            self.network_id,
            self.program,
            self.job,
            &self.shard.to_le_bytes(),
            &[self.attempt],
            self.provider,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAT: Seat = Seat {
        network_id: &[1; 32],
        program: &[2; 32],
        job: &[3; 32],
        shard: 4,
        attempt: 5,
        provider: &[6; 32],
    };
    const CLAIM: Claim = Claim {
        root: &[7; 32],
        units: 8,
        salt: &[9; 32],
    };

    #[test]
    fn every_field_changes_the_commitment_and_the_statement() {
        let base = SEAT.commitment(&CLAIM);
        let claims = [
            Claim {
                root: &[0; 32],
                ..CLAIM
            },
            Claim { units: 0, ..CLAIM },
            Claim {
                salt: &[0; 32],
                ..CLAIM
            },
        ];
        for claim in claims {
            assert_ne!(SEAT.commitment(&claim), base, "{claim:?}");
        }
        let seats = [
            Seat {
                network_id: &[0; 32],
                ..SEAT
            },
            Seat {
                program: &[0; 32],
                ..SEAT
            },
            Seat {
                job: &[0; 32],
                ..SEAT
            },
            Seat { shard: 0, ..SEAT },
            Seat { attempt: 0, ..SEAT },
            Seat {
                provider: &[0; 32],
                ..SEAT
            },
        ];
        for seat in seats {
            assert_ne!(seat.commitment(&CLAIM), base, "{seat:?}");
            assert_ne!(seat.statement(&base), SEAT.statement(&base), "{seat:?}");
        }
        assert_ne!(SEAT.statement(&base), SEAT.statement(&[0; 32]));
    }

    #[test]
    fn the_layout_of_the_preimage_is_fixed() {
        let mut bytes = Vec::new();
        bytes.extend(COMMITMENT_DOMAIN);
        for n in [1u8, 2, 3] {
            bytes.extend([n; 32]);
        }
        bytes.extend([4, 0, 0, 0, 5]);
        bytes.extend([6; 32]);
        bytes.extend([7; 32]);
        bytes.extend([8, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([9; 32]);
        assert_eq!(SEAT.commitment(&CLAIM), sha256(&[&bytes]));
    }

    #[test]
    fn a_seat_is_declined_for_itself_alone() {
        let mut bytes = REFUSAL_DOMAIN.to_vec();
        for n in [1u8, 2, 3] {
            bytes.extend([n; 32]);
        }
        bytes.extend([4, 0, 0, 0, 5]);
        bytes.extend([6; 32]);
        assert_eq!(SEAT.refusal(), sha256(&[&bytes]));
    }
}
