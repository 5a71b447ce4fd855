CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE journal (
    signature TEXT PRIMARY KEY,
    bytes BYTEA NOT NULL,
    last_valid_block_height BIGINT NOT NULL,
    purpose TEXT NOT NULL
);
CREATE TABLE seats (
    job BYTEA NOT NULL, shard BIGINT NOT NULL, attempt BIGINT NOT NULL, provider BYTEA NOT NULL,
    seat BIGINT NOT NULL, commitment BYTEA NOT NULL, signature BYTEA NOT NULL,
    root BYTEA, units BIGINT, salt BYTEA, output BYTEA, exit BIGINT, fuel BIGINT, reason TEXT,
    PRIMARY KEY (job, shard, attempt, provider)
);
CREATE TABLE failures (
    job BYTEA NOT NULL, shard BIGINT NOT NULL, provider BYTEA NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (job, shard, provider)
);
CREATE TABLE outcomes (
    job BYTEA NOT NULL, shard BIGINT NOT NULL,
    root BYTEA NOT NULL, output BYTEA NOT NULL, exit BIGINT NOT NULL, fuel BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (job, shard)
);
CREATE TABLE archive (job TEXT PRIMARY KEY, view TEXT NOT NULL);
