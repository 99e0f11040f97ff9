-- The tables of the history, schema 3; docs/reference/history.md describes them.

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,           -- the name of its directory
    started TEXT NOT NULL,              -- ISO 8601, UTC
    duration REAL NOT NULL,             -- seconds, like all durations
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
    unattributed INTEGER,               -- skips that nothing explains; NULL in rows from schema 1
    durations TEXT NOT NULL DEFAULT '{}', -- JSON: seconds of provision, build, compile, test
    glance BLOB,                        -- its module_runs in a compact form, so that a year of nights is not read row by
                                        -- row. In order of module: the modules as 32-bit integers, then an 8-byte digest
                                        -- of test_list and statuses for each, then tenths of seconds as 32-bit integers
    wasm_bytes INTEGER,                 -- the size of python.wasm; NULL where it is not known, and before schema 3
    startup REAL,                       -- seconds of starting a guest, on average; NULL when none was started, and
                                        -- before schema 3
    UNIQUE (run, cell)
);

-- The tests of a module, in order of their names. Most runs of a module share one list.
CREATE TABLE test_lists (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);

CREATE TABLE listed_tests (
    test_list INTEGER NOT NULL REFERENCES test_lists ON DELETE CASCADE,
    position INTEGER NOT NULL,          -- from 0; a test that a module has twice is listed twice
    test INTEGER NOT NULL REFERENCES tests,
    PRIMARY KEY (test_list, position)
) WITHOUT ROWID;

CREATE INDEX listed_tests_of_test ON listed_tests (test);

CREATE TABLE module_runs (
    id INTEGER PRIMARY KEY,
    cell_run INTEGER NOT NULL REFERENCES cell_runs ON DELETE CASCADE,
    module INTEGER NOT NULL REFERENCES modules,
    duration REAL NOT NULL,
    digest TEXT NOT NULL,               -- of everything that determines the outcomes; '' when it is not known
    reused TEXT NOT NULL,               -- the run that observed the result, when this run took it from there
    faulty INTEGER NOT NULL,            -- 1: the harness itself failed to run it
    test_list INTEGER NOT NULL REFERENCES test_lists,
    statuses TEXT NOT NULL,             -- a letter for each test, by position
    durations BLOB NOT NULL,            -- a 32-bit float for each test, by position, little-endian
    UNIQUE (cell_run, module)
);

CREATE INDEX module_runs_of_list ON module_runs (test_list);
