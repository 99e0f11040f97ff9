"""`python -m harness`: where matrix, harness and reports are put together. Does the work of the sessions."""

from __future__ import annotations

import contextlib
import datetime
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness import records
from harness.cli import Arguments, parse
from harness.outcome import read_results
from harness.plugin import OUTCOMES
from harness.prepare import Options, Preparer
from harness.progress import TerminalWatcher
from harness.providers import Availability, Provider, availability
from harness.provision import items_of
from harness.running import CellRun, run_cell
from harness.runtimes.browser import PAGES
from harness.selection import cell_options, matrix_of, selected_cells
from harness.serve import Site, serving
from harness.store import Store, write_atomically
from matrix.errors import BuildFailed, MatrixError, Unobtainable, UsageError, near
from matrix.expand import Expansion, expand
from matrix.limitations import Limitations
from matrix.model import Cell
from reports import junit, render
from reports.differences import compare
from reports.summary import (
    CellStatus,
    CellSummary,
    CPythonUsed,
    RuntimeUsed,
    SdkUsed,
    Summary,
    Unexpected,
    exit_status,
    tested,
    unexpected,
    untested,
)
from reports.verdict import CellVerdicts, judge_cell

OUT = Path(__file__).parent.parent / "reports" / "out"
STARTED = "run.json"
CELL = "cell.json"


class StartedRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was asked for; `--resume` goes on with it."""

    run_id: str
    started: str
    arguments: Arguments


class CellRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to judge a cell's outcomes later, beside its outcomes.jsonl."""

    base: CellSummary
    planned: tuple[str, ...]
    full: bool
    durations: dict[str, float]


def main(argv: Sequence[str]) -> int:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    errors = Console(stderr=True, highlight=False)
    try:
        arguments = parse(argv, out=OUT)
        commands = {
            "cells": list_cells,
            "report": report,
            "build": build_or_test,
            "test": build_or_test,
            "serve": serve_repl,
        }
        return commands[arguments.command](arguments, console)
    except KeyboardInterrupt:
        errors.print("interrupted")
        return 130
    except MatrixError as exc:
        errors.print(f"[red]error[/red]: {escape(str(exc))}", soft_wrap=True)
        return exc.exit_status
    except OSError as exc:
        errors.print(f"[red]error[/red]: {escape(str(exc))}", soft_wrap=True)
        errors.print("  -> when the disk is full: free some room; `test --resume` goes on with the run", soft_wrap=True)
        return 4


# --- cells


def list_cells(arguments: Arguments, console: Console) -> int:
    """Every cell (or those selected): whether it can be had here, from which provider, and if not, why."""
    matrix = matrix_of(arguments)
    store = Store()
    expansion = expand(matrix, debug=arguments.debug, known_bad=arguments.known_bad)
    cells = expansion.cells
    if arguments.selection != type(arguments.selection)() or arguments.sdk_paths or arguments.cpython_paths:
        cells = selected_cells(arguments, matrix)[1]
    items: dict[str, list[Provider]] = {}
    needs = {cell.id: items_of(cell, matrix, store) for cell in cells}
    for wanted in needs.values():
        items |= {item: providers() for item, providers in wanted.items() if item not in items}
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(items, pool.map(lambda item: availability(item, items[item], store), items), strict=True))
    if arguments.json:
        _cells_json(needs, expansion, found, console)
        return 0
    parts = Table(box=None, pad_edge=False)
    for heading in ("item", "from", "what, or why not"):
        parts.add_column(heading, overflow="fold")
    for item, state in found.items():
        why = state.detail if state.provider else "; ".join(state.reasons)
        parts.add_row(escape(item), f"[green]{state.provider}" if state.provider else "[red]not here", escape(why))
    console.print(parts)
    console.print()
    rows = Table(box=None, pad_edge=False)
    for heading in ("cell", "here", "known"):
        rows.add_column(heading, overflow="fold")
    for cell in cells:
        missing = [item for item in needs[cell.id] if found[item].provider is None]
        failure = matrix.expected_failure_of(cell.build)
        here = f"[red]no {escape(', '.join(missing))}" if missing else "[green]yes"
        rows.add_row(escape(cell.id), here, escape(f"does not build: {failure.reason}") if failure else "")
    console.print(rows)
    for rejected in expansion.rejected:
        console.print(f"not made: {escape(rejected.cell.id)}: {escape(rejected.reason)}")
    return 0


