"""Gathers what a cell's build is, once for each build and runtime, and keeps it beside the cell's record.

Nothing here fails a cell: what cannot be gathered is a note.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.build.ask_make import build_details, predefined_macros
from harness.build.step import BuildPlan, Step
from harness.build.wasm_sections import NotWasm, target_features
from harness.cells.prepare import Prepared
from harness.guests.describing import Described, describe_guest
from harness.guests.digest import GUEST_CODE
from harness.guests.runtimes.choose import choose_adapter
from harness.machine import sealed
from harness.machine.code import code_digest
from harness.machine.files import read_limited, write_atomically
from harness.machine.hashing import digest_of, file_sha256
from harness.machine.store import Store
from harness.runs.records import cell_directory
from matrix import json_records
from matrix.errors import MatrixError, UsageError
from reports.build_facts import BuildDescription, BuildFacts, build_changes, flattened
from reports.compared import CellChanges, Diff

FACTS = "build.json"
PYTHONINFO = "pythoninfo.txt"


def make_step(plans: Sequence[BuildPlan], build: str) -> Step | None:
    """The step that makes a build's program, of all its plans."""
    return next((step for plan in plans if plan.name == build for step in plan.steps if step.name == "make"), None)


def description_of(prepared: Prepared, make: Step | None, store: Store) -> BuildDescription:
    """What a cell's build is; gathered when the store does not have it. `make` is the step that made the program."""
    path = store.root / "state" / "results" / f"build-{_digest(prepared)}.json"
    store.use(path)
    try:
        return sealed.decode(path.read_bytes(), BuildDescription)
    except (OSError, msgspec.DecodeError):
        pass
    found, lasting = _gather(prepared, make, store)
    if lasting:
        write_atomically(path, sealed.encode(found))
    return found


def _digest(prepared: Prepared) -> str:
    """The digest of what decides the description: the build's own files, the runtime, what is asked."""
    settings = prepared.settings
    inside = settings.tree / settings.build.lstrip("/")
    asked = (inside / "Makefile", settings.tree / "Lib/test/pythoninfo.py", Path(__file__))
    digests = [file_sha256(path) if path.is_file() else "" for path in asked]
    runtime = prepared.cell.runtime
    flags = (*settings.python_flags, *settings.runtime_flags, str(settings.limits.memory))
    return digest_of(
        settings.wasm_digest,
        prepared.sdk.digest,
        runtime.id,
        prepared.runtime.digest,
        *flags,
        *digests,
        code_digest(GUEST_CODE),
    )


def _gather(prepared: Prepared, make: Step | None, store: Store) -> tuple[BuildDescription, bool]:
    """What a build is, and whether it may be kept: a failure of the machine, and not of the build, may not."""
    settings = prepared.settings
    runtime = choose_adapter(prepared.cell.runtime, prepared.runtime, settings.runtime_flags)
    notes: list[str] = []
    lasting = True
    said = Described()
    try:
        said = describe_guest(settings, runtime, store)
    except (MatrixError, OSError, msgspec.DecodeError) as exc:
        notes.append(f"not gathered: what the interpreter says: {exc}")
        lasting = False
    macros: dict[str, str] = {}
    details = ""
    try:
        if make is not None:
            macros, details = predefined_macros(make), build_details(make)
    except (MatrixError, OSError) as exc:
        notes.append(f"not gathered: what the Makefile says: {exc}")
        lasting = False
    facts = BuildFacts(
        platform=said.platform,
        sysconfig=said.sysconfig,
        macros=macros,
        target_features=_features(settings.wasm, notes),
        wasm_bytes=_size(settings.wasm, notes),
        build_details=_details(details, notes),
        pythoninfo=bool(said.pythoninfo),
        notes=(*said.notes, *notes),
    )
    return BuildDescription(facts=facts, pythoninfo=said.pythoninfo), lasting


def _features(wasm: Path, notes: list[str]) -> tuple[str, ...]:
    try:
        with wasm.open("rb") as file:
            found = target_features(file)
    except (OSError, NotWasm) as exc:
        notes.append(f"not gathered: target_features: {wasm.name}: {exc}")
        return ()
    if found is None:
        notes.append(f"{wasm.name} has no section target_features: an optimiser may have removed it")
    return found or ()


def _size(wasm: Path, notes: list[str]) -> int | None:
    try:
        return wasm.stat().st_size
    except OSError as exc:
        notes.append(f"not gathered: wasm_bytes: {wasm.name}: {exc}")
        return None


def _details(text: str, notes: list[str]) -> dict[str, str]:
    """The values of build-details.json."""
    try:
        return flattened(msgspec.json.decode(text)) if text else {}
    except (msgspec.DecodeError, RecursionError) as exc:
        notes.append(f"not gathered: build-details.json: {exc}")
        return {}


def write_description(run: Path, cell: str, found: BuildDescription) -> None:
    """Write what a cell's build is into its directory in the run's."""
    directory = cell_directory(run, cell)
    write_atomically(directory / FACTS, json_records.indented(found.facts))
    if found.pythoninfo:
        write_atomically(directory / PYTHONINFO, found.pythoninfo.encode())


def read_description(run: Path, cell: str) -> BuildDescription | None:
    """What a cell's build is, from the directory of a run; None where that is not there, or is not readable."""
    directory = cell_directory(run, cell)
    try:
        facts = json_records.decode(read_limited(directory / FACTS), BuildFacts)
    except (OSError, UsageError, msgspec.DecodeError):
        return None
    try:
        pythoninfo = read_limited(directory / PYTHONINFO).decode("utf-8", "replace")
    except (OSError, UsageError):
        pythoninfo = ""
    return BuildDescription(facts=facts, pythoninfo=pythoninfo)


def with_build_changes(found: Diff, out: Path) -> Diff:
    """A comparison of cells with what differs in their builds; `out` is the directory of the runs."""
    return msgspec.structs.replace(found, cells=tuple(_with_build_changes(cell, out) for cell in found.cells))


def _with_build_changes(found: CellChanges, out: Path) -> CellChanges:
    sides = (found.before, found.after)
    before, after = (read_description(out / side.run, side.cell) for side in sides)
    if before is not None and after is not None:
        return msgspec.structs.replace(found, build=build_changes(before, after))
    if before is None and after is None:  # runs of an older version, or runs that were removed
        return found
    run = sides[0 if before is None else 1].run
    note = f"what the builds are is not compared: {run} has no readable {FACTS}"
    return msgspec.structs.replace(found, notes=(*found.notes, note))
