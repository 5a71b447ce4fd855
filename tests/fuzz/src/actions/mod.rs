//! Instructions that make sense in the current state. The input chooses the parties, the targets and
//! the amounts.

mod jobs;
mod parties;
mod seats;
mod terms;

use super::base::Base;
use super::choices::Choices;
use millrace_client::accounts::AnyAccount;
use millrace_program::state::{Job, Shard};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// Builds instructions, or returns `None` if the action has no target.
type Action = fn(&mut Base, &mut Choices) -> Option<Vec<Instruction>>;

/// All actions. Those of a job's life occur more than once.
const ACTIONS: [Action; 56] = [
    jobs::post,
    jobs::post,
    jobs::cancel,
    jobs::challenge,
    jobs::settle,
    jobs::settle,
    jobs::settle,
    jobs::expire,
    jobs::seed,
    jobs::draw,
    jobs::close,
    jobs::close,
    seats::assign,
    seats::assign,
    seats::assign,
    seats::commit,
    seats::commit,
    seats::commit,
    seats::reveal,
    seats::reveal,
    seats::reveal_by_anyone,
    seats::reveal_by_anyone,
    seats::acknowledge,
    seats::decline,
    seats::expire,
    seats::expire,
    parties::stake,
    parties::unstake,
    parties::withdraw_stake,
    parties::deregister,
    parties::register_provider,
    parties::update_provider,
    parties::rotate_operator,
    parties::claim_earnings,
    parties::claim_rewards,
    parties::bank_rewards,
    parties::close_epoch,
    parties::open_rewards,
    parties::fund_rewards,
    parties::bond,
    parties::withdraw_bond,
    parties::retire_orchestrator,
    parties::register_orchestrator,
    parties::withdraw_treasury,
    parties::open_bucket,
    parties::open_client,
    parties::pause,
    parties::resume,
    parties::set_parameters,
    parties::propose_authority,
    parties::accept_authority,
    parties::set_pauser,
    parties::initialize_network,
    jobs::post,
    seats::assign,
    jobs::settle,
];

pub(crate) fn action(base: &mut Base, choices: &mut Choices) -> Option<Vec<Instruction>> {
    let action = choices.one(&ACTIONS)?;
    action(base, choices)
}

/// Chooses a job.
fn any_job(base: &Base, choices: &mut Choices) -> Option<(Pubkey, Job)> {
    let ours = super::attacker::program_accounts(base).into_iter();
    let jobs = ours.filter_map(
        |(key, account)| match AnyAccount::decode(&key, &account.data)? {
            AnyAccount::Job(job, _) => Some((key, *job)),
            _ => None,
        },
    );
    let jobs: Vec<(Pubkey, Job)> = jobs.collect();
    choices.one(&jobs).copied()
}

/// Chooses a shard with assigned seats, and returns it with its job.
fn any_shard(base: &Base, choices: &mut Choices) -> Option<(Pubkey, Job, Shard)> {
    let ours = super::attacker::program_accounts(base);
    let mut jobs = Vec::new();
    let mut shards = Vec::new();
    for (key, account) in &ours {
        match AnyAccount::decode(key, &account.data) {
            Some(AnyAccount::Job(job, shard)) => {
                jobs.push((*key, *job));
                shards.extend(shard.map(|shard| *shard));
            }
            Some(AnyAccount::Shard(shard)) => shards.push(*shard),
            _ => {}
        }
    }
    let shard = *choices.one(&shards)?;
    let (key, job) = jobs.into_iter().find(|(key, _)| *key == shard.job)?;
    Some((key, job, shard))
}

/// Chooses a signer.
fn anyone(base: &Base, choices: &mut Choices) -> Option<Pubkey> {
    choices.one(&base.signers).copied()
}
