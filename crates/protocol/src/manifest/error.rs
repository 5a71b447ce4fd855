//! Errors of manifests.

use thiserror::Error;

use super::limits::{MAX_CHALLENGED_REPLICAS, MAX_MANIFEST_BYTES, MAX_REPLICAS, MAX_SHARDS};

/// Why a manifest is refused. Each message names the problem and the correction; `field` is the dotted
/// name of the key in the TOML file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(
    missing_docs,
    reason = "the message of each variant explains its fields"
)]
pub enum ManifestError {
    /// The manifest file cannot be read.
    #[error("cannot read the manifest {path} ({reason}); name a TOML file such as job.toml")]
    Unreadable { path: String, reason: String },
    /// The text is not TOML, a value has the wrong type, or a field is missing. Line and column count
    /// from 1.
    #[error("line {line}, column {column}: {message}")]
    Toml {
        line: usize,
        column: usize,
        message: String,
    },
    /// The field does not exist.
    #[error("line {line}: unknown field `{field}`; remove or correct it (known fields: {known})")]
    UnknownField {
        line: usize,
        field: String,
        known: String,
    },
    /// The chosen split, join or verification mode needs the field.
    #[error("`{field}` is missing; {because} needs it")]
    MissingField { field: String, because: String },
    /// The chosen split, join or verification mode does not use the field.
    #[error("`{field}` is not used with {because}; remove it")]
    UnusedField { field: String, because: String },

    /// A size in bytes is given although lines are counted.
    #[error("`shards.size` counts lines here; write a whole number without a unit")]
    BytesForLines,

    /// A file that the manifest names cannot be read.
    #[error(
        "`{field}`: cannot read the file {path} ({reason}); build or create it, or correct the path, \
         which is relative to the manifest's folder"
    )]
    MissingFile {
        field: String,
        path: String,
        reason: String,
    },
    /// A blob that the manifest names by its hash is not available.
    #[error(
        "`{field}`: the blob {blob} is not available ({reason}); upload it first, or name a file \
         instead"
    )]
    MissingBlob {
        field: String,
        blob: String,
        reason: String,
    },
    /// The content received for a blob has another hash.
    #[error(
        "`{field}`: the content received for {blob} has the hash {found}; get the blob from another \
         source"
    )]
    WrongBlob {
        field: String,
        blob: String,
        found: String,
    },
    /// The program is not a WebAssembly module.
    #[error(
        "`{field}`: {place} is not a WebAssembly module but {found}; build the program for \
         wasm32-wasip1 and name the .wasm file"
    )]
    NotWasm {
        field: String,
        place: String,
        found: String,
    },

    /// The number must be at least 1.
    #[error("`{field}` is zero; set it to at least 1")]
    Zero { field: String },
    /// The value exceeds its bound.
    #[error("`{field}` is {value}, but the maximum is {bound}; lower it")]
    AboveBound {
        field: String,
        value: String,
        bound: String,
    },
    /// The chain counts time in whole seconds.
    #[error("`{field}` is {value}, but must be in whole seconds; round it")]
    NotWholeSeconds { field: String, value: String },
    /// More seats must agree than there are.
    #[error(
        "`verify.quorum` is {quorum}, above the {replicas} of `verify.replicas`; lower the quorum or \
         raise the replicas"
    )]
    QuorumAboveReplicas { quorum: u32, replicas: u32 },
    /// Two quorums with different results would be possible.
    #[error(
        "`verify.quorum` is {quorum}, not a majority of the {max_replicas} of \
         `verify.max_replicas`, so two different results could both win; raise the quorum to {needed} \
         or lower max_replicas"
    )]
    NoMajority {
        quorum: u32,
        max_replicas: u32,
        needed: u32,
    },
    /// One seat could void the result of all the others.
    #[error(
        "all {quorum} seats of `verify.max_replicas` must agree, so one wrong seat would void the result; \
         raise max_replicas to {needed}"
    )]
    Unanimous { quorum: u32, needed: u32 },
    /// With an audit or a challenge, a shard starts with one seat.
    #[error(
        "`verify.replicas` is {replicas}, but with an audit or a challenge a shard starts with one \
         seat; remove the field"
    )]
    NotOneReplica { replicas: u32 },
    /// More seats than a challenged shard can settle.
    #[error(
        "a challenged shard would have up to {max_replicas} seats, but the maximum is \
         {MAX_CHALLENGED_REPLICAS}; lower `verify.max_replicas`"
    )]
    TooManyChallenged { max_replicas: u32 },
    /// With an audit or a challenge, at least two seats must agree.
    #[error(
        "`verify.quorum` is {quorum} of the {max_replicas} of `verify.max_replicas`, but with an \
         audit or a challenge at least two seats must agree; raise them"
    )]
    ReviewQuorum { quorum: u32, max_replicas: u32 },
    /// The audit rate is outside its range.
    #[error("`verify.audit_bps` is {found}; set it from 1 (0.01 %) to 10,000 (always)")]
    AuditRate { found: u32 },
    /// The maximum number of seats is below the initial number.
    #[error(
        "`verify.max_replicas` is {max_replicas}, below the {replicas} of `verify.replicas`; raise it \
         to at least that"
    )]
    MaxReplicasBelowReplicas { max_replicas: u32, replicas: u32 },
    /// More seats than a shard may have.
    #[error(
        "a shard would have up to {max_replicas} seats, but the maximum is {MAX_REPLICAS}; lower \
         `verify.replicas` and `verify.max_replicas`"
    )]
    TooManyReplicas { max_replicas: u32 },

    /// The source is empty.
    #[error("`{field}`: {place} is empty, but every shard needs input; add some")]
    EmptySource { field: String, place: String },
    /// The manifest has no shards.
    #[error("the job has no shards; add at least one")]
    NoShards,
    /// More shards than a job may have.
    #[error("the job would have {shards} shards, but the maximum is {MAX_SHARDS}; {advice}")]
    TooManyShards { shards: u64, advice: String },
    /// Fewer items than shards.
    #[error(
        "`shards.total` is {total}, too few for {count} shards with at least one item each; lower \
         `shards.count` or raise the total"
    )]
    TooFewItems { total: u64, count: u64 },
    /// The range of a shard is invalid.
    #[error("shard {index} has an empty or overflowing input; split the work differently")]
    BadShard { index: usize },

    /// The name is not a valid file name.
    #[error("`{field}`: {name:?} is not a file name: it {problem}")]
    BadName {
        field: String,
        name: String,
        problem: String,
    },
    /// The text cannot be passed to a program or shown in a terminal.
    #[error("`{field}`: {text:?} {problem}; change it")]
    BadText {
        field: String,
        text: String,
        problem: String,
    },

    /// The canonical form is too long.
    #[error(
        "the manifest has {bytes} bytes in its canonical form, but the maximum is \
         {MAX_MANIFEST_BYTES}; move long arguments to an input file"
    )]
    TooLong { bytes: usize },
    /// The bytes are not a canonical manifest.
    #[error("not a manifest ({reason}); check the hash that names it")]
    NotManifest { reason: String },
    /// The version is not supported.
    #[error("the manifest has version {found}, but this software supports {supported}; update it")]
    Version { found: u64, supported: u32 },
    /// The bytes differ from the canonical form of the same manifest.
    #[error("the manifest is not canonical; its bytes differ from its canonical form")]
    NotCanonical,
}
