"""The history: every run in one SQLite file beside the runs. The only module that imports sqlite3.

history.sql has its tables, docs/reference/history.md describes them. A run is recorded in one transaction; recording it
again replaces it.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from matrix.errors import HistoryUnusable, UsageError
from matrix.outcome import LETTERS, ModuleResult, Status
from reports.flakes import Flake, Observation, flakes, rate, tally
from reports.recorded import RecordedModule, RecordedResults
from reports.summary import CellSummary, Summary
from reports.timelines import Point, Timeline, differing, glance_of, unfolded
from reports.verdict import Rate, Rates

try:
    import sqlite3
except ImportError:  # everything else works in a Python that was built without SQLite
    sqlite3 = None  # type: ignore[assignment]

NAME = "history.sqlite"
"""the file, in the directory of the runs"""
SCHEMA = 3
_APPLICATION = 0x43574D48
_WAIT = 60.0
"""seconds to wait for another process"""
_STATUSES = {letter: status for status, letter in LETTERS.items()}
_TABLES = Path(__file__).with_suffix(".sql")
_ANEW = "move it away: the next run begins a new one, and `python -m harness report RUN` adds an earlier run to it"
"""the remedy for a file that cannot be used"""


class RecordedCell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of a recorded run."""

    key: int
    run: str
    started: str
    cell: str
    status: str
    tested: bool
    """whether it has outcomes"""
    whole: bool
    """whether the modules were run with all of their tests"""
    complete: bool
    """whether all modules of the suite were run"""
    used: dict[str, str]
    """the parts that were used, with their provider: sdk, cpython, runtime"""


