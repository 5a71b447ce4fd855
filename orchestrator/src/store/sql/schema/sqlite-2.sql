-- Who sees a transaction through, and whose jobs papers belong to: for several orchestrators.
ALTER TABLE journal ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE seats ADD COLUMN bucket TEXT NOT NULL DEFAULT '';
ALTER TABLE failures ADD COLUMN bucket TEXT NOT NULL DEFAULT '';
ALTER TABLE outcomes ADD COLUMN bucket TEXT NOT NULL DEFAULT '';
CREATE TABLE members (
    member TEXT PRIMARY KEY, orchestrator TEXT NOT NULL, expires INTEGER NOT NULL
) STRICT;
CREATE TABLE leases (
    bucket TEXT PRIMARY KEY, member TEXT, epoch INTEGER NOT NULL, expires INTEGER NOT NULL
) STRICT;
-- The order of the archive, which was that of the rows.
CREATE TABLE views (
    number INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL UNIQUE, view TEXT NOT NULL
) STRICT;
INSERT INTO views (job, view) SELECT job, view FROM archive ORDER BY rowid;
DROP TABLE archive;
-- Stores of version 1 may have these two already.
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    slot INTEGER NOT NULL, time INTEGER,
    signature TEXT NOT NULL, instruction INTEGER NOT NULL, position INTEGER NOT NULL,
    name TEXT NOT NULL, job TEXT, fields TEXT NOT NULL,
    UNIQUE (signature, instruction, position)
) STRICT;
CREATE INDEX IF NOT EXISTS events_by_job ON events (job, number);
CREATE TABLE IF NOT EXISTS history (
    only INTEGER PRIMARY KEY CHECK (only = 0), slot INTEGER NOT NULL, signature TEXT NOT NULL
) STRICT;
