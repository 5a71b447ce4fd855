-- Who sees a transaction through, and whose jobs papers belong to: for several orchestrators.
ALTER TABLE journal ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE seats ADD COLUMN bucket TEXT NOT NULL DEFAULT '';
ALTER TABLE failures ADD COLUMN bucket TEXT NOT NULL DEFAULT '';
ALTER TABLE outcomes ADD COLUMN bucket TEXT NOT NULL DEFAULT '';
CREATE INDEX seats_bucket ON seats (bucket);
CREATE INDEX failures_bucket ON failures (bucket);
CREATE INDEX outcomes_bucket ON outcomes (bucket);
CREATE TABLE members (
    member TEXT PRIMARY KEY, orchestrator TEXT NOT NULL, expires BIGINT NOT NULL
);
CREATE TABLE leases (
    bucket TEXT PRIMARY KEY, member TEXT, epoch BIGINT NOT NULL, expires BIGINT NOT NULL
);
CREATE TABLE views (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, job TEXT NOT NULL UNIQUE,
    view TEXT NOT NULL
);
INSERT INTO views (job, view) SELECT job, view FROM archive;
DROP TABLE archive;
CREATE TABLE events (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slot BIGINT NOT NULL, time BIGINT,
    signature TEXT NOT NULL, instruction BIGINT NOT NULL, position BIGINT NOT NULL,
    name TEXT NOT NULL, job TEXT, fields TEXT NOT NULL,
    UNIQUE (signature, instruction, position)
);
CREATE INDEX events_by_job ON events (job, number);
CREATE TABLE history (
    "only" BIGINT PRIMARY KEY CHECK ("only" = 0), slot BIGINT NOT NULL, signature TEXT NOT NULL
);