class SeenTest(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a test in one run of a cell."""

    test: str
    module: str
    run: str
    started: str
    cell: str
    outcome: str
    """several, when the module has several tests of the name: `failed, passed`"""
    duration: float
    """seconds, of the longest test"""
    reused: bool
    """whether the result is that of an earlier run"""


def record(path: Path, summary: Summary, results: Mapping[str, RecordedResults], parts: Sequence[str] = ()) -> None:
    """Record a run: its summary, and the results of its tested cells by their ids.

    `parts` are the runs that were merged into this one. A result that is recorded for one of them was observed there
    and does not count again. Waits while other processes record. Raises HistoryUnusable; then nothing of the run is
    recorded.
    """
    with _connection(path, "rwc") as connection:
        _upgrade(connection)
        connection.execute("BEGIN IMMEDIATE")
        if _is_empty(connection, path):
            _create(connection)
        elif (found := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise _damaged(path, found)
        _Recorder(connection, parts).record(summary, results)
        connection.execute("COMMIT")


class _Recorder:
    """Writes one run within a transaction."""

    def __init__(self, connection: sqlite3.Connection, parts: Sequence[str]) -> None:
        self._connection = connection
        self._parts = parts
        self._numbers: dict[tuple[str, ...], int] = {}
        """of lists of tests: the cells of a run mostly have the same"""

    def record(self, summary: Summary, results: Mapping[str, RecordedResults]) -> None:
        before = self._lists_of(summary.run_id)
        self._connection.execute("DELETE FROM runs WHERE run = ?", [summary.run_id])
        run = self._insert(
            "runs",
            run=summary.run_id,
            started=summary.started,
            duration=summary.duration_s,
            exit_status=summary.exit_status,
            schema=summary.schema,
        )
        for cell in summary.cells:
            found = results.get(cell.id) or RecordedResults(modules={}, whole=False, complete=False)
            cell_run = self._cell_run(run, cell, found)
            for name, module in found.modules.items():
                self._module_run(cell_run, name, module)
            note_glance(self._connection, cell_run)
        self._connection.executemany(
            "DELETE FROM test_lists WHERE id = ?"
            " AND NOT EXISTS (SELECT 1 FROM module_runs WHERE test_list = test_lists.id)",
            [(number,) for number in before],
        )

    def _lists_of(self, run: str) -> list[int]:
        found = self._connection.execute(
            "SELECT DISTINCT test_list FROM module_runs"
            " JOIN cell_runs ON cell_runs.id = cell_run JOIN runs ON runs.id = cell_runs.run WHERE runs.run = ?",
            [run],
        )
        return [number for (number,) in found]

    def _cell_run(self, run: int, cell: CellSummary, results: RecordedResults) -> int:
        self._connection.execute(
            "INSERT INTO cells (cell, target) VALUES (?, ?) ON CONFLICT (cell) DO NOTHING", [cell.id, cell.target]
        )
        return self._insert(
            "cell_runs",
            run=run,
            cell=self._id_of("cells", "cell", cell.id),
            status=cell.status.value,
            whole=results.whole,
            complete=results.complete,
            sdk=cell.sdk.id,
            sdk_version=cell.sdk.version,
            sdk_provider=cell.sdk.provider,
            sdk_detail=cell.sdk.detail,
            cpython_version=cell.cpython.version,
            cpython_provider=cell.cpython.provider,
            cpython_detail=cell.cpython.detail,
            runtime=cell.runtime.name,
            runtime_version=cell.runtime.version,
            runtime_provider=cell.runtime.provider,
            runtime_detail=cell.runtime.detail,
            counts=msgspec.json.encode(cell.counts).decode(),
            verdicts=msgspec.json.encode(cell.verdicts).decode(),
            unattributed=cell.unattributed_skips,
            durations=msgspec.json.encode(cell.durations_s).decode(),
            wasm_bytes=cell.build.wasm_bytes,
            startup=results.startup,
        )

    def _module_run(self, cell_run: int, name: str, module: RecordedModule) -> None:
        self._connection.execute("INSERT INTO modules (module) VALUES (?) ON CONFLICT (module) DO NOTHING", [name])
        self._insert(
            "module_runs",
            cell_run=cell_run,
            module=self._id_of("modules", "module", name),
            duration=module.duration,
            digest=module.digest,
            reused=module.reused or self._part_of(cell_run, name),
            faulty=module.faulty,
            test_list=self._test_list(module.tests),
            statuses="".join(LETTERS[status] for status in module.statuses),
            durations=struct.pack(f"<{len(module.durations)}f", *module.durations),
        )

    def _part_of(self, cell_run: int, module: str) -> str:
        """The part of this run for which a cell's module is recorded; "" when there is none."""
        for part in self._parts:
            found = self._connection.execute(
                "SELECT 1 FROM module_runs JOIN cell_runs ON cell_runs.id = cell_run"
                " JOIN runs ON runs.id = cell_runs.run JOIN modules ON modules.id = module_runs.module"
                " WHERE runs.run = ? AND modules.module = ?"
                " AND cell_runs.cell = (SELECT cell FROM cell_runs WHERE id = ?)",
                [part, module, cell_run],
            ).fetchone()
            if found:
                return part
        return ""

    def _test_list(self, tests: tuple[str, ...]) -> int:
        """The number of the list of these tests, which is made when it is new."""
        if tests not in self._numbers:
            self._numbers[tests] = self._recorded_list(tests)
        return self._numbers[tests]

    def _recorded_list(self, tests: tuple[str, ...]) -> int:
        """The number of the list of these tests in the file."""
        digest = hashlib.sha256(msgspec.json.encode(tests)).digest()
        found = self._connection.execute("SELECT id FROM test_lists WHERE digest = ?", [digest]).fetchone()
        if found:
            return int(found[0])
        number = self._insert("test_lists", digest=digest)
        self._connection.executemany(
            "INSERT INTO tests (test) VALUES (?) ON CONFLICT (test) DO NOTHING", [(test,) for test in tests]
        )
        self._connection.executemany(
            "INSERT INTO listed_tests (test_list, position, test) SELECT ?, ?, id FROM tests WHERE test = ?",
            [(number, position, test) for position, test in enumerate(tests)],
        )
        return number

    def _insert(self, table: str, **values: object) -> int:
        places = ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})"  # noqa: S608  # our own names
        return self._connection.execute(sql, tuple(values.values())).lastrowid or 0

    def _id_of(self, table: str, column: str, name: str) -> int:
        sql = f"SELECT id FROM {table} WHERE {column} = ?"  # noqa: S608  # our own names
        return int(self._connection.execute(sql, [name]).fetchone()[0])


