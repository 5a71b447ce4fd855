//! What the network's authority does.

mod initialize_network;
mod open_treasury;
mod register_orchestrator;

pub use initialize_network::*;
pub use open_treasury::*;
pub use register_orchestrator::*;
