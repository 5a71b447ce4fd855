//! Which of equal offers comes first: a ring on which every provider has a place and every shard a point.
//! The first provider at or after the point sits down.
//!
//! Nobody can choose a point, for it hangs on the job's address, and nobody keeps a good place: it
//! changes with each seat that ends. Both are hashes of what is on chain, so that anyone can check who
//! should have come first, and finding out takes a search, not a look at everybody.

use millrace_chain::Pubkey;
use millrace_chain::program::state::Provider;
use millrace_protocol::hash::sha256;

/// A place on the ring.
pub type Place = u64;

/// `sha256("millrace/ring/v1" ‖ provider ‖ seats that ended)`, its first 8 bytes.
pub fn place_of(key: &Pubkey, provider: &Provider) -> Place {
    let ended = u64::from(provider.right) + u64::from(provider.wrong) + u64::from(provider.late);
    first_bytes(sha256(&[
        b"millrace/ring/v1",
        key.as_ref(),
        &ended.to_le_bytes(),
    ]))
}

/// `sha256("millrace/ring/v1" ‖ job ‖ shard ‖ attempt)`, its first 8 bytes.
pub fn point_of(job: &Pubkey, shard: u32, attempt: u8) -> Place {
    first_bytes(sha256(&[
        b"millrace/ring/v1",
        job.as_ref(),
        &shard.to_le_bytes(),
        &[attempt],
    ]))
}

fn first_bytes(digest: [u8; 32]) -> Place {
    let [a, b, c, d, e, f, g, h, ..] = digest;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