def note_glance(connection: sqlite3.Connection, cell_run: int) -> None:
    """Add the glance to a recorded cell: its modules' outcomes in a compact form."""
    rows = connection.execute(
        "SELECT module, duration, test_list, statuses FROM module_runs WHERE cell_run = ? ORDER BY module", [cell_run]
    ).fetchall()
    connection.execute("UPDATE cell_runs SET glance = ? WHERE id = ?", [glance_of(rows), cell_run])


@contextlib.contextmanager
def opened(path: Path) -> Iterator[History]:
    """Open the history for reading. Raises UsageError when there is none; HistoryUnusable, also while it is read."""
    nothing = UsageError(
        f"there is no history in {path.parent}",
        hint="a run of `test` is recorded at its end; `python -m harness report RUN` adds an earlier one",
    )
    if not path.exists():
        raise nothing
    # Not mode=ro: SQLite must roll back what a killed process left half-written.
    with _connection(path, "rw") as connection:
        _upgrade(connection)
        connection.execute("PRAGMA query_only = ON")
        if _is_empty(connection, path):
            raise nothing
        connection.execute("BEGIN")  # so that all reads see the same state
        yield History(connection, path)


class History:
    """Answers questions about recorded runs."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._lists: dict[int, tuple[str, ...]] = {}

    def cells(self) -> list[RecordedCell]:
        """All cells of all runs, the newest run first."""
        rows = self._connection.execute(
            "SELECT cell_runs.*, runs.run AS run_id, started, cells.cell AS cell_id,"
            " length(glance) > 0 AS tested"
            " FROM cell_runs JOIN runs ON runs.id = cell_runs.run JOIN cells ON cells.id = cell_runs.cell"
            " ORDER BY started DESC, run_id DESC, cell_runs.id"
        )
        return [_recorded_cell(row) for row in rows]

    def differing(self, one: RecordedCell, other: RecordedCell) -> list[str]:
        """The names of the modules that have other outcomes in one of two tested cells, or that only one has."""
        glances = [
            self._connection.execute("SELECT glance FROM cell_runs WHERE id = ?", [cell.key]).fetchone()["glance"]
            for cell in (one, other)
        ]
        numbers = msgspec.json.encode(sorted(differing(*glances))).decode()
        rows = self._connection.execute(
            "SELECT module FROM modules WHERE id IN (SELECT value FROM json_each(?)) ORDER BY module", [numbers]
        )
        return [name for (name,) in rows]

    def modules(self, cell: RecordedCell, only: Collection[str] | None = None) -> dict[str, RecordedModule]:
        """The modules of a cell by name; only those of these names, if any names are given."""
        values: list[int | str] = [cell.key]
        clause = ""
        if only is not None:
            clause = (
                " AND module_runs.module IN (SELECT id FROM modules WHERE module IN (SELECT value FROM json_each(?)))"
            )
            values.append(msgspec.json.encode(list(only)).decode())
        rows = self._connection.execute(
            "SELECT modules.module, duration, digest, reused, faulty, test_list, statuses, durations FROM module_runs"  # noqa: S608  # our own clause
            f" JOIN modules ON modules.id = module_runs.module WHERE cell_run = ?{clause}",
            values,
        )
        return {
            row["module"]: RecordedModule(
                tests=self._tests_of(row["test_list"]),
                statuses=_decoded(row["statuses"]),
                durations=_unpacked(row["durations"]),
                duration=row["duration"],
                digest=row["digest"],
                reused=row["reused"],
                faulty=bool(row["faulty"]),
            )
            for row in rows.fetchall()
        }

    def _tests_of(self, test_list: int) -> tuple[str, ...]:
        if test_list not in self._lists:
            rows = self._connection.execute(
                "SELECT tests.test FROM listed_tests JOIN tests ON tests.id = listed_tests.test"
                " WHERE test_list = ? ORDER BY position",
                [test_list],
            )
            self._lists[test_list] = tuple(test for (test,) in rows)
        return self._lists[test_list]

    def points(self) -> list[Point]:
        """How each cell ended in each run, the oldest run first."""
        rows = self._connection.execute(
            "SELECT runs.run, started, cells.cell, status, counts, verdicts, unattributed, durations,"
            " wasm_bytes, startup, length(glance) > 0 AS tested"
            " FROM cell_runs JOIN runs ON runs.id = cell_runs.run JOIN cells ON cells.id = cell_runs.cell"
            " ORDER BY started, runs.run, cell_runs.id"
        )
        counts = msgspec.json.Decoder(dict[str, int])
        durations = msgspec.json.Decoder(dict[str, float])
        return [
            Point(
                run=row["run"],
                started=row["started"],
                cell=row["cell"],
                status=row["status"],
                tested=bool(row["tested"]),
                counts=counts.decode(row["counts"]),
                verdicts=counts.decode(row["verdicts"]),
                unattributed=row["unattributed"],
                durations=durations.decode(row["durations"]),
                wasm_bytes=row["wasm_bytes"],
                startup=row["startup"],
            )
            for row in rows
        ]

    def timeline(self, cell: str) -> Timeline:
        """The outcomes of a cell's modules in all runs that tested it."""
        runs = self._connection.execute(
            "SELECT runs.run, cell_runs.id, glance FROM cell_runs JOIN runs ON runs.id = cell_runs.run"
            " WHERE cell = (SELECT id FROM cells WHERE cell = ?)"
            " AND length(glance) > 0 ORDER BY started, runs.run",
            [cell],
        ).fetchall()
        names = {row["id"]: row["module"] for row in self._connection.execute("SELECT id, module FROM modules")}
        found = unfolded([row["glance"] for row in runs], lambda run, module: self._outcomes(runs[run]["id"], module))
        return Timeline(
            runs=[row["run"] for row in runs],
            modules=[names[module] for module in found.modules],
            tenths=found.tenths,
            spans=found.spans,
            lists={number: self._tests_of(number) for one in found.spans for _, number, _ in one},
        )

    def _outcomes(self, cell_run: int, module: int) -> tuple[int, str]:
        row = self._connection.execute(
            "SELECT test_list, statuses FROM module_runs WHERE cell_run = ? AND module = ?", [cell_run, module]
        ).fetchone()
        return row["test_list"], row["statuses"]

    def tests(self) -> list[str]:
        """The name of every recorded test."""
        return [name for (name,) in self._connection.execute("SELECT test FROM tests")]

    def seen(self, test: str, *, cells: Collection[str] = ()) -> list[SeenTest]:
        """The outcomes of a test, in order of module, run and cell; only in `cells`, if any are given."""
        rows = self._connection.execute(
            "SELECT modules.module, runs.run, started, cells.cell, reused != '' AS reused,"
            " substr(statuses, 1 + position, 1) AS letter, substr(module_runs.durations, 1 + 4 * position, 4) AS packed"
            " FROM tests CROSS JOIN listed_tests ON listed_tests.test = tests.id"
            " CROSS JOIN module_runs ON module_runs.test_list = listed_tests.test_list"
            " JOIN modules ON modules.id = module_runs.module JOIN cell_runs ON cell_runs.id = cell_run"
            " JOIN runs ON runs.id = cell_runs.run JOIN cells ON cells.id = cell_runs.cell"
            " WHERE tests.test = ? ORDER BY modules.module, started, runs.run, cell_runs.id, position",
            [test],
        )
        found: list[SeenTest] = []
        for _, same in itertools.groupby(rows, key=lambda row: (row["run"], row["cell"], row["module"])):
            several = list(same)
            first = several[0]
            if cells and first["cell"] not in cells:
                continue
            found.append(
                SeenTest(
                    test=test,
                    module=first["module"],
                    run=first["run"],
                    started=first["started"],
                    cell=first["cell"],
                    outcome=", ".join(status for row in several for status in _decoded(row["letter"])),
                    duration=max(seconds for row in several for seconds in _unpacked(row["packed"])),
                    reused=bool(first["reused"]),
                )
            )
        return found

    def flakes(self, *, cells: Collection[str] = (), cell: str = "", modules: Collection[str] = ()) -> list[Flake]:
        """The tests with different outcomes for the same digest, the worst first.

        Only in `cells`, if any are given; or only in some `modules` of one `cell`.
        """
        found: list[Flake] = []
        for (name, module, digest), observed in self._observed(cell, modules=modules).items():
            if len(observed) > 1 and (not cells or name in cells):
                found += flakes(name, module, digest, [self._observation(*one) for one in observed])
        return sorted(found, key=lambda flake: (-flake.rate.share, flake.cell, flake.module, flake.test))

    def rates(self, cell: str, runs: Collection[str], results: Iterable[ModuleResult]) -> Rates:
        """How often each test of these results has failed in a cell with the same digest, including these results.

        `runs` are the run that the results belong to and its parts: what is recorded of them does not count twice.
        """
        earlier = self._observed(cell, besides=runs)
        found: dict[tuple[str, str], Rate] = {}
        for result in results:
            if not result.digest:
                continue
            observations = [self._observation(*one) for one in earlier.get((cell, result.module, result.digest), ())]
            tests = tuple(outcome.test for outcome in result.outcomes)
            if not result.reused and not result.fault:
                statuses = tuple(outcome.status for outcome in result.outcomes)
                observations.append(Observation(tests=tests, statuses=statuses))
            for test, count in tally(observations, set(tests)).items():
                found[result.module, test] = rate(count)
        return found

    def _observed(
        self, cell: str = "", *, besides: Collection[str] = (), modules: Collection[str] = ()
    ) -> dict[tuple[str, str, str], list[tuple[int, str, int]]]:
        """By cell, module and digest: the list of tests, their letters, and how often exactly these were observed.

        Only in `cell` if it is given, only of `modules` if any are given, and not in the runs `besides`.
        """
        clauses, values = ["digest != ''", "reused = ''", "NOT faulty"], []
        if cell:
            clauses.append("cell_runs.cell = (SELECT id FROM cells WHERE cell = ?)")
            values.append(cell)
        if modules:
            ids = "SELECT id FROM modules WHERE module IN (SELECT value FROM json_each(?))"
            clauses.append(f"module_runs.module IN ({ids})")
            values.append(msgspec.json.encode(list(modules)).decode())
        if besides:
            clauses.append("runs.run NOT IN (SELECT value FROM json_each(?))")
            values.append(msgspec.json.encode(list(besides)).decode())
        rows = self._connection.execute(
            "SELECT cells.cell, modules.module, digest, test_list, statuses, count(*)"  # noqa: S608  # our own clauses
            " FROM cell_runs CROSS JOIN module_runs ON cell_run = cell_runs.id"
            " JOIN modules ON modules.id = module_runs.module"
            " JOIN runs ON runs.id = cell_runs.run JOIN cells ON cells.id = cell_runs.cell"
            f" WHERE {' AND '.join(clauses)} GROUP BY cells.id, modules.id, digest, test_list, statuses",
            values,
        )
        found: dict[tuple[str, str, str], list[tuple[int, str, int]]] = defaultdict(list)
        for name, module, digest, test_list, letters, times in rows:
            found[name, module, digest].append((test_list, letters, times))
        return found

    def _observation(self, test_list: int, letters: str, times: int) -> Observation:
        return Observation(tests=self._tests_of(test_list), statuses=_decoded(letters), times=times)


