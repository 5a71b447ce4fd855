//! A commitment is recorded only for the seat that its provider's operator signed it for, and only if
//! the preceding ed25519 check covers exactly that statement.

use millrace_client::instructions::{
    ShardRef, SignedCommitment, SignedStatement, create_token_account, record_commitments,
};
use millrace_client::pda::PROGRAM;
use millrace_fixture::{
    RIGHT, Setup, TestNetwork, WRONG, refused, refused_as, refused_outside, replace_account,
};
use millrace_program::RevealEntry;
use millrace_program::state::SeatStatus;
use millrace_protocol::commitment;
use solana_sdk::instruction::{Instruction, InstructionError};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

/// The error of the ed25519 program for an invalid signature.
const INVALID_SIGNATURE: InstructionError = InstructionError::Custom(2);
/// Offsets of the key, the signature and the message in a check of one signature.
const KEY: usize = 16;
const SIGNATURE: usize = KEY + 32;
const MESSAGE: usize = SIGNATURE + 64;
/// Offsets of the fields that hold these offsets.
const SIGNATURE_AT: usize = 2;
const KEY_AT: usize = 6;
const MESSAGE_AT: usize = 10;
const MESSAGE_SIZE: usize = 12;

/// A shard whose three seats are assigned to the three workers.
fn seated() -> (TestNetwork, Pubkey) {
    let mut network = TestNetwork::start();
    let job = network.post_with(|_| ());
    network.assign(&job, 0, &[0, 1, 2]).unwrap();
    (network, job)
}

fn check_and_record(job: &Pubkey, commitments: &[SignedCommitment]) -> [Instruction; 2] {
    let place = ShardRef {
        job: *job,
        index: 0,
        embedded: true,
    };
    record_commitments(place, commitments)
}

fn write(instruction: &mut Instruction, at: usize, number: u16) {
    instruction.data[at..at + 2].copy_from_slice(&number.to_le_bytes());
}

#[test]
fn signed_commitments_are_recorded_from_any_caller() {
    let (mut network, job) = seated();
    network.commit(&job, 0, &[(2, WRONG), (0, RIGHT)]).unwrap();
    let shard = network.shard(&job, 0);
    assert_eq!(shard.count(SeatStatus::Committed), 2);
    assert_eq!(
        shard.seats[0].digest,
        network.signed_commitment(&job, 0, (0, RIGHT)).commitment
    );
    assert_eq!(
        shard.seats[2].digest,
        network.signed_commitment(&job, 0, (2, WRONG)).commitment
    );
}

#[test]
fn invalid_signature_is_refused_before_the_program() {
    let (mut network, job) = seated();
    let mut commitment = network.signed_commitment(&job, 0, (0, RIGHT));
    commitment.signed.signature[5] ^= 1;
    refused_outside(
        network.record_commitments(&job, 0, &[commitment]),
        INVALID_SIGNATURE,
    );
}

#[test]
fn commitment_by_another_key_is_refused() {
    let (mut network, job) = seated();
    let commitment = network.signed_commitment(&job, 0, (0, RIGHT));
    let worker = &network.workers[0];
    for key in [&worker.authority, &network.workers[1].operator] {
        let signed = SignedCommitment {
            signed: SignedStatement {
                operator: key.pubkey(),
                signature: key.sign_message(&commitment.signed.statement).into(),
                ..commitment.signed
            },
            ..commitment
        };
        let record = check_and_record(&job, &[signed]);
        refused(network.machine.send(&record, &[]), "SignatureMismatch");
    }
}

