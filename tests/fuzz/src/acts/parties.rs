//! What providers, orchestrators, clients and the network's authority do for themselves.

use super::super::base::Base;
use super::super::picks::Picks;
use super::anyone;
use millrace_client::instructions as ix;
use millrace_client::instructions::Mints;
use millrace_fixture::cases::parties::party;
use millrace_fixture::{PARAMETERS, REWARDS, offer};
use millrace_program::InitializeNetworkArgs;
use millrace_program::state::{NetworkParameters, Offer};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signer::Signer;

type Built = Option<Vec<Instruction>>;

/// An instruction about a wallet of the input's choice.
fn by(base: &Base, picks: &mut Picks, build: impl FnOnce(Pubkey, Mints) -> Instruction) -> Built {
    let who = anyone(base, picks)?;
    Some(vec![build(who, base.network.mints)])
}

/// The authority, its new_authority, or anyone.
fn ruler(base: &Base, picks: &mut Picks) -> Option<Pubkey> {
    match picks.below(8) {
        0 => anyone(base, picks),
        1 => Some(party("new_authority").pubkey()),
        _ => Some(base.network.authority.pubkey()),
    }
}

/// The account of a worker.
fn worker(base: &Base, picks: &mut Picks) -> Option<Pubkey> {
    picks
        .one(&base.network.workers)
        .map(|worker| worker.account)
}

/// The wallet of a worker.
fn cold(base: &Base, picks: &mut Picks) -> Option<Pubkey> {
    let worker = picks.one(&base.network.workers)?;
    Some(worker.authority.pubkey())
}

/// Something between what providers offer and what nobody can.
fn any_offer(operator: Pubkey, picks: &mut Picks) -> Offer {
    let mut offer = offer(operator).offer;
    match picks.below(6) {
        0 => offer.ask_price = picks.amount(),
        1 => offer.max_open_seats = picks.word(),
        2 => offer.region[picks.below(16)] = picks.byte(),
        3 => offer.cores = picks.word(),
        _ => {}
    }
    offer
}

pub fn stake(base: &mut Base, picks: &mut Picks) -> Built {
    let (provider, amount) = (worker(base, picks)?, picks.amount());
    by(base, picks, |who, mints| {
        ix::stake(who, provider, mints, amount)
    })
}

pub fn unstake(base: &mut Base, picks: &mut Picks) -> Built {
    Some(vec![ix::request_unstake(
        cold(base, picks)?,
        picks.amount(),
    )])
}

pub fn withdraw_stake(base: &mut Base, picks: &mut Picks) -> Built {
    Some(vec![ix::withdraw_stake(
        cold(base, picks)?,
        base.network.mints,
    )])
}

pub fn deregister(base: &mut Base, picks: &mut Picks) -> Built {
    Some(vec![ix::deregister(cold(base, picks)?, base.network.mints)])
}

pub fn register_provider(base: &mut Base, picks: &mut Picks) -> Built {
    let who = anyone(base, picks)?;
    let mut args = offer(who);
    args.offer = any_offer(who, picks);
    Some(vec![ix::register_provider(who, base.network.mints, args)])
}

pub fn update_provider(base: &mut Base, picks: &mut Picks) -> Built {
    let who = cold(base, picks)?;
    Some(vec![ix::update_provider(who, any_offer(who, picks))])
}

pub fn rotate_operator(base: &mut Base, picks: &mut Picks) -> Built {
    let who = cold(base, picks)?;
    by(base, picks, |operator, _| {
        ix::rotate_operator(who, operator)
    })
}

pub fn claim_earnings(base: &mut Base, picks: &mut Picks) -> Built {
    Some(vec![ix::claim_earnings(
        &cold(base, picks)?,
        base.network.mints,
    )])
}

pub fn claim_rewards(base: &mut Base, picks: &mut Picks) -> Built {
    Some(vec![ix::claim_rewards(
        &cold(base, picks)?,
        base.network.mints,
    )])
}

pub fn bank_rewards(base: &mut Base, picks: &mut Picks) -> Built {
    let (provider, number) = (worker(base, picks)?, picks.below(3) as u32);
    let payer = base.network.authority.pubkey();
    let payer = if picks.rarely(8) {
        anyone(base, picks)?
    } else {
        payer
    };
    Some(vec![ix::bank_rewards(provider, number, payer)])
}

pub fn close_epoch(base: &mut Base, picks: &mut Picks) -> Built {
    let number = picks.below(4) as u32;
    by(base, picks, |who, _| ix::close_epoch(who, number))
}

pub fn open_rewards(base: &mut Base, picks: &mut Picks) -> Built {
    by(base, picks, ix::open_rewards)
}

pub fn fund_rewards(base: &mut Base, picks: &mut Picks) -> Built {
    let amount = picks.amount();
    by(base, picks, |who, mints| {
        ix::fund_rewards(who, mints, amount)
    })
}

