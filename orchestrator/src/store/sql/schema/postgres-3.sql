-- By what seats were given.
CREATE TABLE choices (
    job BYTEA NOT NULL, shard BIGINT NOT NULL, attempt BIGINT NOT NULL, chosen TEXT NOT NULL,
    choice TEXT NOT NULL,
    PRIMARY KEY (job, shard, attempt, chosen)
);
