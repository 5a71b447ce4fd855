-- By what seats were given.
CREATE TABLE choices (
    job BLOB NOT NULL, shard INTEGER NOT NULL, attempt INTEGER NOT NULL, chosen TEXT NOT NULL,
    choice TEXT NOT NULL,
    PRIMARY KEY (job, shard, attempt, chosen)
) STRICT;
