"""The history's file: SQLite. The only module that imports sqlite3.

`tables.sql` has the tables. Earlier versions of the harness had fewer columns: those are added.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path

from matrix.errors import HistoryUnusable
from reports.timelines import glance_of

try:
    import sqlite3
    from sqlite3 import Connection as Connection  # for the other modules here
    from sqlite3 import Row as Row
except ImportError:  # everything else works in a Python that was built without SQLite
    sqlite3 = Connection = Row = None  # type: ignore[assignment, misc]

NAME = "history.sqlite"
"""the file, in the directory of the runs"""
SCHEMA = 3
_APPLICATION = 0x43574D48
_WAIT = 60.0
"""seconds to wait for another process"""
_TABLES = Path(__file__).with_name("tables.sql")
_ANEW = "move it away: the next run begins a new one, and `python -m harness report RUN` adds an earlier run to it"
"""the remedy for a file that cannot be used"""


@contextlib.contextmanager
def connection_to(path: Path, mode: str) -> Iterator[Connection]:
    """A connection that begins no transactions by itself. Raises HistoryUnusable for all errors of SQLite."""
    if sqlite3 is None:
        raise HistoryUnusable("this Python has no sqlite3, which the history needs", hint="use a Python that has it")
    try:
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_WAIT, isolation_level=None)) as connection:
            connection.row_factory = Row
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection
    except sqlite3.Error as exc:
        raise _unusable(path, exc) from exc
    except (ValueError, TypeError, LookupError, struct.error) as exc:  # a value that no version of the harness writes
        raise damaged(path, str(exc)) from exc


def upgrade(connection: Connection) -> None:
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


def note_glance(connection: Connection, cell_run: int) -> None:
    """Add the glance to a recorded cell: its modules' outcomes in a compact form."""
    rows = connection.execute(
        "SELECT module, duration, test_list, statuses FROM module_runs WHERE cell_run = ? ORDER BY module", [cell_run]
    ).fetchall()
    connection.execute("UPDATE cell_runs SET glance = ? WHERE id = ?", [glance_of(rows), cell_run])


def _of_version(connection: Connection, version: int) -> bool:
    questions = ("PRAGMA application_id", "PRAGMA user_version")
    return [connection.execute(question).fetchone()[0] for question in questions] == [_APPLICATION, version]


def is_empty(connection: Connection, path: Path) -> bool:
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
        raise damaged(path, f"it has schema {version}")
    return False


def create(connection: Connection) -> None:
    """Make the tables, within the transaction (`executescript` would end it)."""
    for statement in _TABLES.read_text("utf-8").split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {SCHEMA}")


def damaged(path: Path, how: str) -> HistoryUnusable:
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
    return damaged(path, str(exc))
