//! What happened, in the past tense, with the books after it. Enough to rebuild history; never
//! needed to act: every fact is in an account too.

use crate::account::{Role, call};
use crate::prelude::*;
use crate::state::{NetworkParameters, Offer};
use anchor_lang::Discriminator;
use anchor_lang::event::EVENT_IX_TAG_LE;

/// Records an event the way `emit_cpi!` does, by an instruction of this program to itself, whose data
/// the chain keeps. Shared by all events and without that macro's copy byte by byte, which is dear.
///
/// # Errors
/// Whatever the runtime refuses the call with.
pub fn record<'info>(
    event_authority: &impl AsRef<AccountInfo<'info>>,
    event: &(impl AnchorSerialize + Discriminator),
) -> Result<()> {
    /// Bytes of the longest event.
    const ROOM: usize = 512;
    let mut data = Vec::with_capacity(ROOM);
    data.extend_from_slice(EVENT_IX_TAG_LE);
    data.extend_from_slice(discriminator(event));
    // Writing to memory does not fail.
    if event.serialize(&mut data).is_err() {
        return Err(ErrorCode::AccountDidNotSerialize.refuse());
    }
    call_itself(event_authority.as_ref(), &data)
}

fn discriminator<E: Discriminator>(_: &E) -> &'static [u8] {
    E::DISCRIMINATOR
}

#[inline(never)]
fn call_itself(event_authority: &AccountInfo, data: &[u8]) -> Result<()> {
    let bump = [crate::EVENT_AUTHORITY_AND_BUMP.1];
    let signer: &[&[u8]] = &[b"__event_authority", &bump];
    call(&crate::ID, &[(event_authority, Role::Sign)], data, signer)
}

/// A network came into being.
#[event]
pub struct NetworkInitialized {
    /// Its random id.
    pub network_id: [u8; 32],
    /// Its authority.
    pub authority: Pubkey,
    /// Mint of stake.
    pub stake_mint: Pubkey,
    /// Mint of payments.
    pub payment_mint: Pubkey,
    /// Its parameters.
    pub parameters: NetworkParameters,
}

/// The authority proposed another key.
#[event]
pub struct AuthorityProposed {
    /// The authority.
    pub authority: Pubkey,
    /// The key that may accept; the default key where a proposal was taken back.
    pub proposed: Pubkey,
}

/// A proposed key became the authority.
#[event]
pub struct AuthorityAccepted {
    /// The authority before.
    pub before: Pubkey,
    /// The authority now.
    pub authority: Pubkey,
}

/// Another pauser was named.
#[event]
pub struct PauserChanged {
    /// The pauser before.
    pub before: Pubkey,
    /// The pauser now.
    pub pauser: Pubkey,
}

/// New stakes, jobs and assignments were stopped.
#[event]
pub struct NetworkPaused {
    /// Who did it.
    pub pauser: Pubkey,
}

/// New stakes, jobs and assignments go on.
#[event]
pub struct NetworkResumed {
    /// Who did it.
    pub pauser: Pubkey,
}

/// Parameters were chosen for what comes after.
#[event]
pub struct ParametersSet {
    /// The parameters.
    pub parameters: NetworkParameters,
}

/// A bucket was opened.
#[event]
pub struct BucketOpened {
    /// Its index.
    pub bucket: u8,
    /// Its treasury vault for fees.
    pub payment_treasury: Pubkey,
    /// Its treasury vault for penalties.
    pub stake_treasury: Pubkey,
}

/// Tokens left a treasury vault.
#[event]
pub struct TreasuryWithdrawn {
    /// The vault.
    pub treasury: Pubkey,
    /// Where they went.
    pub destination: Pubkey,
    /// How many, base units.
    pub amount: u64,
}

/// The rewards' vault was opened.
#[event]
pub struct RewardsOpened {
    /// The vault.
    pub vault: Pubkey,
}

/// Tokens came into the rewards' vault.
#[event]
pub struct RewardsFunded {
    /// How many, base units.
    pub amount: u64,
    /// All that ever came, base units.
    pub funded_after: u64,
}

/// A key became an orchestrator.
#[event]
pub struct OrchestratorRegistered {
    /// The account.
    pub orchestrator: Pubkey,
    /// The key.
    pub key: Pubkey,
}

/// Tokens came into an orchestrator's bond.
#[event]
pub struct BondDeposited {
    /// The orchestrator's account.
    pub orchestrator: Pubkey,
    /// How many, base units.
    pub amount: u64,
    /// The bond after it, base units.
    pub bonded_after: u64,
}

