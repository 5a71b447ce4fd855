//! The on-chain program as it was built, in a virtual machine: who is paid, who is punished, what is
//! refused, by behaviour. Every test ends with the books compared with the vaults.
#![allow(clippy::unwrap_used)]

mod admin;
mod audit;
mod bumps;
mod challenge;
mod commitments;
mod cost;
mod delivery;
mod disagreement;
mod documented;
mod donations;
mod ending;
mod exits;
mod history;
mod late;
mod limits;
mod mints;
mod network;
mod parallel;
mod payment;
mod posting;
mod prefunding;
mod providers;
mod reveals;
mod revival;
mod rewards;
mod rounding;
mod seating;
mod settling;
mod sortition;
mod twice;
mod windows;
