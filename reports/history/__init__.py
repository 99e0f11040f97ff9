"""The history: every run in one SQLite file beside the runs, and what it answers.

`recorder.py` writes a run, `file.py` opens the file, and `tables.sql` has its tables, which docs/reference/history.md
describes.
"""

from __future__ import annotations

import contextlib
import itertools
import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import msgspec

from matrix.errors import UsageError
from matrix.outcome import LETTERS, ModuleResult, Status
from reports.flakes import Flake, Observation, flakes, rate, tally
from reports.history.file import NAME as NAME
from reports.history.file import Connection, Row, connection_to, is_empty, upgrade
from reports.history.recorder import record as record
from reports.recorded import RecordedModule
from reports.timelines import Point, Timeline, differing, unfolded
from reports.verdict import Rate, Rates

_STATUSES = {letter: status for status, letter in LETTERS.items()}


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
    with connection_to(path, "rw") as connection:
        upgrade(connection)
        connection.execute("PRAGMA query_only = ON")
        if is_empty(connection, path):
            raise nothing
        connection.execute("BEGIN")  # so that all reads see the same state
        yield History(connection, path)


class History:
    """Answers questions about recorded runs."""

    def __init__(self, connection: Connection, path: Path) -> None:
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


def _recorded_cell(row: Row) -> RecordedCell:
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