pub fn bond(base: &mut Base, picks: &mut Picks) -> Built {
    let amount = picks.amount();
    let key = party(["orchestrator", "orchestrator2"][picks.below(2)]).pubkey();
    by(base, picks, |who, mints| ix::bond(who, &key, mints, amount))
}

pub fn withdraw_bond(base: &mut Base, picks: &mut Picks) -> Built {
    let key = party(["orchestrator", "orchestrator2"][picks.below(2)]).pubkey();
    let payer = ruler(base, picks)?;
    Some(vec![ix::withdraw_bond(&key, payer, base.network.mints)])
}

pub fn retire_orchestrator(base: &mut Base, picks: &mut Picks) -> Built {
    let key = party(["orchestrator", "orchestrator2"][picks.below(2)]).pubkey();
    let signer = ruler(base, picks)?;
    Some(vec![ix::retire_orchestrator(signer, &key)])
}

pub fn register_orchestrator(base: &mut Base, picks: &mut Picks) -> Built {
    let authority = ruler(base, picks)?;
    by(base, picks, |key, mints| {
        ix::register_orchestrator(authority, key, mints)
    })
}

pub fn withdraw_treasury(base: &mut Base, picks: &mut Picks) -> Built {
    let authority = ruler(base, picks)?;
    let mints = base.network.mints;
    let (bucket, amount) = (picks.below(9) as u8, picks.amount());
    let mint = if picks.rarely(2) {
        mints.stake
    } else {
        mints.payment
    };
    by(base, picks, |who, _| {
        let token_account = millrace_client::pda::token_account(&who, &mint);
        ix::withdraw_treasury(authority, mints, bucket, token_account, amount)
    })
}

pub fn open_bucket(base: &mut Base, picks: &mut Picks) -> Built {
    let index = picks.below(10) as u8;
    by(base, picks, |who, mints| ix::open_bucket(who, mints, index))
}

pub fn open_client(base: &mut Base, picks: &mut Picks) -> Built {
    by(base, picks, ix::open_client)
}

pub fn pause(base: &mut Base, picks: &mut Picks) -> Built {
    let pauser = party("pauser").pubkey();
    let who = if picks.rarely(8) {
        anyone(base, picks)?
    } else {
        pauser
    };
    Some(vec![ix::pause(who)])
}

pub fn resume(base: &mut Base, picks: &mut Picks) -> Built {
    let pauser = party("pauser").pubkey();
    let who = if picks.rarely(8) {
        anyone(base, picks)?
    } else {
        pauser
    };
    Some(vec![ix::resume(who)])
}

/// Parameters near the usual ones, some beyond what is allowed.
fn parameters(picks: &mut Picks) -> NetworkParameters {
    let mut p = PARAMETERS;
    for _ in 0..picks.below(4) {
        match picks.below(16) {
            0 => p.min_stake = picks.amount(),
            1 => p.min_bond = picks.amount(),
            2 => p.lock_bps = picks.amount(),
            3 => p.sortition_start = picks.amount(),
            4 => p.unbonding_secs = picks.amount() as u32,
            5 => p.min_window_secs = u32::from(picks.word()),
            6 => p.max_window_secs = picks.amount() as u32,
            7 => p.accept_secs = u32::from(picks.word()),
            8 => p.max_deadline_secs = picks.amount() as u32,
            9 => p.max_shards = picks.amount() as u32,
            10 => p.fee_bps = picks.word(),
            11 => p.slash_bps = picks.word(),
            12 => p.late_bps = picks.word(),
            13 => p.bounty_bps = picks.word(),
            14 => p.max_replicas = picks.below(8) as u8,
            _ => p.draw_slots = picks.byte(),
        }
    }
    p
}

pub fn set_parameters(base: &mut Base, picks: &mut Picks) -> Built {
    Some(vec![ix::set_parameters(
        ruler(base, picks)?,
        parameters(picks),
    )])
}

pub fn propose_authority(base: &mut Base, picks: &mut Picks) -> Built {
    let authority = ruler(base, picks)?;
    by(base, picks, |who, _| ix::propose_authority(authority, who))
}

pub fn accept_authority(base: &mut Base, picks: &mut Picks) -> Built {
    by(base, picks, |who, _| ix::accept_authority(who))
}

pub fn set_pauser(base: &mut Base, picks: &mut Picks) -> Built {
    let authority = ruler(base, picks)?;
    by(base, picks, |who, _| ix::set_pauser(authority, who))
}

pub fn initialize_network(base: &mut Base, picks: &mut Picks) -> Built {
    let args = InitializeNetworkArgs {
        network_id: [9; 32],
        pauser: party("pauser").pubkey(),
        parameters: parameters(picks),
        rewards: REWARDS,
    };
    let authority = ruler(base, picks)?;
    Some(vec![ix::initialize_network(
        authority,
        base.network.mints,
        true,
        args,
    )])
}
