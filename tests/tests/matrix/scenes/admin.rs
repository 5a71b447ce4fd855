//! What the network's authority and its pauser do.

use super::super::super::fixture::{Loader, Machine, Market, PARAMETERS, REWARDS, key};
use super::super::town::{Coins, person, settle_in, town};
use super::Scene;
use millrace_client::instructions;
use millrace_program::InitializeNetworkArgs;
use solana_sdk::signer::Signer;

/// A machine with people and without a network.
fn wilderness(coins: Coins) -> Market {
    let authority = person("authority");
    let mut machine = Machine::new(Loader::Upgradeable(authority.pubkey()));
    let mints = coins.setup().create_mints(&mut machine);
    let mut market = Market {
        machine,
        mints,
        authority,
        orchestrator: person("orchestrator"),
        workers: Vec::new(),
        owner: person("client"),
    };
    settle_in(&mut market);
    market
}

pub fn initialize_network(coins: Coins) -> Scene {
    let market = wilderness(coins);
    let args = InitializeNetworkArgs {
        network_id: [9; 32],
        pauser: person("pauser").pubkey(),
        parameters: PARAMETERS,
        rewards: REWARDS,
    };
    let authority = market.authority.pubkey();
    let initialize = instructions::initialize_network(authority, market.mints, true, args);
    Scene::of(market, initialize)
}

pub fn propose_authority(coins: Coins) -> Scene {
    let market = town(coins);
    let authority = market.authority.pubkey();
    let propose = instructions::propose_authority(authority, person("heir").pubkey());
    Scene::of(market, propose)
}

pub fn accept_authority(coins: Coins) -> Scene {
    let mut market = town(coins);
    let heir = person("heir").pubkey();
    let propose = instructions::propose_authority(market.authority.pubkey(), heir);
    market
        .machine
        .send(&[propose], &[&market.authority])
        .unwrap();
    Scene::of(market, instructions::accept_authority(heir))
}

pub fn set_pauser(coins: Coins) -> Scene {
    let market = town(coins);
    let authority = market.authority.pubkey();
    let set = instructions::set_pauser(authority, person("heir").pubkey());
    Scene::of(market, set)
}

pub fn set_parameters(coins: Coins) -> Scene {
    let market = town(coins);
    let set = instructions::set_parameters(market.authority.pubkey(), PARAMETERS);
    Scene::of(market, set)
}

pub fn pause(coins: Coins) -> Scene {
    Scene::of(town(coins), instructions::pause(person("pauser").pubkey()))
}

pub fn resume(coins: Coins) -> Scene {
    Scene::of(town(coins), instructions::resume(person("pauser").pubkey()))
}

pub fn open_bucket(coins: Coins) -> Scene {
    let mut market = wilderness(coins);
    market.initialize(PARAMETERS).unwrap();
    let payer = market.authority.pubkey();
    let first = instructions::open_bucket(payer, market.mints, 0);
    market.machine.send(&[first], &[&market.authority]).unwrap();
    market.staffed(100_000, |_| ());
    let passer_by = person("passer-by").pubkey();
    let open = instructions::open_bucket(passer_by, market.mints, 1);
    Scene::of(market, open)
}

pub fn register_orchestrator(coins: Coins) -> Scene {
    let market = town(coins);
    let authority = market.authority.pubkey();
    let register = instructions::register_orchestrator(authority, key(12).pubkey(), market.mints);
    Scene::of(market, register)
}

fn retirement(coins: Coins, by: &str) -> Scene {
    let orchestrator = person("orchestrator").pubkey();
    let retire = instructions::retire_orchestrator(person(by).pubkey(), &orchestrator);
    Scene::of(town(coins), retire)
}

pub fn retire_orchestrator_by_the_authority(coins: Coins) -> Scene {
    retirement(coins, "authority")
}

pub fn retire_orchestrator_by_itself(coins: Coins) -> Scene {
    retirement(coins, "orchestrator")
}
