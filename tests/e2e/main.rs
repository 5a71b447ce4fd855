//! The whole system, by behaviour: real tokens, real files, real failures. The same tests run on the
//! embedded validator (`make test`) and on the Agave validator (`make test-agave`).
#![allow(clippy::unwrap_used)]

mod bad_agents;
mod bad_network;
mod cancel_and_expiry;
mod chaos;
mod cli_refusals;
mod connection_floods;
mod deployment;
mod dishonest_providers;
mod events;
mod health;
mod hostile_programs;
mod job_audit;
mod killed;
mod metrics;
mod payment;
mod quotes;
mod restarts;
mod several_orchestrators;
mod shutdown;
mod single_seat_modes;
mod soak;
mod start_checks;
