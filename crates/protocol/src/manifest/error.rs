//! Everything that can be wrong with a manifest.

use thiserror::Error;

use super::limits::{MAX_CHALLENGED_REPLICAS, MAX_MANIFEST_BYTES, MAX_REPLICAS, MAX_SHARDS};

/// Why a manifest is refused. Each message says what is wrong and what to do; `field` is the
/// dotted name of the key in the TOML file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(
    missing_docs,
    reason = "the message of each variant says what its fields are"
)]
pub enum ManifestError {
    /// The manifest file itself can't be read.
    #[error("the manifest {path} can't be read ({reason}): name a TOML file such as job.toml")]
    NoManifest { path: String, reason: String },
    /// No TOML, a value of a wrong type, a field missing. Line and column count from 1.
    #[error("line {line}, column {column}: {message}")]
    Toml {
        line: usize,
        column: usize,
        message: String,
    },
    /// A field that manifests don't have.
    #[error("line {line}: unknown field `{field}`: remove or correct it (known here: {known})")]
    UnknownField {
        line: usize,
        field: String,
        known: String,
    },
    /// A field that the chosen way of splitting or joining needs.
    #[error("`{field}` is missing: {because} needs it")]
    MissingField { field: String, because: String },
    /// A field that the chosen way of splitting or joining doesn't have.
    #[error("`{field}` has no meaning here: {because} doesn't take it, so remove it")]
    NeedlessField { field: String, because: String },

    /// A number of bytes where lines are counted.
    #[error("`shards.size` counts lines here: write a whole number without a unit")]
    BytesForLines,

    /// A file that the manifest names can't be read.
    #[error(
        "`{field}`: the file {path} can't be read ({reason}): build or create it, or correct the \
         path, which counts from the manifest's folder"
    )]
    MissingFile {
        field: String,
        path: String,
        reason: String,
    },
    /// A blob that the manifest names by its hash can't be had.
    #[error(
        "`{field}`: the blob {blob} can't be had ({reason}): upload it first, or name a file instead"
    )]
    MissingBlob {
        field: String,
        blob: String,
        reason: String,
    },
    /// The bytes that came for a blob have another hash.
    #[error(
        "`{field}`: the bytes that came for {blob} are those of {found}: fetch it from elsewhere"
    )]
    WrongBlob {
        field: String,
        blob: String,
        found: String,
    },
    /// The program is no WebAssembly module.
    #[error(
        "`{field}`: {place} is no WebAssembly module but {found}: build the program for \
         wasm32-wasip1 and name the .wasm file"
    )]
    NotWasm {
        field: String,
        place: String,
        found: String,
    },

    /// A number that has to be at least 1.
    #[error("`{field}` is zero: give it a value above zero")]
    Zero { field: String },
    /// A number above what the network takes.
    #[error("`{field}` is {value}, and the most is {bound}: lower it")]
    AboveBound {
        field: String,
        value: String,
        bound: String,
    },
    /// A time in full seconds on chain.
    #[error("`{field}` is {value}, and only full seconds count there: round it")]
    NotWholeSeconds { field: String, value: String },
    /// More seats must agree than there are.
    #[error(
        "`verify.quorum` is {quorum}, above the {replicas} of `verify.replicas`: lower the quorum \
         or raise the replicas"
    )]
    QuorumAboveReplicas { quorum: u32, replicas: u32 },
    /// Two quorums with different results would be possible.
    #[error(
        "`verify.quorum` is {quorum}, no majority of the {max_replicas} of `verify.max_replicas`, \
         so two results could both win: raise the quorum to {needed} or lower max_replicas"
    )]
    NoMajority {
        quorum: u32,
        max_replicas: u32,
        needed: u32,
    },
    /// An audit or a challenge starts with one seat.
    #[error(
        "`verify.replicas` is {replicas}, and with an audit or a challenge a shard starts with one \
         seat: leave it out"
    )]
    NotOneReplica { replicas: u32 },
    /// More seats than can be settled where a result was challenged.
    #[error(
        "a challenged shard would have up to {max_replicas} seats, and the most is \
         {MAX_CHALLENGED_REPLICAS}: lower `verify.max_replicas`"
    )]
    TooManyChallenged { max_replicas: u32 },
    /// Where one result is doubted, at least two have to agree.
    #[error(
        "`verify.quorum` is {quorum} of the {max_replicas} of `verify.max_replicas`, and where a \
         result is doubted at least two have to agree: raise them"
    )]
    NobodyToAgree { quorum: u32, max_replicas: u32 },
    /// A rate that is none.
    #[error("`verify.audit_bps` is {found}: it goes from 1 (0.01 %) to 10,000 (always)")]
    AuditRate { found: u32 },
    /// Fewer seats at most than at the start.
    #[error(
        "`verify.max_replicas` is {max_replicas}, below the {replicas} of `verify.replicas`: raise \
         it to at least that"
    )]
    MaxReplicasBelowReplicas { max_replicas: u32, replicas: u32 },
    /// More seats than a shard has.
    #[error(
        "a shard would have up to {max_replicas} seats, and the most is {MAX_REPLICAS}: lower \
         `verify.replicas` and `verify.max_replicas`"
    )]
    TooManyReplicas { max_replicas: u32 },

    /// Nothing to do.
    #[error("`{field}`: {place} is empty, and every shard needs something to read: fill it")]
    Empty { field: String, place: String },
    /// The manifest has no shards.
    #[error("the job has no shards: give it at least one")]
    NoShards,
    /// More shards than a job may have.
    #[error("the job would have {shards} shards, and the most is {MAX_SHARDS}: {advice}")]
    TooManyShards { shards: u64, advice: String },
    /// Fewer items than shards.
    #[error(
        "`shards.total` is {total}, too few to give each of {count} shards one: lower \
         `shards.count` or raise the total"
    )]
    TooFewItems { total: u64, count: u64 },
    /// A shard's range of a blob can't be right.
    #[error("shard {index} has an empty or endless input: split the work anew")]
    BadShard { index: usize },

    /// A name that can't be a file's.
    #[error("`{field}`: {name:?} is no file name: it {why}")]
    BadName {
        field: String,
        name: String,
        why: String,
    },
    /// A text that can't be handed to a program or a terminal.
    #[error("`{field}`: {text:?} {why}: change it")]
    BadText {
        field: String,
        text: String,
        why: String,
    },

    /// The canonical form is too long.
    #[error(
        "the manifest has {bytes} bytes in its canonical form, and the most is \
         {MAX_MANIFEST_BYTES}: move long arguments into an input file"
    )]
    TooLong { bytes: usize },
    /// Bytes that are no canonical manifest at all.
    #[error("not a manifest ({reason}); check the hash that names it")]
    NoJson { reason: String },
    /// A version that this software doesn't know.
    #[error("the manifest has version {found}, and this software knows version {known}: update it")]
    Version { found: u64, known: u32 },
    /// A manifest in other bytes than the canonical ones.
    #[error("the manifest is not canonical: its bytes differ from what writing it anew gives")]
    NotCanonical,
}