#[test]
fn statement_for_another_seat_is_refused() {
    let mut network = TestNetwork::start();
    let (job, other_job) = (
        network.post_with(|t| t.shards = 2),
        network.post_with(|_| ()),
    );
    for (job, index) in [(&job, 0), (&job, 1), (&other_job, 0)] {
        network.assign(job, index, &[0, 1, 2]).unwrap();
    }
    let of_another_shard = network.signed_commitment(&job, 1, (0, RIGHT));
    let of_another_job = network.signed_commitment(&other_job, 0, (0, RIGHT));
    for commitment in [of_another_shard, of_another_job] {
        refused(
            network.record_commitments(&job, 0, &[commitment]),
            "SignatureMismatch",
        );
    }
    let of_another_seat = SignedCommitment {
        seat: 1,
        ..network.signed_commitment(&job, 0, (0, RIGHT))
    };
    let outcome = network.record_commitments(&job, 0, &[of_another_seat]);
    refused(outcome, "WrongAccount");
    let beyond = SignedCommitment {
        seat: 5,
        ..of_another_seat
    };
    refused(
        network.record_commitments(&job, 0, &[beyond]),
        "WrongSeatStatus",
    );
}

#[test]
fn altered_commitment_is_refused() {
    let (mut network, job) = seated();
    let mut commitment = network.signed_commitment(&job, 0, (0, RIGHT));
    commitment.commitment[0] ^= 1;
    refused(
        network.record_commitments(&job, 0, &[commitment]),
        "SignatureMismatch",
    );
}

#[test]
fn commitment_of_an_earlier_attempt_is_refused() {
    let mut network = Setup {
        workers: 1,
        ..Setup::default()
    }
    .build();
    let job = network.post_with(|t| (t.replicas, t.quorum, t.max_replicas) = (1, 1, 1));
    network.assign(&job, 0, &[0]).unwrap();
    let earlier = network.signed_commitment(&job, 0, (0, RIGHT));
    network.warp(60);
    network.expire_seat(&job, 0, 0).unwrap();
    network.assign(&job, 0, &[0]).unwrap();
    refused(
        network.record_commitments(&job, 0, &[earlier]),
        "SignatureMismatch",
    );
    network.commit(&job, 0, &[(0, RIGHT)]).unwrap();
}

/// Commitment and preimage of worker 0 for a seat of another network or of another program.
fn elsewhere(network: &TestNetwork, job: &Pubkey) -> [(SignedCommitment, RevealEntry); 2] {
    let provider = network.workers[0].account;
    let here = ([9; 32], PROGRAM.to_bytes());
    let entry = network.reveal_entry(job, 0, (0, RIGHT));
    [([8; 32], here.1), (here.0, [4; 32])].map(|(network_id, program)| {
        let place = commitment::SeatContext {
            network_id: &network_id,
            program: &program,
            job: job.as_array(),
            shard: 0,
            attempt: 0,
            provider: provider.as_array(),
        };
        let made = place.commitment(&commitment::Reveal {
            root: &entry.root,
            units: entry.units,
            salt: &entry.salt,
        });
        let statement = place.statement(&made);
        let operator = &network.workers[0].operator;
        let signed = SignedStatement {
            operator: operator.pubkey(),
            statement,
            signature: operator.sign_message(&statement).into(),
        };
        let commitment = SignedCommitment {
            seat: 0,
            provider,
            commitment: made,
            signed,
        };
        (commitment, entry.clone())
    })
}

#[test]
fn statement_for_another_network_or_program_is_refused() {
    let (mut network, job) = seated();
    for (commitment, _) in elsewhere(&network, &job) {
        refused(
            network.record_commitments(&job, 0, &[commitment]),
            "SignatureMismatch",
        );
    }
    network.commit(&job, 0, &[(0, RIGHT)]).unwrap();
}

