-- The tables of the history, schema 1; docs/history.md describes them.

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,           -- the name of its directory
    started TEXT NOT NULL,              -- ISO 8601, UTC
    duration REAL NOT NULL,             -- seconds, as everywhere
    exit_status INTEGER NOT NULL,
    schema INTEGER NOT NULL             -- of its summary.json
);

CREATE TABLE cells (id INTEGER PRIMARY KEY, cell TEXT NOT NULL UNIQUE, target TEXT NOT NULL);
CREATE TABLE modules (id INTEGER PRIMARY KEY, module TEXT NOT NULL UNIQUE);
CREATE TABLE tests (id INTEGER PRIMARY KEY, test TEXT NOT NULL UNIQUE);

CREATE TABLE cell_runs (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    cell INTEGER NOT NULL REFERENCES cells,
    status TEXT NOT NULL,               -- ok, unexpected, build-failed, unobtainable, error
    whole INTEGER NOT NULL,             -- 1: the modules were run with all of their tests
    complete INTEGER NOT NULL,          -- 1: these are all modules of the suite
    sdk TEXT NOT NULL,
    sdk_version TEXT NOT NULL,
    sdk_provider TEXT NOT NULL,
    sdk_detail TEXT NOT NULL,
    cpython_version TEXT NOT NULL,
    cpython_provider TEXT NOT NULL,
    cpython_detail TEXT NOT NULL,
    runtime TEXT NOT NULL,
    runtime_version TEXT NOT NULL,
    runtime_provider TEXT NOT NULL,
    runtime_detail TEXT NOT NULL,
    counts TEXT NOT NULL,               -- JSON: outcomes by status
    verdicts TEXT NOT NULL,             -- JSON: outcomes by verdict
    UNIQUE (run, cell)
);

-- What a module came to: its tests in order of name and status. Most runs come to what others came to
-- before them, and share their set.
CREATE TABLE outcome_sets (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);

CREATE TABLE outcomes (
    outcome_set INTEGER NOT NULL REFERENCES outcome_sets ON DELETE CASCADE,
    position INTEGER NOT NULL,          -- from 0; a test that a module has twice is there twice
    test INTEGER NOT NULL REFERENCES tests,
    status TEXT NOT NULL,
    PRIMARY KEY (outcome_set, position)
) WITHOUT ROWID;

CREATE INDEX outcomes_of_test ON outcomes (test);

CREATE TABLE module_runs (
    id INTEGER PRIMARY KEY,
    cell_run INTEGER NOT NULL REFERENCES cell_runs ON DELETE CASCADE,
    module INTEGER NOT NULL REFERENCES modules,
    outcome_set INTEGER NOT NULL REFERENCES outcome_sets,
    duration REAL NOT NULL,
    digest TEXT NOT NULL,               -- of all that determines what is observed; empty when it is not known
    reused TEXT NOT NULL,               -- the run that observed it, when this one took its result from there
    faulty INTEGER NOT NULL,            -- 1: the harness itself failed to run it
    durations BLOB NOT NULL,            -- of its tests, by position: 32-bit floats, little-endian
    UNIQUE (cell_run, module)
);

CREATE INDEX module_runs_of_set ON module_runs (outcome_set);