/// An orchestrator was taken out of service.
#[event]
pub struct OrchestratorRetired {
    /// The account.
    pub orchestrator: Pubkey,
    /// The key.
    pub key: Pubkey,
}

/// A retired orchestrator got its bond back, and its account was closed.
#[event]
pub struct BondWithdrawn {
    /// The account.
    pub orchestrator: Pubkey,
    /// The key.
    pub key: Pubkey,
    /// How many tokens, base units, donations included.
    pub amount: u64,
}

/// A provider registered.
#[event]
pub struct ProviderRegistered {
    /// The account.
    pub provider: Pubkey,
    /// Its cold key.
    pub authority: Pubkey,
    /// Its hot key.
    pub operator: Pubkey,
    /// Its asking price, base units per unit.
    pub ask_price: u64,
}

/// A provider changed its offer.
#[event]
pub struct ProviderUpdated {
    /// The account.
    pub provider: Pubkey,
    /// What it offers now.
    pub offer: Offer,
}

/// A provider named another hot key.
#[event]
pub struct OperatorRotated {
    /// The account.
    pub provider: Pubkey,
    /// The hot key before.
    pub before: Pubkey,
    /// The hot key now.
    pub operator: Pubkey,
}

/// A provider closed its account.
#[event]
pub struct ProviderDeregistered {
    /// The account.
    pub provider: Pubkey,
    /// Its cold key.
    pub authority: Pubkey,
}

/// Stake went on its way out.
#[event]
pub struct UnstakeRequested {
    /// The provider.
    pub provider: Pubkey,
    /// How much, base units.
    pub amount: u64,
    /// When it may leave, unix seconds.
    pub until: i64,
    /// Active stake after it.
    pub active_after: u64,
    /// Unbonding stake after it.
    pub unbonding_after: u64,
}

/// Stake left.
#[event]
pub struct StakeWithdrawn {
    /// The provider.
    pub provider: Pubkey,
    /// How much, base units.
    pub amount: u64,
    /// All that ever left, base units.
    pub withdrawn_after: u64,
}

/// Stake came in.
#[event]
pub struct StakeDeposited {
    /// The provider.
    pub provider: Pubkey,
    /// How much, base units.
    pub amount: u64,
    /// Active stake before it.
    pub active_before: u64,
    /// Active stake after it.
    pub active_after: u64,
}

/// Stake was taken as a penalty.
#[event]
pub struct StakeSlashed {
    /// The provider.
    pub provider: Pubkey,
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seat.
    pub seat: u8,
    /// True for a wrong result, false for a late one.
    pub wrong: bool,
    /// How much, base units.
    pub amount: u64,
    /// Part of it that compensates the client.
    pub compensation: u64,
    /// Part of it that went to who cranked or challenged.
    pub bounties: u64,
    /// Active stake after it.
    pub active_after: u64,
    /// Unbonding stake after it.
    pub unbonding_after: u64,
}

/// Earnings left for the authority's account.
#[event]
pub struct EarningsClaimed {
    /// The provider.
    pub provider: Pubkey,
    /// How much, base units.
    pub amount: u64,
    /// Lifetime claims after it.
    pub claimed_after: u64,
}

/// An epoch's points were counted and its rewards promised.
#[event]
pub struct EpochClosed {
    /// Its number.
    pub number: u32,
    /// Its points.
    pub points: u64,
    /// What they are worth together, base units.
    pub emission: u64,
    /// All that was ever promised, base units.
    pub promised_after: u64,
}

/// A provider's points of an epoch became rewards.
#[event]
pub struct RewardsBanked {
    /// The provider.
    pub provider: Pubkey,
    /// The epoch.
    pub number: u32,
    /// The points.
    pub points: u64,
    /// What they were worth, base units.
    pub amount: u64,
    /// What the provider can claim after it, base units.
    pub due_after: u64,
}

/// Rewards left for the authority's account.
#[event]
pub struct RewardsClaimed {
    /// The provider.
    pub provider: Pubkey,
    /// How many, base units.
    pub amount: u64,
    /// All that was ever paid to anyone, base units.
    pub paid_after: u64,
}

/// A wallet became a client.
#[event]
pub struct ClientOpened {
    /// The account.
    pub client: Pubkey,
    /// The wallet.
    pub owner: Pubkey,
}

/// A job was posted.
#[event]
pub struct JobPosted {
    /// The job.
    pub job: Pubkey,
    /// The wallet.
    pub client: Pubkey,
    /// Its nonce.
    pub nonce: u64,
    /// Hash of its manifest.
    pub manifest: [u8; 32],
    /// Its shards.
    pub shards: u32,
    /// Its deposit, base units.
    pub deposited: u64,
    /// The client's escrow after it.
    pub client_held_after: u64,
}