def _recorded_cell(row: sqlite3.Row) -> RecordedCell:
    def used(name: str, part: str) -> str:
        return f"{name} ({row[f'{part}_provider']}: {row[f'{part}_detail']})"

    return RecordedCell(
        key=row["id"],
        run=row["run_id"],
        started=row["started"],
        cell=row["cell_id"],
        status=row["status"],
        tested=bool(row["tested"]),
        whole=bool(row["whole"]),
        complete=bool(row["complete"]),
        used={
            "sdk": used(row["sdk"], "sdk"),
            "cpython": used(row["cpython_version"], "cpython"),
            "runtime": used(f"{row['runtime']} {row['runtime_version']}", "runtime"),
        },
    )


def _decoded(letters: str) -> tuple[Status, ...]:
    try:
        return tuple(map(_STATUSES.__getitem__, letters))
    except KeyError as exc:
        raise ValueError(f"{exc} is no status") from None


def _unpacked(durations: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(durations) // 4}f", durations)


# --- the file


@contextlib.contextmanager
def _connection(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """A connection that begins no transactions by itself. Raises HistoryUnusable for all errors of SQLite."""
    if sqlite3 is None:
        raise HistoryUnusable("this Python has no sqlite3, which the history needs", hint="use a Python that has it")
    try:
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_WAIT, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection
    except sqlite3.Error as exc:
        raise _unusable(path, exc) from exc
    except (ValueError, TypeError, LookupError, struct.error) as exc:  # a value that no version of the harness writes
        raise _damaged(path, str(exc)) from exc


def _upgrade(connection: sqlite3.Connection) -> None:
    """Add the columns that earlier versions of the harness did not have."""
    if not any(_of_version(connection, version) for version in range(1, SCHEMA)):
        return
    connection.execute("BEGIN IMMEDIATE")  # another process may have been faster, so ask again
    if _of_version(connection, 1):
        connection.execute("ALTER TABLE cell_runs ADD COLUMN unattributed INTEGER")
        connection.execute("ALTER TABLE cell_runs ADD COLUMN durations TEXT NOT NULL DEFAULT '{}'")
        connection.execute("ALTER TABLE cell_runs ADD COLUMN glance BLOB")
        for (cell_run,) in connection.execute("SELECT id FROM cell_runs").fetchall():
            note_glance(connection, cell_run)
        connection.execute("PRAGMA user_version = 2")
    if _of_version(connection, 2):
        connection.execute("ALTER TABLE cell_runs ADD COLUMN wasm_bytes INTEGER")
        connection.execute("ALTER TABLE cell_runs ADD COLUMN startup REAL")
        connection.execute("PRAGMA user_version = 3")
    connection.execute("COMMIT")


def _of_version(connection: sqlite3.Connection, version: int) -> bool:
    questions = ("PRAGMA application_id", "PRAGMA user_version")
    return [connection.execute(question).fetchone()[0] for question in questions] == [_APPLICATION, version]


def _is_empty(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether nothing was ever written to the file. Raises HistoryUnusable for a file that is not usable."""
    application, version, tables = (
        int(connection.execute(question).fetchone()[0])
        for question in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if (application, version, tables) == (0, 0, 0):
        return True
    if application != _APPLICATION:
        raise HistoryUnusable(f"{path} is a database, but not a history of this harness", hint=_ANEW)
    if version > SCHEMA:
        raise HistoryUnusable(
            f"{path} is of a newer version of the harness: it has schema {version}, and this one knows {SCHEMA}",
            hint=f"use that version, or {_ANEW}",
        )
    if version < SCHEMA:
        raise _damaged(path, f"it has schema {version}")
    return False


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables, within the transaction (`executescript` would end it)."""
    for statement in _TABLES.read_text("utf-8").split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {SCHEMA}")


def _damaged(path: Path, how: str) -> HistoryUnusable:
    return HistoryUnusable(f"the history {path} is damaged: {how}", hint=_ANEW)


def _unusable(path: Path, exc: sqlite3.Error) -> HistoryUnusable:
    """An error of SQLite in the user's terms: https://www.sqlite.org/rescode.html"""
    code = getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return HistoryUnusable(
            f"another process has been using the history {path} for {_WAIT:.0f} s",
            hint="when it is over, `python -m harness report RUN` adds the run",
        )
    if code == sqlite3.SQLITE_FULL:
        return HistoryUnusable(
            f"the history {path} cannot be written: the disk is full",
            hint="free some room; then `python -m harness report RUN` adds the run",
        )
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
        return HistoryUnusable(
            f"the history {path} cannot be read or written: {exc}", hint="see that the file and its directory are yours"
        )
    return _damaged(path, str(exc))
