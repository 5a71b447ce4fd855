//! The built program in a virtual machine, by behaviour: payments, penalties and refusals. Every test
//! ends with a check of all balances.
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
mod forgery;
mod history;
mod incentives;
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
