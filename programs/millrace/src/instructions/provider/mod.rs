//! Instructions of providers, and those that any caller may send for a provider.

mod claim_earnings;
mod claim_rewards;
mod decline_seat;
mod deregister;
mod register_provider;
mod request_unstake;
mod reveal_seats;
mod rotate_operator;
mod stake;
mod update_provider;
mod withdraw_stake;

pub use claim_earnings::*;
pub use claim_rewards::*;
pub use decline_seat::*;
pub use deregister::*;
pub use register_provider::*;
pub use request_unstake::*;
pub use reveal_seats::*;
pub use rotate_operator::*;
pub use stake::*;
pub use update_provider::*;
pub use withdraw_stake::*;