#[test]
fn commitment_for_another_network_or_program_cannot_be_revealed() {
    let (network, job) = seated();
    let commitments = elsewhere(&network, &job);
    drop(network);
    for (elsewhere, entry) in commitments {
        let (mut network, job) = seated();
        // The operator signs, for this network, a commitment that was made for another one.
        let mut commitment = network.signed_commitment(&job, 0, (0, RIGHT));
        let place = commitment::SeatContext {
            network_id: &[9; 32],
            program: PROGRAM.as_array(),
            job: job.as_array(),
            shard: 0,
            attempt: 0,
            provider: commitment.provider.as_array(),
        };
        commitment.commitment = elsewhere.commitment;
        commitment.signed.statement = place.statement(&commitment.commitment);
        let operator = &network.workers[0].operator;
        commitment.signed.signature = operator.sign_message(&commitment.signed.statement).into();
        let rest = [1, 2].map(|w| network.signed_commitment(&job, 0, (w, RIGHT)));
        let all = [commitment, rest[0], rest[1]];
        network.record_commitments(&job, 0, &all).unwrap();
        let outcome = network.record_reveals(&job, 0, vec![entry]);
        refused(outcome, "RevealMismatch");
    }
}

#[test]
fn foreign_offsets_in_the_ed25519_check_are_refused() {
    let (mut network, job) = seated();
    let commitment = network.signed_commitment(&job, 0, (0, RIGHT));
    let forger = &network.workers[1].operator;
    let forged: [u8; 64] = forger.sign_message(&commitment.signed.statement).into();
    let [mut check, record] = check_and_record(&job, &[commitment]);
    // The operator's key and the statement stay at their usual offsets. The check verifies the forger's
    // signature over the same statement further behind.
    check.data[SIGNATURE..MESSAGE].fill(0);
    let behind = check.data.len() as u16;
    check.data.extend(forger.pubkey().to_bytes());
    check.data.extend(forged);
    write(&mut check, KEY_AT, behind);
    write(&mut check, SIGNATURE_AT, behind + 32);
    let outcome = network.machine.send(&[check, record], &[]);
    refused(outcome, "SignatureMismatch");
}

#[test]
fn statement_outside_the_signed_message_is_refused() {
    let (mut network, job) = seated();
    let commitment = network.signed_commitment(&job, 0, (0, RIGHT));
    let operator = &network.workers[0].operator;
    let other = [3; 32];
    let signature: [u8; 64] = operator.sign_message(&other).into();
    let [mut check, record] = check_and_record(&job, &[commitment]);
    check.data[SIGNATURE..MESSAGE].copy_from_slice(&signature);
    let behind = check.data.len() as u16;
    check.data.extend(other);
    write(&mut check, MESSAGE_AT, behind);
    let outcome = network.machine.send(&[check, record], &[]);
    refused(outcome, "SignatureMismatch");
}

#[test]
fn ed25519_check_of_another_instruction_is_refused() {
    let (mut network, job) = seated();
    let commitment = network.signed_commitment(&job, 0, (0, RIGHT));
    // The field with an instruction's number is two bytes behind the offset within it, or behind the
    // size for the message.
    for field in [SIGNATURE_AT + 2, KEY_AT + 2, MESSAGE_SIZE + 2] {
        let [mut check, record] = check_and_record(&job, &[commitment]);
        write(&mut check, field, 0);
        let outcome = network.machine.send(&[check, record], &[]);
        refused(outcome, "SignatureMismatch");
    }
}

#[test]
fn message_of_another_length_is_refused() {
    let (mut network, job) = seated();
    let commitment = network.signed_commitment(&job, 0, (0, RIGHT));
    let operator = &network.workers[0].operator;
    for length in [0, 31, 33] {
        let mut message = commitment.signed.statement.to_vec();
        message.resize(length, 0);
        let signature: [u8; 64] = operator.sign_message(&message).into();
        let [mut check, record] = check_and_record(&job, &[commitment]);
        check.data.truncate(MESSAGE);
        check.data.extend(&message);
        check.data[SIGNATURE..MESSAGE].copy_from_slice(&signature);
        write(&mut check, MESSAGE_SIZE, length as u16);
        let outcome = network.machine.send(&[check, record], &[]);
        refused(outcome, "SignatureMismatch");
    }
}

