"""Writes a run into the history, in one transaction. Recording it again replaces it."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from matrix.outcome import LETTERS
from reports.history.file import Connection, connection_to, create, damaged, is_empty, note_glance, upgrade
from reports.recorded import RecordedModule, RecordedResults
from reports.summary import CellSummary, Summary


def record(path: Path, summary: Summary, results: Mapping[str, RecordedResults], parts: Sequence[str] = ()) -> None:
    """Record a run: its summary, and the results of its tested cells by their ids.

    `parts` are the runs that were merged into this one. A result that is recorded for one of them was observed there
    and does not count again. Waits while other processes record. Raises HistoryUnusable; then nothing of the run is
    recorded.
    """
    with connection_to(path, "rwc") as connection:
        upgrade(connection)
        connection.execute("BEGIN IMMEDIATE")
        if is_empty(connection, path):
            create(connection)
        elif (found := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise damaged(path, found)
        _Recorder(connection, parts).record(summary, results)
        connection.execute("COMMIT")


class _Recorder:
    """Writes one run within a transaction."""

    def __init__(self, connection: Connection, parts: Sequence[str]) -> None:
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
