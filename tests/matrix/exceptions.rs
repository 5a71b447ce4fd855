//! Attempts with an outcome other than the default, and the reasons. The first match counts.

use super::attempt::Change::{
    Absent, Alias, AliasOfNew, Empty, Occupied, OtherMint, OtherOwner, OtherParty,
    OtherPartyWithRelated, OtherSigner, ReadOnly, Sibling, Truncated, WrongOwner, WrongType,
};
use super::rules::Exception;
use millrace_fixture::outcome::DONE;

/// Accounts, changes, substituted accounts, outcome and reason.
macro_rules! exceptions {
    ($($at:literal [$($by:ident)+] $with:literal => $outcome:expr, $why:literal;)+) => {
        pub(crate) const EXCEPTIONS: &[Exception] = &[$(Exception {
            at: $at,
            by: &[$($by),+],
            with: $with,
            outcome: $outcome,
            why: $why,
        }),+];
    };
}

exceptions! {
    // Penalties: stake is burnt, which writes to its mint.
    "settle_shard/without_a_quorum.stake_* settle_shard/whose_seats_disagree.stake_*"
        [Absent Alias] "*" => DONE, "no seat loses stake";
    "settle_shard/without_a_quorum.stake_mint settle_shard/whose_seats_disagree.stake_mint"
        [OtherParty] "*" => DONE, "no seat loses stake";
    "settle_shard/without_a_quorum.stake_token_program \
     settle_shard/whose_seats_disagree.stake_token_program"
        [OtherParty] "millrace token token-2022" => DONE, "no seat loses stake";
    "settle_shard/that_is_*.stake_mint settle_shard/that_is_*.stake_token_program" [Absent] "*"
        => "PenaltyAccountsMissing", "a seat loses stake";
    "settle_shard/that_is_*.stake_token_program" [OtherParty] "millrace"
        => "PenaltyAccountsMissing", "the program's own address stands for no account";
    "settle_shard/that_is_*.stake_mint" [Alias] "*"
        => "WrongAccount", "it is compared with the network's";
    "one_mint:settle_shard/that_is_*.payment_mint one_mint:settle_shard/that_is_*.stake_mint \
     two_mints:settle_shard/that_is_*.stake_mint" [WrongOwner] "*"
        => "Token::ExternalAccountDataModified", "the token program writes to its own accounts alone";
    "expire_seat.stake_mint" [Alias] "stake_vault" => "InvalidAccountData", "it is not a mint";
    "expire_seat.stake_vault" [Alias] "stake_mint" => "InvalidAccountData", "it is not a token account";
    "token2022:expire_seat.token_program token2022:settle_shard/that_is_*.stake_token_program"
        [OtherParty] "token"
        => "Token::ExternalAccountDataModified", "the token program writes to its own accounts alone";
    "settle_shard/that_is_challenged*.stake_token_program" [OtherParty] "token-2022"
        => "Token::IncorrectProgramId", "it does not own the mint";
    "assign_seats/at_a_shard_with_a_free_seat.shard" [Truncated] "*"
        => DONE, "the seat at its end is not looked at";

    // Allowed by design.
    "open_bucket.payer open_rewards.payer close_epoch.payer" [OtherSigner] "*"
        => DONE, "anyone may, and pays the rent";
    "bond.source challenge_shard.source fund_rewards.source post_job.source stake.source" [Sibling] "*"
        => DONE, "tokens may come from any account of who signs";
    "cancel_job.destination claim_earnings.destination claim_rewards.destination \
     close_job.destination deregister.*_destination withdraw_bond.destination \
     withdraw_stake.destination settle_shard.challenger_payment" [Sibling] "*"
        => DONE, "tokens may go to any account of whose they are";
    "withdraw_treasury.destination" [Sibling OtherOwner] "*"
        => DONE, "the authority may send them to anyone";
    "bank_rewards.provider" [OtherParty] "*" => DONE, "it banks that provider's own points";
    "bank_rewards.epoch" [OtherParty] "*"
        => DONE, "it banks the points of that epoch, whose rent the same key paid";
    "cancel_job.job" [OtherParty] "client.job*"
        => DONE, "it is the same client's, who may cancel it too";
    "expire_job.job seed_job.job" [OtherParty] "*" => DONE, "anyone may do the same to that job";
    "retire_orchestrator/by_the_authority.orchestrator" [OtherParty] "*"
        => DONE, "the authority may retire any";
    "retire_orchestrator/by_the_authority.signer" [OtherSigner] "orchestrator"
        => DONE, "an orchestrator may retire itself";
    "retire_orchestrator/by_itself.signer" [OtherSigner] "authority"
        => DONE, "the authority may retire any";
    "initialize_network.stake_mint initialize_network.payment_mint" [OtherParty] "*"
        => DONE, "the authority chooses them, and they may be the same";
    "acknowledge_delivery/by_the_client.program initialize_network.program \
     */in_the_jobs_account.program settle_shard/*in_its_jobs_account.program \
     settle_shard/in_an_account_of_its_own.program settle_shard/w*.program \
     settle_shard/that_is_audited.program" [OtherParty] "*"
        => DONE, "the slot only brings the program along, and another one does too";

    // All accounts of another party at once, so the instruction acts for that party or on its accounts.
    "acknowledge_delivery.orchestrator assign_seats.orchestrator \
     record_reveals.orchestrator retire_orchestrator/by_itself.orchestrator" [OtherPartyWithRelated] "*"
        => DONE, "another orchestrator signs, and may do the same";
    "bond.orchestrator stake.provider" [OtherPartyWithRelated] "*" => DONE, "anyone may add to anyone's";
    "request_unstake.provider rotate_operator.provider update_provider.provider" [OtherPartyWithRelated] "*"
        => DONE, "another provider signs, and changes what is its own";
    "withdraw_treasury.bucket" [OtherPartyWithRelated] "*" => DONE, "the authority may empty all treasuries";
    "acknowledge_delivery/by_an_orchestrator.shard draw_audit.shard" [OtherPartyWithRelated] "*"
        => DONE, "it is done to a shard of another job";
    "acknowledge_delivery/by_the_client.shard" [OtherPartyWithRelated] "client.*"
        => DONE, "it is the same client's";
    "assign_seats/at_a_shard_with_a_free_seat.shard" [OtherPartyWithRelated] "*.job0.shard0 *.job1.shard0"
        => DONE, "the orchestrator may seat them there too";
    "assign_seats.shard" [OtherPartyWithRelated] "client.job2.shard0"
        => "NoFreeSeat", "all seats are taken there";
    "acknowledge_delivery/by_the_client.shard" [OtherPartyWithRelated] "client2.*"
        => "NotAuthorized", "who signs did not post it";
    "cancel_job.client" [OtherPartyWithRelated] "*"
        => "NotAuthorized", "another client signs, and did not post the job";
    "post_job.client" [OtherPartyWithRelated] "*"
        => "ConstraintSeeds", "another client signs, and the job's address has the first one in it";
    "challenge_shard.job challenge_shard.shard" [OtherPartyWithRelated] "*"
        => "ConstraintSeeds", "the job is in the challenge's address";
    "record_reveals.shard reveal_seats.shard" [OtherPartyWithRelated] "*"
        => "RevealMismatch", "the job is in every commitment";

    "record_reveals/in_the_jobs_account.job reveal_seats/in_the_jobs_account.job" [OtherParty] "*"
        => "RevealMismatch", "the job is in every commitment";

    // Seats: admission, and providers that have a seat already.
    "assign_seats/at_a_new_shard.shard" [Occupied] "*"
        => "NoFreeSeat", "it is no new shard then, and its seats are taken";
    "assign_seats/at_a_new_shard.shard" [Absent] "*" => "WrongShardAccount", "the job has several";
    "assign_seats/at_a_new_shard.shard" [Alias] "job further*"
        => "AccountDiscriminatorMismatch", "what is there already is read";
    "assign_seats.shard" [Alias] "key"
        => "WrongAccount", "where nothing is, a shard would be made, at its own address";
    "assign_seats/at_a_new_shard.shard" [OtherParty] "*" => "WrongAccount", "it is another job's";
    "assign_seats/at_a_shard_with_a_free_seat.further*" [OtherParty] "worker0.provider"
        => "AlreadySeated", "it sits there already";
    "assign_seats/at_a_new_shard.further*"
        [Alias AliasOfNew WrongOwner WrongType Truncated Empty ReadOnly] "*"
        => DONE, "a candidate that cannot be seated costs the others nothing";
    "assign_seats.further*" [OtherParty] "*"
        => DONE, "the orchestrator chooses among the providers that are admitted";

    // Accounts passed as read-only.
    "settle_shard/whose_seats_disagree.further*" [ReadOnly] "*"
        => DONE, "no one leaves, and nothing is written";
    "assign_seats.further* settle_shard.further0 settle_shard.further3 settle_shard.further6"
        [ReadOnly] "*" => "AccountNotMutable", "the program writes to the provider";
    "settle_shard/that_is_*.further1 settle_shard/without_a_quorum.further1 \
     settle_shard/without_a_quorum.further4 settle_shard/without_a_quorum.further7" [ReadOnly] "*"
        => DONE, "it is not paid";
    "settle_shard.further1 settle_shard.further4 settle_shard.further7" [ReadOnly] "*"
        => "PrivilegeEscalation", "it is paid";
    "settle_shard/that_is_*.further2" [ReadOnly] "*" => "PrivilegeEscalation", "its stake is taken";
    "settle_shard.further2 settle_shard.further5 settle_shard.further8" [ReadOnly] "*"
        => DONE, "its stake stays";
    "assign_seats/at_a_new_shard.shard" [ReadOnly] "*"
        => "ConstraintMut", "it is made after all accounts were looked at";
    "close_job.further*" [ReadOnly] "*"
        => "AccountNotMutable", "the rent goes from the one to the other";

    // Content that cannot occur: an account of the program keeps its size, and a mint or a vault keeps
    // its owner.
    "initialize_network.*_mint" [WrongOwner] "*"
        => "MintNotSupported", "it is no mint of a token program";
    "settle_shard/whose_seats_disagree.shard challenge_shard/in_the_jobs_account.job \
     challenge_shard.shard draw_audit.shard close_job.further*"
        [Truncated] "*"
        => DONE, "the seat at its end is empty, or not looked at";
    "*.shard settle_shard/*in_its_jobs_account.job */in_the_jobs_account.job" [Truncated] "*"
        => "WrongShardAccount", "the seat at its end would have no room";
    "token2022:post_job.payment_mint token2022:close_job.payment_mint token2022:settle_shard/in_*.payment_mint \
     token2022:settle_shard/that_is_*.*_mint" [WrongOwner] "*"
        => "Token::IncorrectProgramId", "Token-2022 compares the owner of the mint";
    "post_job.payment_mint close_job.payment_mint settle_shard.*_mint" [WrongOwner] "*"
        => DONE, "the address is the network's, and only the decimals are read";
    "settle_shard/w*.treasury settle_shard/w*.escrow settle_shard/in_*.further2 \
     settle_shard/w*.further1 settle_shard/w*.further2 settle_shard/w*.further4 \
     settle_shard/without_a_quorum.further7 settle_shard.further5 settle_shard.further8 \
     settle_shard/that_is_*.further1"
        [WrongOwner] "*" => DONE, "the address is right, and nothing moves through it";
    "close_job.destination post_job.escrow settle_shard.challenger_*" [WrongOwner] "*"
        => "WrongAccount", "it is read before anything moves";
    "token2022:close_job.escrow token2022:post_job.source token2022:settle_shard.escrow token2022:settle_shard.treasury \
     token2022:settle_shard.further1 token2022:settle_shard.further2 \
     token2022:settle_shard.further4 token2022:settle_shard.further7" [WrongOwner] "*"
        => "Token::IncorrectProgramId", "Token-2022 compares the owners of its accounts";
    "close_job.escrow post_job.source settle_shard.escrow settle_shard.treasury \
     settle_shard.further1 settle_shard.further2 settle_shard.further4 \
     settle_shard.further7" [WrongOwner] "*"
        => "Token::ExternalAccountDataModified", "the token program writes to its own alone";

    // Signers, and owners of accounts.
    "bond.funder challenge_shard.challenger fund_rewards.funder stake.funder" [OtherSigner] "*"
        => "Token::OwnerMismatch", "the owner of the source has to sign";
    "open_client.owner post_job.owner register_provider.authority" [OtherSigner] "*"
        => "ConstraintSeeds", "the signer is in the address of what is made";
    "deregister.provider request_unstake.provider rotate_operator.provider \
     update_provider.provider withdraw_stake.provider cancel_job.client post_job.client \
     acknowledge_delivery.orchestrator assign_seats.orchestrator \
     record_reveals.orchestrator retire_orchestrator.orchestrator" [OtherParty] "*"
        => "NotAuthorized", "who signs is not its key";
    "acknowledge_delivery/by_the_client.job cancel_job.job" [OtherParty] "client2.*"
        => "NotAuthorized", "who signs did not post it";
    "acknowledge_delivery.orchestrator" [Absent] "*"
        => "NotAuthorized", "who signs is not the client";
    "initialize_network.program_data" [Absent] "*"
        => "WrongAccount", "the program can be upgraded, so it has to be there";

    // Addresses.
    "challenge_shard.job" [OtherParty] "*"
        => "ConstraintSeeds", "the job is in the challenge's address";
    "open_bucket.payment_mint" [OtherParty] "*"
        => "ConstraintSeeds", "the mint is in the treasury's address";
    "decline_seat.instructions record_commitments.instructions" [OtherParty] "*"
        => "UnsupportedSysvar", "the reader of the sysvar compares its address";
    "initialize_network.this_program" [OtherParty] "*"
        => "WrongAccount", "the program knows its own address";
    "*.program" [OtherParty] "*" => "MissingAccount", "the program calls itself to record an event";

    // Token programs: Token-2022 instead of the Token program and the reverse.
    "settle_shard/w*.payment_token_program" [OtherParty] "token-2022 token"
        => DONE, "nothing is paid";
    "token2022:withdraw_treasury.token_program" [OtherParty] "token"
        => "Token::InvalidAccountData", "it does not own the accounts";
    "token2022:settle_shard/in_*.payment_token_program \
     token2022:settle_shard/that_is_audited.payment_token_program" [OtherParty] "token"
        => "Token::ExternalAccountDataModified", "the token program writes to its own alone";
    "open_bucket.token_program open_client.token_program open_rewards.token_program \
     register_orchestrator.token_program register_provider.*token_program \
     expire_seat.token_program withdraw_treasury.token_program \
     settle_shard/in_*.payment_token_program settle_shard/that_is_audited.*_token_program"
        [OtherParty] "token-2022 token"
        => "Token::IncorrectProgramId", "it does not own the mint";
    "*token_program" [OtherParty] "token-2022 token"
        => "WrongAccount", "it does not own the accounts that are read";

    // Token accounts that only the token program checks.
    "*.source withdraw_treasury.destination" [OtherMint] "*"
        => "Token::MintMismatch", "tokens move between accounts of one mint";
    "*.source" [OtherOwner] "*" => "Token::OwnerMismatch", "the owner of the source has to sign";
    "post_job.source" [Alias] "escrow"
        => "Token::OwnerMismatch", "the owner of the source has to sign";
    "token2022:post_job.source" [Alias AliasOfNew] "*"
        => "Token::IncorrectProgramId", "it is no token account";
    "post_job.source" [Alias AliasOfNew] "*"
        => "Token::InvalidAccountData", "it is no token account";

    // One account at two positions, if addresses are compared before types.
    "settle_shard.escrow settle_shard.treasury settle_shard.challenger_* \
     settle_shard.further* close_job.escrow close_job.destination post_job.escrow" [Alias AliasOfNew] "*"
        => "WrongAccount", "another account names it, or its owner and mint are compared";
    "deregister.*_destination" [Alias] "stake_* earnings_*"
        => "WrongAccount", "the destinations may be one account, of the authority's";
    "deregister.*_vault" [Alias] "*_destination" => "WrongAccount", "the provider names its vaults";
    "close_epoch.further*" [Alias] "further*" => "WrongAccount", "the buckets come in their order";
    "close_epoch.further*" [AliasOfNew] "epoch"
        => "AccountDiscriminatorMismatch", "it is made by then";
    "close_job.further0 close_job.further2" [Alias] "further0 further2"
        => "AccountNotInitialized", "a shard is closed by then";
    "challenge_shard.source challenge_shard.escrow" [AliasOfNew] "*"
        => "AccountNotInitialized", "nothing is there yet";
}
