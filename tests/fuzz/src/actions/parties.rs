//! Actions of providers, orchestrators, clients and the network's authority.

use super::super::base::Base;
use super::super::choices::Choices;
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

/// An instruction of a chosen wallet.
fn by(
    base: &Base,
    choices: &mut Choices,
    build: impl FnOnce(Pubkey, Mints) -> Instruction,
) -> Built {
    let who = anyone(base, choices)?;
    Some(vec![build(who, base.network.mints)])
}

/// The authority, the proposed authority, or any signer.
fn authority(base: &Base, choices: &mut Choices) -> Option<Pubkey> {
    match choices.below(8) {
        0 => anyone(base, choices),
        1 => Some(party("new_authority").pubkey()),
        _ => Some(base.network.authority.pubkey()),
    }
}

/// Chooses a worker's provider account.
fn worker(base: &Base, choices: &mut Choices) -> Option<Pubkey> {
    choices
        .one(&base.network.workers)
        .map(|worker| worker.account)
}

/// Chooses a worker's authority.
fn worker_authority(base: &Base, choices: &mut Choices) -> Option<Pubkey> {
    let worker = choices.one(&base.network.workers)?;
    Some(worker.authority.pubkey())
}

/// An offer that may be valid or invalid.
fn any_offer(operator: Pubkey, choices: &mut Choices) -> Offer {
    let mut offer = offer(operator).offer;
    match choices.below(6) {
        0 => offer.ask_price = choices.amount(),
        1 => offer.max_open_seats = choices.word(),
        2 => offer.region[choices.below(16)] = choices.byte(),
        3 => offer.cores = choices.word(),
        4 => offer.max_seat_lock = choices.amount(),
        _ => {}
    }
    offer
}

pub(super) fn stake(base: &mut Base, choices: &mut Choices) -> Built {
    let (provider, amount) = (worker(base, choices)?, choices.amount());
    by(base, choices, |who, mints| {
        ix::stake(who, provider, mints, amount)
    })
}

pub(super) fn unstake(base: &mut Base, choices: &mut Choices) -> Built {
    Some(vec![ix::request_unstake(
        worker_authority(base, choices)?,
        choices.amount(),
    )])
}

pub(super) fn withdraw_stake(base: &mut Base, choices: &mut Choices) -> Built {
    Some(vec![ix::withdraw_stake(
        worker_authority(base, choices)?,
        base.network.mints,
    )])
}

pub(super) fn deregister(base: &mut Base, choices: &mut Choices) -> Built {
    Some(vec![ix::deregister(
        worker_authority(base, choices)?,
        base.network.mints,
    )])
}

pub(super) fn register_provider(base: &mut Base, choices: &mut Choices) -> Built {
    let who = anyone(base, choices)?;
    let mut args = offer(who);
    args.offer = any_offer(who, choices);
    Some(vec![ix::register_provider(who, base.network.mints, args)])
}

pub(super) fn update_provider(base: &mut Base, choices: &mut Choices) -> Built {
    let who = worker_authority(base, choices)?;
    Some(vec![ix::update_provider(who, any_offer(who, choices))])
}

pub(super) fn rotate_operator(base: &mut Base, choices: &mut Choices) -> Built {
    let who = worker_authority(base, choices)?;
    by(base, choices, |operator, _| {
        ix::rotate_operator(who, operator)
    })
}

pub(super) fn claim_earnings(base: &mut Base, choices: &mut Choices) -> Built {
    Some(vec![ix::claim_earnings(
        &worker_authority(base, choices)?,
        base.network.mints,
    )])
}

pub(super) fn claim_rewards(base: &mut Base, choices: &mut Choices) -> Built {
    Some(vec![ix::claim_rewards(
        &worker_authority(base, choices)?,
        base.network.mints,
    )])
}

pub(super) fn bank_rewards(base: &mut Base, choices: &mut Choices) -> Built {
    let (provider, number) = (worker(base, choices)?, choices.below(3) as u32);
    let payer = base.network.authority.pubkey();
    let payer = if choices.rarely(8) {
        anyone(base, choices)?
    } else {
        payer
    };
    Some(vec![ix::bank_rewards(provider, number, payer)])
}

pub(super) fn close_epoch(base: &mut Base, choices: &mut Choices) -> Built {
    let number = choices.below(4) as u32;
    by(base, choices, |who, _| ix::close_epoch(who, number))
}

pub(super) fn open_rewards(base: &mut Base, choices: &mut Choices) -> Built {
    by(base, choices, ix::open_rewards)
}

pub(super) fn fund_rewards(base: &mut Base, choices: &mut Choices) -> Built {
    let amount = choices.amount();
    by(base, choices, |who, mints| {
        ix::fund_rewards(who, mints, amount)
    })
}