#[test]
fn ed25519_check_must_be_the_previous_instruction() {
    let (mut network, job) = seated();
    let commitment = network.signed_commitment(&job, 0, (0, RIGHT));
    let [check, record] = check_and_record(&job, &[commitment]);
    let (payer, owner) = (network.machine.payer.pubkey(), network.owner.pubkey());
    let unrelated = create_token_account(&payer, &owner, &network.mints.payment);
    let orders = [
        vec![record.clone()],
        vec![record.clone(), check.clone()],
        vec![check.clone(), unrelated.clone(), record.clone()],
        vec![unrelated, record.clone()],
    ];
    for instructions in orders {
        let outcome = network.machine.send(&instructions, &[]);
        refused(outcome, "SignatureCheckMissing");
    }
    network.machine.send(&[check, record], &[]).unwrap();
}

#[test]
fn ed25519_check_covers_every_commitment_in_order() {
    let (mut network, job) = seated();
    let [first, second] = [0, 1].map(|w| network.signed_commitment(&job, 0, (w, RIGHT)));
    let [check_of_two, record_of_two] = check_and_record(&job, &[first, second]);
    let [check_of_one, record_of_one] = check_and_record(&job, &[first]);
    let [turned_round, _] = check_and_record(&job, &[second, first]);
    let mixed = [
        (check_of_two, record_of_one, "SignatureCheckMissing"),
        (check_of_one, record_of_two.clone(), "SignatureCheckMissing"),
        (turned_round, record_of_two, "SignatureMismatch"),
    ];
    for (check, record, error) in mixed {
        refused(network.machine.send(&[check, record], &[]), error);
    }
}

#[test]
fn provider_accounts_match_the_commitments() {
    let (mut network, job) = seated();
    let commitment = network.signed_commitment(&job, 0, (0, RIGHT));
    let [own, other] = [0, 1].map(|w| network.workers[w].account);
    let [check, record] = check_and_record(&job, &[commitment]);
    let anothers = replace_account(record.clone(), own, other);
    let outcome = network.machine.send(&[check.clone(), anothers], &[]);
    refused(outcome, "WrongAccount");
    let mut without = record;
    without.accounts.pop();
    refused(
        network.machine.send(&[check, without], &[]),
        "WrongListLength",
    );
    let none = check_and_record(&job, &[]);
    refused(network.machine.send(&none[1..], &[]), "WrongListLength");
}

#[test]
fn forged_instructions_sysvar_is_refused() {
    let (mut network, job) = seated();
    let commitment = network.signed_commitment(&job, 0, (0, RIGHT));
    let [check, record] = check_and_record(&job, &[commitment]);
    let sysvar = record.accounts[3].pubkey;
    let posing = replace_account(record, sysvar, network.owner.pubkey());
    let outcome = network.machine.send(&[check, posing], &[]);
    refused_as(outcome, InstructionError::UnsupportedSysvar);
}

#[test]
fn seat_commits_once() {
    let (mut network, job) = seated();
    network.commit(&job, 0, &[(0, RIGHT)]).unwrap();
    refused(network.commit(&job, 0, &[(0, WRONG)]), "WrongSeatStatus");
    let twice = network.signed_commitment(&job, 0, (1, RIGHT));
    let outcome = network.record_commitments(&job, 0, &[twice, twice]);
    refused(outcome, "WrongSeatStatus");
}

#[test]
fn late_commitment_is_refused() {
    let (mut network, job) = seated();
    network.warp(59);
    network.commit(&job, 0, &[(0, RIGHT)]).unwrap();
    network.warp(1);
    refused(network.commit(&job, 0, &[(1, RIGHT)]), "TooLate");
}

#[test]
fn commitment_after_a_reveal_is_refused() {
    let (mut network, job) = seated();
    let all = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];
    network.commit(&job, 0, &all).unwrap();
    network.reveal(&job, 0, &[(0, RIGHT)]).unwrap();
    refused(network.commit(&job, 0, &[(1, WRONG)]), "WrongShardState");
}