/// Providers sat down at a shard.
#[event]
pub struct SeatsAssigned {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The attempt.
    pub attempt: u8,
    /// Who sat down, in the order of the seats.
    pub providers: Vec<Pubkey>,
    /// Stake locked for each, base units.
    pub locked: u64,
    /// End of the commit window, unix seconds.
    pub commit_by: i64,
}

/// Commitments were recorded.
#[event]
pub struct CommitmentsRecorded {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seats.
    pub seats: Vec<u8>,
}

/// Results were shown.
#[event]
pub struct ResultsRevealed {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seats.
    pub seats: Vec<u8>,
    /// Whether an orchestrator has the outputs.
    pub delivered: bool,
}

/// An output that its provider had shown by itself is there.
#[event]
pub struct DeliveryAcknowledged {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seat.
    pub seat: u8,
    /// Who says so.
    pub by: Pubkey,
}

/// A draw decided whether others recompute a result.
#[event]
pub struct AuditDrawn {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// Whether they do.
    pub audited: bool,
}

/// A result was challenged.
#[event]
pub struct ShardChallenged {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seat with the result.
    pub seat: u8,
    /// Who sits there, and is paid out of the bond where nobody hears the challenge.
    pub provider: Pubkey,
    /// Who challenged.
    pub challenger: Pubkey,
    /// What is at stake, base units of the payment mint.
    pub bond: u64,
}

/// A challenge ended. Amounts are base units of the payment mint.
#[event]
pub struct ChallengeDecided {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The challenged result was not the quorum's.
    pub upheld: bool,
    /// Part of the bond that went back.
    pub bond_back: u64,
    /// Part of the bond that paid further seats.
    pub to_job: u64,
    /// Part of the bond that paid the challenged seat.
    pub to_provider: u64,
}

/// What a seat was paid.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its provider.
    pub provider: Pubkey,
    /// How much, base units.
    pub amount: u64,
}

/// A shard was paid.
#[event]
pub struct ShardSettled {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The quorum's result root.
    pub root: [u8; 32],
    /// The quorum's units.
    pub units: u64,
    /// Paid to providers, base units.
    pub paid: u64,
    /// Paid to the protocol, base units.
    pub fee: u64,
    /// Points given for it.
    pub points: u64,
    /// What each seat that agreed was paid, in the order of the seats.
    pub payments: Vec<Payment>,
    /// Providers whose seats ended without payment or penalty.
    pub released: Vec<Pubkey>,
    /// Held by the job after it.
    pub held_after: u64,
}

/// More seats were opened at a shard.
#[event]
pub struct ShardReopened {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The new attempt.
    pub attempt: u8,
    /// Seats it has now.
    pub target: u8,
}

/// A shard ended without a result.
#[event]
pub struct ShardFailed {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// Providers whose seats ended without payment or penalty.
    pub released: Vec<Pubkey>,
}

/// A seat that did not commit was freed.
#[event]
pub struct SeatExpired {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seat.
    pub seat: u8,
    /// Who sat there.
    pub provider: Pubkey,
}

/// A seat was declined in time.
#[event]
pub struct SeatDeclined {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seat.
    pub seat: u8,
    /// Who sat there.
    pub provider: Pubkey,
}

/// A job's seed was taken, or its first block was forgotten and a later one will be it.
#[event]
pub struct JobSeeded {
    /// The job.
    pub job: Pubkey,
    /// The seed; 0 where it is yet to be taken.
    pub seed: u64,
    /// The slot after which the block comes.
    pub after: u64,
}

/// A client cancelled the shards that no seat had taken.
#[event]
pub struct JobCancelled {
    /// The job.
    pub job: Pubkey,
    /// Shards cancelled.
    pub shards: u32,
    /// Given back, base units.
    pub refunded: u64,
    /// Held by the job after it.
    pub held_after: u64,
}

/// A job's deadline passed.
#[event]
pub struct JobExpired {
    /// The job.
    pub job: Pubkey,
    /// Shards that nobody had taken a seat at.
    pub shards: u32,
}

/// A job was closed and what was left given back.
#[event]
pub struct JobClosed {
    /// The job.
    pub job: Pubkey,
    /// The wallet.
    pub client: Pubkey,
    /// Paid to providers, base units.
    pub paid: u64,
    /// Paid to the protocol, base units.
    pub fee: u64,
    /// Given back over its life, base units.
    pub refunded: u64,
}
