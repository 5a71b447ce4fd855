//! Instructions of the network's authority and pauser, and for treasury vaults, bonds and rewards.

mod bond;
mod fund_rewards;
mod initialize_network;
mod open_bucket;
mod open_rewards;
mod pause;
mod register_orchestrator;
mod retire_orchestrator;
mod set_parameters;
mod transfer_authority;
mod withdraw_bond;
mod withdraw_treasury;

pub use bond::*;
pub use fund_rewards::*;
pub use initialize_network::*;
pub use open_bucket::*;
pub use open_rewards::*;
pub use pause::*;
pub use register_orchestrator::*;
pub use retire_orchestrator::*;
pub use set_parameters::*;
pub use transfer_authority::*;
pub use withdraw_bond::*;
pub use withdraw_treasury::*;
