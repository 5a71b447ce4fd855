//! Instructions that make sense where things stand: who is chosen, of whom and how much comes from the
//! input.

mod jobs;
mod parties;
mod seats;
mod terms;

use super::base::Base;
use super::picks::Picks;
use millrace_client::accounts::AnyAccount;
use millrace_program::state::{Job, Shard};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// Builds instructions; none where there is nothing to do.
type Act = fn(&mut Base, &mut Picks) -> Option<Vec<Instruction>>;

/// All acts, those of a job's life more than once.
const ACTS: [Act; 56] = [
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
    seats::show,
    seats::show,
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

/// An act of the input's choice.
pub fn act(base: &mut Base, picks: &mut Picks) -> Option<Vec<Instruction>> {
    let act = picks.one(&ACTS)?;
    act(base, picks)
}

/// A job of the input's choice.
fn any_job(base: &Base, picks: &mut Picks) -> Option<(Pubkey, Job)> {
    let ours = super::byzantine::of_the_program(base).into_iter();
    let jobs = ours.filter_map(
        |(key, account)| match AnyAccount::decode(&key, &account.data)? {
            AnyAccount::Job(job, _) => Some((key, *job)),
            _ => None,
        },
    );
    let jobs: Vec<(Pubkey, Job)> = jobs.collect();
    picks.one(&jobs).copied()
}

/// A shard of the input's choice whose seats were taken: of its job, which number, and what it holds.
fn any_shard(base: &Base, picks: &mut Picks) -> Option<(Pubkey, Job, Shard)> {
    let ours = super::byzantine::of_the_program(base);
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
    let shard = *picks.one(&shards)?;
    let (key, job) = jobs.into_iter().find(|(key, _)| *key == shard.job)?;
    Some((key, job, shard))
}

/// Somebody who can sign.
fn anyone(base: &Base, picks: &mut Picks) -> Option<Pubkey> {
    picks.one(&base.signers).copied()
}