def _cells_json(
    needs: Mapping[str, Iterable[str]], expansion: Expansion, found: dict[str, Availability], console: Console
) -> None:
    document = {
        "cells": [
            {"id": cell, "available": all(found[item].provider for item in items),
             "items": {item: found[item] for item in items}}
            for cell, items in needs.items()
        ],
        "rejected": [{"id": r.cell.id, "reason": r.reason, "reference": r.reference} for r in expansion.rejected],
    }  # fmt: skip
    console.file.write(records.indented(document).decode())


# --- test and build


def build_or_test(arguments: Arguments, console: Console) -> int:
    resumed: StartedRun | None = None
    if arguments.resume is not None:
        directory = run_directory(arguments.out, arguments.resume)
        resumed = records.decode((directory / STARTED).read_bytes(), StartedRun)
        arguments = resumed.arguments

    def say(message: str) -> None:
        console.print(escape(message), soft_wrap=True)

    matrix = matrix_of(arguments, say)
    limitations = Limitations.load()
    _, cells = selected_cells(arguments, matrix)
    store = Store()
    store.remove_left_over()
    options = Options(jobs=arguments.jobs, build_python=arguments.build_python, refresh=arguments.refresh)
    preparer = Preparer(matrix, store, options, TerminalWatcher(console), say)
    if arguments.dry_run:
        return _dry_run(cells, preparer, console)
    run = resumed or StartedRun(
        run_id=new_run_id(cells),
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        arguments=arguments,
    )
    status = Run(run, cells, preparer, limitations, store, console).execute()
    left_out = len(arguments.sdk_paths) > sum(sdk.directory in arguments.sdk_paths for sdk in matrix.sdks)
    return Unobtainable.exit_status if left_out and status in (0, 1) else status


