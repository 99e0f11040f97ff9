"""Merges runs of several machines, each with some cells or shards, into the run that one machine would have made."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from harness.machine import sealed
from harness.machine.files import write_atomically
from harness.runs.describing import FACTS, PYTHONINFO
from harness.runs.records import (
    STARTED,
    CellRecord,
    StartedRun,
    cell_directory,
    named_run_id,
    read_record,
    read_started,
    refuse_links_out,
    write_record,
)
from harness.suite.files import OUTCOMES
from harness.suite.results import append_result, read_results
from matrix.errors import UsageError
from matrix.outcome import ModuleResult
from matrix.select import Selection


def merge(directories: Sequence[Path], out: Path) -> Path:
    """Make a new run below `out` with the cells of several runs; shards of a cell become one cell.

    The runs stay as they are. Raises UsageError when a directory has no run of this schema, when the runs were started
    with different options, and when the shards of a cell have different versions or suites.
    """
    runs = {directory: read_started(directory) for directory in directories}
    for directory in runs:
        refuse_links_out(directory)
    _check_options(runs)
    cells = tuple(dict.fromkeys(cell for run in runs.values() for cell in run.cells))
    parts = {
        cell: {directory: record for directory in runs if (record := read_record(directory, cell)) is not None}
        for cell in cells
    }
    records = {cell: _merged(list(found.values()), directories) for cell, found in parts.items() if found}
    run = _merged_run(list(runs.values()), cells, out.absolute())
    target = out.absolute() / run.run_id
    write_atomically(target / STARTED, sealed.encode(run))
    for cell, record in records.items():
        _write_cell(target, record, [cell_directory(directory, cell) for directory in parts[cell]])
    return target


def _check_options(runs: Mapping[Path, StartedRun]) -> None:
    """Raise UsageError for runs that were started with different options."""
    (first, run), *others = runs.items()
    expected = _options(run)
    for directory, other in others:
        different = [name for name, value in _options(other).items() if value != expected[name]]
        if different:
            raise UsageError(
                f"{directory} and {first} are of different runs: {', '.join(different)} differ",
                hint="merge runs that were started with the same options",
            )


def _merged_run(runs: Sequence[StartedRun], cells: tuple[str, ...], out: Path) -> StartedRun:
    """The options of the merged run: those of the first run, with all cells and without shards."""
    first = runs[0].request
    request = msgspec.structs.replace(
        first,
        cells=msgspec.structs.replace(first.cells, selection=Selection(cell=cells)),
        suite=msgspec.structs.replace(first.suite, shard=(1, 1), pytest=(), workers=None),
        out=out,
    )
    return StartedRun(
        run_id=named_run_id("merged"),
        started=min(run.started for run in runs),
        request=request,
        cells=cells,
        parts=tuple(run.run_id for run in runs),
    )


def _write_cell(target: Path, record: CellRecord, parts: Sequence[Path]) -> None:
    """Write a cell of the merged run: the results, the record, the logs and the facts of its `parts`."""
    directory = cell_directory(target, record.base.id)
    directory.mkdir(parents=True, exist_ok=True)
    for result in _results(parts):
        append_result(directory / OUTCOMES, result)
    write_record(target, record)
    _copy_logs(parts, directory)
    for name in (FACTS, PYTHONINFO):
        if (found := next((part / name for part in parts if (part / name).is_file()), None)) is not None:
            shutil.copyfile(found, directory / name)


def _options(run: StartedRun) -> dict[str, object]:
    """A run's options, without those that may differ between machines and shards."""
    cells, suite = run.request.cells, run.request.suite
    return {
        "known_bad": cells.known_bad,
        "sdk_paths": cells.sdk_paths,
        "runtime_paths": cells.runtime_paths,
        "cpython_paths": cells.cpython_paths,
        "cpython_commits": [one.option for one in cells.cpython_commits],
        "names": suite.names,
        "limits": run.request.limits,
        "isolate": suite.isolate,
        "reuse": suite.reuse,
        "again": suite.again,
    }


def _merged(found: Sequence[CellRecord], directories: Sequence[Path]) -> CellRecord:
    """The record of a cell, merged from those of its parts."""
    tested = [record for record in found if record.tested]
    if not tested:
        return found[0]
    _check_parts(tested, directories)
    one = tested[0]
    names = dict.fromkeys(name for record in tested for name in record.durations)
    durations = {name: sum(record.durations.get(name, 0.0) for record in tested) for name in names}
    notes = tuple(dict.fromkeys(note for record in tested for note in record.base.notes))
    return CellRecord(
        base=msgspec.structs.replace(one.base, notes=notes),
        tested=True,
        planned=tuple(sorted({module for record in tested for module in record.planned})),
        suite=one.suite,
        whole=all(record.whole for record in tested),
        durations={name: round(value, 3) for name, value in durations.items()},
        fault="; ".join(record.fault for record in tested if record.fault),
        interrupted=any(record.interrupted for record in tested),
        unexpected=tuple(dict.fromkeys(row for record in tested for row in record.unexpected)),
        steps=next((record.steps for record in found if record.steps), ()),
    )


def _check_parts(parts: Sequence[CellRecord], directories: Sequence[Path]) -> None:
    """Raise UsageError for parts of a cell that were tested with different versions or suites."""
    one = parts[0]
    for record in parts[1:]:
        for name in ("sdk", "cpython", "runtime"):
            if (here := getattr(record.base, name)) != (there := getattr(one.base, name)):
                raise UsageError(f"{one.base.id}: its parts had different versions: {here} and {there}")
        if record.suite != one.suite:
            raise UsageError(
                f"{one.base.id}: its parts had suites of {one.suite} and {record.suite} modules: "
                + ", ".join(str(directory) for directory in directories)
            )


def _copy_logs(places: Sequence[Path], target: Path) -> None:
    """Copy the logs of a cell's build from the first part that has any."""
    for place in places:
        if (place / "logs").is_dir():
            shutil.copytree(place / "logs", target / "logs", symlinks=True)
            return


def _results(places: Sequence[Path]) -> list[ModuleResult]:
    """The results of all parts; the newest when several parts have a module."""
    found: dict[str, ModuleResult] = {}
    for place in places:
        for name, result in read_results(place / OUTCOMES).items():
            if name not in found or found[name].finished <= result.finished:
                found[name] = result
    return list(found.values())
