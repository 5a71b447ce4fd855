CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE journal (
    signature TEXT PRIMARY KEY,
    bytes BLOB NOT NULL,
    last_valid_block_height INTEGER NOT NULL,
    purpose TEXT NOT NULL
) STRICT;
CREATE TABLE seats (
    job BLOB NOT NULL, shard INTEGER NOT NULL, attempt INTEGER NOT NULL, provider BLOB NOT NULL,
    seat INTEGER NOT NULL, commitment BLOB NOT NULL, signature BLOB NOT NULL,
    root BLOB, units INTEGER, salt BLOB, output BLOB, exit INTEGER, fuel INTEGER, reason TEXT,
    PRIMARY KEY (job, shard, attempt, provider)
) STRICT;
CREATE TABLE failures (
    job BLOB NOT NULL, shard INTEGER NOT NULL, provider BLOB NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (job, shard, provider)
) STRICT;
CREATE TABLE outcomes (
    job BLOB NOT NULL, shard INTEGER NOT NULL,
    root BLOB NOT NULL, output BLOB NOT NULL, exit INTEGER NOT NULL, fuel INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (job, shard)
) STRICT;
CREATE TABLE archive (job TEXT PRIMARY KEY, view TEXT NOT NULL) STRICT;