def serve_repl(arguments: Arguments, console: Console) -> int:
    """Build for the browser and serve the result, with a page to type into, until Ctrl-C."""
    matrix = matrix_of(arguments)
    cells = [cell for cell in selected_cells(arguments, matrix)[1] if cell.build.target.in_memory]
    if len(cells) != 1:
        raise UsageError(f"`serve` takes one cell of a browser target, not {len(cells)}", hint="narrow it with --cell")

    def say(message: str) -> None:
        console.print(escape(message), soft_wrap=True)

    options = Options(jobs=arguments.jobs, build_python=arguments.build_python, refresh=arguments.refresh)
    preparer = Preparer(matrix, Store(), options, TerminalWatcher(console), say)
    assets = preparer.build(cells[0])
    site = Site({"/": assets, "/repl.html": PAGES / "repl.html", "/repl.js": PAGES / "repl.js"})
    with serving(site, arguments.port) as address:
        console.print(f"{address}/repl.html (Ctrl-C ends it)", soft_wrap=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0


def _dry_run(cells: Sequence[Cell], preparer: Preparer, console: Console) -> int:
    """Print each build's commands. Its parts are provisioned, since the commands name them."""
    printed: set[str] = set()
    for cell in cells:
        for plan in preparer.plans(cell):
            if plan.name not in printed:
                printed.add(plan.name)
                console.print(f"\n# {escape(plan.name)}", soft_wrap=True)
                for step in plan.steps:
                    console.file.write(f"mkdir -p {step.cwd}\n{step.command()}\n")
    return 0


class Run:
    """One invocation of `test` or `build`: cell after cell, each one's results on disk as they come."""

    def __init__(
        self,
        run: StartedRun,
        cells: Sequence[Cell],
        preparer: Preparer,
        limitations: Limitations,
        store: Store,
        console: Console,
    ) -> None:
        self._run = run
        self._arguments = run.arguments
        self._cells = cells
        self._preparer = preparer
        self._limitations = limitations
        self._store = store
        self._console = console
        self._directory = run.arguments.out / run.run_id
        self._summaries: list[CellSummary] = []
        self._unexpected: list[Unexpected] = []
        self._judged: list[tuple[str, str, CellVerdicts]] = []
        self._interrupted = False
        self._usage_error: UsageError | None = None

    def execute(self) -> int:
        started = time.monotonic()
        testing = self._arguments.command == "test"
        if testing:
            write_atomically(self._directory / STARTED, records.encode(self._run))
            _point_latest(self._arguments.out, self._run.run_id)
        for cell in self._cells:
            try:
                self._cell(cell, testing)
            except KeyboardInterrupt:
                self._interrupted = True
                self._summaries.append(untested(cell, CellStatus.UNEXPECTED, "interrupted before it was tested"))
            if self._interrupted:
                break
        if self._usage_error is not None:
            raise self._usage_error
        summary = Summary(
            run_id=self._run.run_id,
            started=self._run.started,
            duration_s=round(time.monotonic() - started, 1),
            exit_status=exit_status(self._summaries, self._unexpected, interrupted=self._interrupted),
            interrupted=self._interrupted,
            cells=tuple(self._summaries),
            unexpected=tuple(self._unexpected),
            comparisons=compare(self._judged),
        )
        if testing:
            render.write(summary, self._directory)
            render.show(summary, self._directory, self._console)
        else:
            for cell_summary in self._summaries:
                self._console.print(f"{escape(cell_summary.id)}: {escape(cell_summary.reason)}", soft_wrap=True)
        return summary.exit_status

    def _cell(self, cell: Cell, testing: bool) -> None:
        console = self._console
        console.print(f"[bold]{escape(cell.id)}[/bold]", soft_wrap=True)
        failure = self._preparer.expected_failure(cell.build)
        try:
            prepared = self._preparer.prepare(cell, self._arguments.limits)
        except BuildFailed as exc:
            expected = failure is not None and failure.is_shown_by(exc.step, exc.output)
            reason = f"expected: {failure.reason}" if failure and expected else str(exc)
            if failure and not expected:
                reason += f"\nit was expected to fail at {failure.step} with {failure.message!r}"
            self._summaries.append(untested(cell, CellStatus.BUILD_FAILED, reason, expected=expected))
            console.print(escape(reason), soft_wrap=True)
            return
        except Unobtainable as exc:
            self._summaries.append(untested(cell, CellStatus.UNOBTAINABLE, str(exc)))
            return
        except UsageError:
            raise
        except (MatrixError, OSError) as exc:
            fault = not isinstance(exc, MatrixError) or exc.exit_status == 4
            status = CellStatus.ERROR if fault else CellStatus.UNOBTAINABLE
            self._summaries.append(untested(cell, status, str(exc)))
            return
        notes = [note for part in (prepared.sdk, prepared.cpython, prepared.runtime) for note in part.notes]
        notes += prepared.notes
        base = msgspec.structs.replace(
            untested(cell, CellStatus.OK, "" if testing else f"built: {prepared.settings.wasm}", notes=notes),
            sdk=SdkUsed(
                id=cell.build.sdk.id,
                version=cell.build.sdk.version,
                provider=prepared.sdk.provider,
                detail=prepared.sdk.detail,
            ),
            cpython=CPythonUsed(
                version=cell.build.cpython.version,
                provider=prepared.cpython.provider,
                detail=prepared.cpython.detail,
            ),
            runtime=RuntimeUsed(
                name=cell.runtime.name,
                version=cell.runtime.version,
                provider=prepared.runtime.provider,
                detail=prepared.runtime.detail,
            ),
        )
        if failure is not None:
            detail = f"it builds, but was expected not to: {failure.reason}"
            self._unexpected.append(Unexpected(cell=cell.id, test="", outcome="built", verdict="stale", detail=detail))
        if not testing:
            self._summaries.append(base)
            return
        directory = self._directory / "cells" / cell.id
        cell_limitations = self._limitations.for_cell(cell.facts)
        started = time.monotonic()
        try:
            came_to = run_cell(prepared, self._arguments, cell_limitations, directory, self._store)
        except UsageError as exc:
            self._usage_error = exc
            raise
        durations = prepared.durations | {"test": round(time.monotonic() - started, 3)}
        if (directory / CELL).is_file():  # this is a resumed run: it took what it took before, too
            earlier = records.decode((directory / CELL).read_bytes(), CellRecord).durations
            durations = {name: round(value + earlier.get(name, 0.0), 3) for name, value in durations.items()}
        self._interrupted = came_to.interrupted
        self._judge(cell, base, came_to, durations, directory)

    def _judge(
        self, cell: Cell, base: CellSummary, came_to: CellRun, durations: dict[str, float], directory: Path
    ) -> None:
        record = CellRecord(base=base, planned=came_to.planned, full=came_to.full, durations=durations)
        write_atomically(directory / CELL, records.encode(record))
        verdicts = judge_cell(
            came_to.planned, came_to.results, self._limitations.for_cell(cell.facts), full=came_to.full
        )
        self._judged.append((cell.id, cell.build.cpython.id, verdicts))
        _write_junit(directory, base, verdicts, came_to)
        summary = tested(base, verdicts, durations)
        if came_to.fault:
            summary = msgspec.structs.replace(summary, status=CellStatus.ERROR, reason=came_to.fault)
        self._summaries.append(summary)
        session, options = f"test-{cell.build.target.id}", cell_options(self._arguments)
        self._unexpected += unexpected(cell.id, session, verdicts, options=options)


def _write_junit(directory: Path, base: CellSummary, verdicts: CellVerdicts, came_to: CellRun) -> None:
    properties = {
        "cell": base.id,
        "sdk": f"{base.sdk.id} ({base.sdk.detail})",
        "cpython": base.cpython.version,
        "runtime": f"{base.runtime.name} {base.runtime.version}",
    }
    junit.write(directory / "junit.xml", base.id, verdicts, came_to.results, properties)


# --- report


def report(arguments: Arguments, console: Console) -> int:
    """Judge a run's outcomes again, with the list of limitations as it is now, and write its report."""
    directory = run_directory(arguments.out, arguments.run)
    run = records.decode((directory / STARTED).read_bytes(), StartedRun)
    before = directory / "summary.json"
    old = records.decode(before.read_bytes(), Summary) if before.is_file() else None
    matrix = matrix_of(run.arguments)
    cells = {cell.id: cell for cell in selected_cells(run.arguments, matrix)[1]}
    limitations = Limitations.load()
    summaries: list[CellSummary] = []
    red: list[Unexpected] = []
    judged: list[tuple[str, str, CellVerdicts]] = []
    for name, cell in cells.items():
        place = directory / "cells" / name
        if not (place / CELL).is_file():
            kept = [summary for summary in (old.cells if old else ()) if summary.id == name]
            summaries += kept or [untested(cell, CellStatus.ERROR, "it has no outcomes: the run ended before it")]
            continue
        record = records.decode((place / CELL).read_bytes(), CellRecord)
        came_to = CellRun(
            planned=record.planned, results=read_results(place / OUTCOMES), full=record.full, interrupted=False
        )
        verdicts = judge_cell(came_to.planned, came_to.results, limitations.for_cell(cell.facts), full=came_to.full)
        judged.append((name, cell.build.cpython.id, verdicts))
        _write_junit(place, record.base, verdicts, came_to)
        summaries.append(tested(record.base, verdicts, record.durations))
        options = cell_options(run.arguments)
        red += unexpected(name, f"test-{cell.build.target.id}", verdicts, options=options)
    interrupted = old.interrupted if old else False
    summary = Summary(
        run_id=run.run_id,
        started=run.started,
        duration_s=old.duration_s if old else 0.0,
        exit_status=exit_status(summaries, red, interrupted=interrupted),
        interrupted=interrupted,
        cells=tuple(summaries),
        unexpected=tuple(red),
        comparisons=compare(judged),
    )
    render.write(summary, directory)
    render.show(summary, directory, console)
    return summary.exit_status


# --- runs on disk


def new_run_id(cells: Sequence[Cell]) -> str:
    """Sortable by time, unique, and readable: `20261122-120301-wasi-3f9a`."""
    targets = "-".join(sorted({cell.build.target.id for cell in cells}))
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{targets}-{secrets.token_hex(2)}"


def run_directory(out: Path, run: str) -> Path:
    """The directory of a run, by its id or `latest`. Raises UsageError, with near misses, when there is none."""
    directory = out / run
    if not (directory / STARTED).is_file():
        known = [path.parent.name for path in out.glob(f"*/{STARTED}")] if out.is_dir() else []
        raise UsageError(f"there is no run {run!r} in {out}", hint=near(run, known) or "run `nox -s test-wasi` first")
    return directory.resolve()


def _point_latest(out: Path, run_id: str) -> None:
    """Let `latest` point at a run, by rename, so that two runs at once do not trip over each other."""
    temporary = out / f".latest-{secrets.token_hex(4)}"
    temporary.symlink_to(run_id)
    os.replace(temporary, out / "latest")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