pub(super) fn bond(base: &mut Base, choices: &mut Choices) -> Built {
    let amount = choices.amount();
    let key = party(["orchestrator", "orchestrator2"][choices.below(2)]).pubkey();
    by(base, choices, |who, mints| {
        ix::bond(who, &key, mints, amount)
    })
}

pub(super) fn withdraw_bond(base: &mut Base, choices: &mut Choices) -> Built {
    let key = party(["orchestrator", "orchestrator2"][choices.below(2)]).pubkey();
    let payer = authority(base, choices)?;
    Some(vec![ix::withdraw_bond(&key, payer, base.network.mints)])
}

pub(super) fn retire_orchestrator(base: &mut Base, choices: &mut Choices) -> Built {
    let key = party(["orchestrator", "orchestrator2"][choices.below(2)]).pubkey();
    let signer = authority(base, choices)?;
    Some(vec![ix::retire_orchestrator(signer, &key)])
}

pub(super) fn register_orchestrator(base: &mut Base, choices: &mut Choices) -> Built {
    let authority = authority(base, choices)?;
    by(base, choices, |key, mints| {
        ix::register_orchestrator(authority, key, mints)
    })
}

pub(super) fn withdraw_treasury(base: &mut Base, choices: &mut Choices) -> Built {
    let authority = authority(base, choices)?;
    let mints = base.network.mints;
    let (bucket, amount) = (choices.below(9) as u8, choices.amount());
    let mint = if choices.rarely(2) {
        mints.stake
    } else {
        mints.payment
    };
    by(base, choices, |who, _| {
        let token_account = millrace_client::pda::token_account(&who, &mint);
        ix::withdraw_treasury(authority, mints, bucket, token_account, amount)
    })
}

pub(super) fn open_bucket(base: &mut Base, choices: &mut Choices) -> Built {
    let index = choices.below(10) as u8;
    by(base, choices, |who, mints| {
        ix::open_bucket(who, mints, index)
    })
}

pub(super) fn open_client(base: &mut Base, choices: &mut Choices) -> Built {
    by(base, choices, ix::open_client)
}

pub(super) fn pause(base: &mut Base, choices: &mut Choices) -> Built {
    let pauser = party("pauser").pubkey();
    let who = if choices.rarely(8) {
        anyone(base, choices)?
    } else {
        pauser
    };
    Some(vec![ix::pause(who)])
}

pub(super) fn resume(base: &mut Base, choices: &mut Choices) -> Built {
    let pauser = party("pauser").pubkey();
    let who = if choices.rarely(8) {
        anyone(base, choices)?
    } else {
        pauser
    };
    Some(vec![ix::resume(who)])
}

/// Parameters near the defaults, some of them out of bounds.
fn parameters(choices: &mut Choices) -> NetworkParameters {
    let mut p = PARAMETERS;
    for _ in 0..choices.below(4) {
        match choices.below(16) {
            0 => p.min_stake = choices.amount(),
            1 => p.min_bond = choices.amount(),
            2 => p.lock_bps = choices.amount(),
            3 => p.sortition_start = choices.amount(),
            4 => p.unbonding_secs = choices.amount() as u32,
            5 => p.min_window_secs = u32::from(choices.word()),
            6 => p.max_window_secs = choices.amount() as u32,
            7 => p.accept_secs = u32::from(choices.word()),
            8 => p.max_deadline_secs = choices.amount() as u32,
            9 => p.max_shards = choices.amount() as u32,
            10 => p.fee_bps = choices.word(),
            11 => p.slash_bps = choices.word(),
            12 => p.late_bps = choices.word(),
            13 => p.reward_bps = choices.amount(),
            14 => p.max_replicas = choices.below(8) as u8,
            _ => p.draw_slots = choices.byte(),
        }
    }
    p
}

pub(super) fn set_parameters(base: &mut Base, choices: &mut Choices) -> Built {
    Some(vec![ix::set_parameters(
        authority(base, choices)?,
        parameters(choices),
    )])
}

pub(super) fn propose_authority(base: &mut Base, choices: &mut Choices) -> Built {
    let authority = authority(base, choices)?;
    by(base, choices, |who, _| {
        ix::propose_authority(authority, who)
    })
}

pub(super) fn accept_authority(base: &mut Base, choices: &mut Choices) -> Built {
    by(base, choices, |who, _| ix::accept_authority(who))
}

pub(super) fn set_pauser(base: &mut Base, choices: &mut Choices) -> Built {
    let authority = authority(base, choices)?;
    by(base, choices, |who, _| ix::set_pauser(authority, who))
}

pub(super) fn initialize_network(base: &mut Base, choices: &mut Choices) -> Built {
    let args = InitializeNetworkArgs {
        network_id: [9; 32],
        pauser: party("pauser").pubkey(),
        parameters: parameters(choices),
        rewards: REWARDS,
    };
    let authority = authority(base, choices)?;
    Some(vec![ix::initialize_network(
        authority,
        base.network.mints,
        true,
        args,
    )])
}
