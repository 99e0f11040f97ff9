"""What a history holds, for tests."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from pathlib import Path

from matrix.outcome import Status
from reports.history import RecordedCell, SeenTest, opened

ONE = "test.test_a.A.test_one"


def cells(path: Path) -> list[RecordedCell]:
    with opened(path) as found:
        return found.cells()


def outcomes_of(path: Path, cell: RecordedCell) -> dict[str, Counter[tuple[str, Status]]]:
    """The outcomes of a cell by module, as the history has them."""
    with opened(path) as found:
        return {name: Counter(zip(one.tests, one.statuses, strict=True)) for name, one in found.modules(cell).items()}


def seen(path: Path, test: str = ONE, **options: tuple[str, ...]) -> list[SeenTest]:
    with opened(path) as found:
        return found.seen(test, **options)


def rows(path: Path, question: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(question).fetchall()


def dump(path: Path) -> list[str]:
    """Everything that a history holds, without the ids of rows."""
    tables = ("runs", "cells", "modules", "tests", "cell_runs", "test_lists", "listed_tests", "module_runs")
    counts = [f"{table}: {rows(path, f'SELECT count(*) FROM {table}')}" for table in tables]
    return [*counts, *(str(one) for cell in cells(path) for one in outcomes_of(path, cell).items())]
