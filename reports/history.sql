-- The tables of the history, schema 2; docs/reference/history.md describes them.

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
    unattributed INTEGER,               -- skips that nothing explains; NULL where it was not recorded yet
    durations TEXT NOT NULL DEFAULT '{}', -- JSON: seconds of provision, build, compile, test
    glance BLOB,                        -- its module_runs at a glance, in order of module: as 32-bit integers their
                                        -- modules; 8 bytes each, a digest of test_list and statuses; as 32-bit integers
                                        -- tenths of seconds; so that a year of nights need not be read row by row
    UNIQUE (run, cell)
);

-- The tests of a module, in order of their names. Most runs of a module have the same.
CREATE TABLE test_lists (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);

CREATE TABLE listed_tests (
    test_list INTEGER NOT NULL REFERENCES test_lists ON DELETE CASCADE,
    position INTEGER NOT NULL,          -- from 0; a test that a module has twice is there twice
    test INTEGER NOT NULL REFERENCES tests,
    PRIMARY KEY (test_list, position)
) WITHOUT ROWID;

CREATE INDEX listed_tests_of_test ON listed_tests (test);

CREATE TABLE module_runs (
    id INTEGER PRIMARY KEY,
    cell_run INTEGER NOT NULL REFERENCES cell_runs ON DELETE CASCADE,
    module INTEGER NOT NULL REFERENCES modules,
    duration REAL NOT NULL,
    digest TEXT NOT NULL,               -- of all that determines what is observed; empty when it is not known
    reused TEXT NOT NULL,               -- the run that observed it, when this one took its result from there
    faulty INTEGER NOT NULL,            -- 1: the harness itself failed to run it
    test_list INTEGER NOT NULL REFERENCES test_lists,
    statuses TEXT NOT NULL,             -- of its tests, by position, a letter each
    durations BLOB NOT NULL,            -- likewise, 32-bit floats, little-endian
    UNIQUE (cell_run, module)
);

CREATE INDEX module_runs_of_list ON module_runs (test_list);
