//! What a person sees: output, progress and prompts.

pub mod confirm;
pub mod output;
pub mod progress;
