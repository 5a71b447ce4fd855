//! The commitment that a provider signs for a seat, and the values that reveal it.
//!
//! A provider first *commits* to a result without publishing it, and *reveals* it once no other
//! provider can copy it any more. Every hash binds the network, the program, the job, the shard, the
//! attempt and the provider, so a signature for one seat is invalid for any other.

use crate::hash::{Digest, sha256};

/// Domain of the commitment hash. A change to the layout of the preimage needs a new version number.
pub const COMMITMENT_DOMAIN: &[u8; 24] = b"millrace/commitment/v1\0\0";
/// Domain of the signed statement around a commitment.
pub const STATEMENT_DOMAIN: &[u8; 24] = b"millrace/statement/v1\0\0\0";
/// Domain of the statement that declines a seat.
pub const DECLINE_DOMAIN: &[u8; 24] = b"millrace/refusal/v1\0\0\0\0\0";

/// The seat that a commitment is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatContext<'a> {
    /// Random id of the network, fixed when the network is initialized.
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

/// The preimage of a commitment: the result that a provider reveals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reveal<'a> {
    /// Root of the result, see [`crate::receipt`].
    pub root: &'a Digest,
    /// Metered units (1 unit = 1,000,000 fuel, rounded up).
    pub units: u64,
    /// 32 random bytes that keep the result secret until it is revealed.
    pub salt: &'a [u8; 32],
}

impl SeatContext<'_> {
    /// `sha256(domain ‖ network id ‖ program ‖ job ‖ shard ‖ attempt ‖ provider ‖ root ‖ units ‖ salt)`,
    /// integers little-endian.
    pub fn commitment(&self, reveal: &Reveal) -> Digest {
        sha256(&[
            COMMITMENT_DOMAIN,
            self.network_id,
            self.program,
            self.job,
            &self.shard.to_le_bytes(),
            &[self.attempt],
            self.provider,
            reveal.root,
            &reveal.units.to_le_bytes(),
            reveal.salt,
        ])
    }

    /// The 32 bytes that the operator key signs with ed25519:
    /// `sha256(domain ‖ network id ‖ program ‖ job ‖ shard ‖ attempt ‖ provider ‖ commitment)`.
    ///
    /// A signature over the commitment alone would not show which seat it is for, and anyone holding
    /// it could record it for another one.
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
    pub fn decline_statement(&self) -> Digest {
        sha256(&[
            DECLINE_DOMAIN,
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

    const SEAT: SeatContext = SeatContext {
        network_id: &[1; 32],
        program: &[2; 32],
        job: &[3; 32],
        shard: 4,
        attempt: 5,
        provider: &[6; 32],
    };
    const REVEAL: Reveal = Reveal {
        root: &[7; 32],
        units: 8,
        salt: &[9; 32],
    };

    #[test]
    fn every_field_changes_the_commitment_and_the_statement() {
        let base = SEAT.commitment(&REVEAL);
        let reveals = [
            Reveal {
                root: &[0; 32],
                ..REVEAL
            },
            Reveal { units: 0, ..REVEAL },
            Reveal {
                salt: &[0; 32],
                ..REVEAL
            },
        ];
        for reveal in reveals {
            assert_ne!(SEAT.commitment(&reveal), base, "{reveal:?}");
        }
        let seats = [
            SeatContext {
                network_id: &[0; 32],
                ..SEAT
            },
            SeatContext {
                program: &[0; 32],
                ..SEAT
            },
            SeatContext {
                job: &[0; 32],
                ..SEAT
            },
            SeatContext { shard: 0, ..SEAT },
            SeatContext { attempt: 0, ..SEAT },
            SeatContext {
                provider: &[0; 32],
                ..SEAT
            },
        ];
        for seat in seats {
            assert_ne!(seat.commitment(&REVEAL), base, "{seat:?}");
            assert_ne!(seat.statement(&base), SEAT.statement(&base), "{seat:?}");
        }
        assert_ne!(SEAT.statement(&base), SEAT.statement(&[0; 32]));
    }

    #[test]
    fn the_preimage_layout_is_fixed() {
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
        assert_eq!(SEAT.commitment(&REVEAL), sha256(&[&bytes]));
    }

    #[test]
    fn a_decline_statement_binds_its_seat() {
        let mut bytes = DECLINE_DOMAIN.to_vec();
        for n in [1u8, 2, 3] {
            bytes.extend([n; 32]);
        }
        bytes.extend([4, 0, 0, 0, 5]);
        bytes.extend([6; 32]);
        assert_eq!(SEAT.decline_statement(), sha256(&[&bytes]));
    }
}
