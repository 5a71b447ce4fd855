//! The whole system, by behaviour: real tokens, real files, real failures. The same suite runs on the
//! embedded validator (`make test`) and on the real Agave validator (`make test-agave`).
#![allow(clippy::unwrap_used)]

mod audits;
mod bad_agents;
mod bad_network;
mod chaos;
mod crowds;
mod deploying;
mod doubts;
mod endings;
mod health;
mod history;
mod honesty;
mod hostile;
mod killed;
mod metrics;
mod payment;
mod quotes;
mod refusals;
mod restarts;
mod several;
mod soak;
mod start_checks;
mod stopping;
