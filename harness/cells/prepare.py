"""From a cell to something that runs: obtain its items, have it built, settle how its guests are started."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import msgspec
from packaging.version import Version

from harness.build import manifest
from harness.build.builder import Builder, Input, Inputs
from harness.build.functions import functions_of
from harness.build.making import Making
from harness.build.recipes import layout
from harness.build.stage import built_library
from harness.build.stamps import LoggedStep
from harness.build.step import BuildPlan
from harness.build.suite_defaults import suite_defaults
from harness.build.tree import build_files, fitted, pins_of
from harness.build.watcher import Watcher
from harness.cells.libraries import FoundLibrary, obtain_libraries
from harness.cells.wanted import completed, is_version
from harness.guests.adapter import Adapter, GuestRun
from harness.guests.digest import digest_of_marks, marks_of_guests, program_digest
from harness.guests.runtimes.choose import choose_adapter
from harness.guests.settings import GuestSettings, Limits
from harness.machine.branches import Branches
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from harness.provide.items import items_of
from harness.provide.obtain import obtain
from harness.provide.provider import Obtained, Provider
from matrix import json_records
from matrix.errors import MatrixError
from matrix.model import RuntimeKind
from matrix.resolve import ResolvedCell

_FUNCTIONS = Version("3.13")
"""from which on guests see which functions ran"""


class PrepareOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to prepare cells, from the command line."""

    jobs: int
    """how much make may do at once"""
    build_python: Path | None = None
    """a native Python of the same X.Y that serves as build Python"""
    refresh: bool = False
    """ask the preferred providers again even when the cache has a result of another one"""
    reuse: bool = True
    """do not repeat a build that failed as expected when nothing about it has changed"""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that can run."""

    cell: ResolvedCell
    source: Path
    sdk: Obtained
    cpython: Obtained
    runtime: Obtained
    notes: tuple[str, ...]
    """what a reader of its results should know"""
    settings: GuestSettings
    digest: str
    """of everything that determines what its tests do (`harness.guests.digest`)"""
    marks: dict[str, str] = {}
    """the digest of each part of that, by the part's name"""
    contents: manifest.Contents = manifest.Contents({})
    """what the tree has that guests see"""
    tree_mark: str
    """of the tree that guests see, as it was laid out (`harness.build.manifest`)"""
    durations: dict[str, float]
    """seconds of `provision`, `build` and `compile` (by the runtime); next to none for what was in the cache"""


class Preparer:
    """Prepares cells; what they share is obtained and built once.

    Everything that it takes from the store stays in use for the store's lifetime.
    """

    def __init__(self, store: Store, options: PrepareOptions, watcher: Watcher, say: Callable[[str], None]) -> None:
        self._store = store
        self._refresh = options.refresh
        self._say = say
        self._builder = Builder(
            store,
            watcher,
            say,
            jobs=options.jobs,
            build_python=options.build_python,
            trust_failures=options.reuse,
        )
        self._obtained: dict[str, Obtained] = {}
        self._linked: dict[str, tuple[FoundLibrary, ...]] = {}
        self._failures: dict[str, MatrixError] = {}

    def prepare(self, cell: ResolvedCell, limits: Limits) -> Prepared:
        """Make a cell ready to run. Raises Unobtainable, BuildFailed, UsageError, or what the machine raises."""
        started = time.monotonic()
        with Branches() as branches:
            obtaining = self._start(cell, branches)
            making = self._making(cell, obtaining, branches)
            obtained = self._collected(obtaining)
            runtime = obtained[cell.runtime.id]
            adapter = choose_adapter(cell.runtime, runtime, cell.runtime_flags)
            adapter.try_out(self._store, runtime.digest)
            cell = _fitted(cell, obtained)
            libraries = self._libraries(cell, obtained)
            source = obtained[cell.build.cpython.id].path
            upstream = suite_defaults(cell.series, source)
            cell = msgspec.structs.replace(cell, series=upstream.series)
            provisioned = time.monotonic()
            parts = self._builder.build(cell, _inputs(cell, obtained, libraries), making)
        built = time.monotonic()
        settings = self._settings(cell, parts, adapter, limits)
        compiled = time.monotonic()
        called = digest_of(runtime.digest, *_command_line(cell))
        contents = manifest.contents(settings.tree)
        if Version(cell.build.cpython.series) >= _FUNCTIONS:
            functions = functions_of(settings.tree, contents.code, parts.python)
            contents = msgspec.structs.replace(contents, functions=functions)
        marks = marks_of_guests(settings, contents.files, runtime=called)
        return Prepared(
            cell=cell,
            source=source,
            sdk=obtained[cell.build.sdk.id],
            cpython=obtained[cell.build.cpython.id],
            runtime=runtime,
            notes=(*_notes(cell, obtained, libraries, adapter, settings), *upstream.notes),
            settings=settings,
            digest=digest_of_marks(marks),
            marks=marks,
            contents=contents,
            tree_mark=manifest.mark(settings.tree),
            durations={
                "provision": round(provisioned - started, 3),
                "build": round(built - provisioned, 3),
                "compile": round(compiled - built, 3),
            },
        )

    def build(self, cell: ResolvedCell) -> Path:
        """Build a cell without its runtime; returns the directory with `python.wasm`. Raises as `prepare` does."""
        with Branches() as branches:
            obtaining = self._start(cell, branches, runtime=False)
            making = self._making(cell, obtaining, branches)
            cell, inputs = self._fitted_inputs(cell, self._collected(obtaining))
            parts = self._builder.build(cell, inputs, making)
        return layout.build_directory(parts.directory, cell.series)

    def build_python(self, cell: ResolvedCell) -> None:
        """Make the build Python of a cell. Raises as `prepare` does."""
        self._builder.make_build_python(cell.build, _input(self.provide(cell, cell.build.cpython.id)))

    def is_current(self, cell: ResolvedCell) -> bool:
        """Whether the cache has everything that a cell needs, and no step of its build has to run."""
        for providers in items_of(cell, self._store).values():
            if all(provider.cached(self._store) is None for provider in providers()):
                return False
        return self._builder.is_current(*self._build_inputs(cell))

    def plans(self, cell: ResolvedCell) -> tuple[BuildPlan, ...]:
        """The plans of a cell's build, after provisioning it: what `--dry-run` prints."""
        return self._builder.plan(*self._build_inputs(cell)).plans

    def steps(self, cell: ResolvedCell) -> list[LoggedStep]:
        """The steps of a cell's build, with the logs and times of those that ran. Builds nothing.

        The list is empty when an item that the build needs is missing.
        """
        try:
            return self._builder.logged_steps(*self._build_inputs(cell))
        except MatrixError:
            return []

    # --- obtaining

    def provide(self, cell: ResolvedCell, item: str) -> Obtained:
        """One of the items that a cell needs. Raises Unobtainable, or what the machine raises."""
        providers = items_of(cell, self._store)[item]
        return obtain(item, providers(), self._store, self._say, refresh=self._refresh)

    def _build_inputs(self, cell: ResolvedCell) -> tuple[ResolvedCell, Inputs]:
        """A cell fitted to its tree, and what its build is made from."""
        with Branches() as branches:
            obtained = self._collected(self._start(cell, branches, runtime=False))
        return self._fitted_inputs(cell, obtained)

    def _fitted_inputs(self, cell: ResolvedCell, obtained: dict[str, Obtained]) -> tuple[ResolvedCell, Inputs]:
        cell = _fitted(cell, obtained)
        return cell, _inputs(cell, obtained, self._libraries(cell, obtained))

    def _libraries(self, cell: ResolvedCell, obtained: dict[str, Obtained]) -> tuple[FoundLibrary, ...]:
        """The libraries that a fitted cell's CPython is linked with. Each is looked for once by a preparer."""
        source = obtained[cell.build.cpython.id].path
        key = f"libraries of {cell.build.cpython.id}: {cell.series.libraries}"
        if key not in self._linked:
            if (failure := self._failures.get(key)) is not None:
                raise failure
            try:
                self._linked[key] = obtain_libraries(cell, source, self._store, self._say, refresh=self._refresh)
            except MatrixError as exc:
                self._failures[key] = exc
                raise
        return self._linked[key]

    def _start(self, cell: ResolvedCell, branches: Branches, *, runtime: bool = True) -> dict[str, Future[Obtained]]:
        """Begin to obtain, side by side, every item that a cell needs but libraries, by its id.

        Without `runtime`, those that its build needs. Raises what was raised for one of them before.
        """
        items = items_of(cell, self._store)
        wanted = {item: providers for item, providers in items.items() if item not in cell.series.libraries}
        if not runtime and cell.runtime != cell.node:
            del wanted[cell.runtime.id]
        for item in wanted:
            if item in self._failures:
                raise self._failures[item]
        return {item: self._future(item, providers, branches) for item, providers in wanted.items()}

    def _future(self, item: str, providers: Callable[[], list[Provider]], branches: Branches) -> Future[Obtained]:
        if item not in self._obtained:
            return branches.start(lambda: obtain(item, providers(), self._store, self._say, refresh=self._refresh))
        known: Future[Obtained] = Future()
        known.set_result(self._obtained[item])
        return known

    def _collected(self, obtaining: dict[str, Future[Obtained]]) -> dict[str, Obtained]:
        """The items, once all are there. Raises what was raised for the first of them that is not."""
        for item, future in obtaining.items():
            try:
                self._obtained[item] = future.result()
            except MatrixError as exc:
                self._failures[item] = exc
                raise
        return {item: self._obtained[item] for item in obtaining}

    def _making(self, cell: ResolvedCell, obtaining: dict[str, Future[Obtained]], branches: Branches) -> Making | None:
        """The cell's build Python, which is made as soon as its sources are there."""
        obtained = obtaining[cell.build.cpython.id]

        def sources() -> Input:
            found = obtained.result()
            build_files(fitted(cell.series, found.path), found.path)  # a tree that lacks some is refused before that
            return _input(found)

        return self._builder.making(branches, cell, sources)

    # --- running

    def _settings(self, cell: ResolvedCell, parts: layout.Parts, adapter: Adapter, limits: Limits) -> GuestSettings:
        series = cell.series
        guest = layout.layout_of(cell.build, series)
        work = layout.build_directory(parts.directory, series)
        wasm = work / "python.wasm"
        digest = program_digest(wasm)
        run = GuestRun(
            wasm=wasm,
            wasm_digest=digest,
            argv=(),
            env={},
            preopens=(),
            wasm_stack=series.wasm_stack,
            memory_limit=limits.memory,
        )
        return GuestSettings(
            wasm=wasm,
            wasm_digest=digest,
            compiled=adapter.compile(run, self._store),
            tree=layout.guest_tree(parts.directory),
            executable=guest.executable,
            build=guest.build,
            sees_tree=not guest.reduced,
            platform_library=guest.platform_library(built_library(work)),
            python_flags=(*guest.told(layout.guest_tree(parts.directory)), *series.python_flags),
            resources=series.resources,
            verbose=series.verbose,
            fail_env_changed=series.fail_env_changed,
            timeout=series.timeout,
            wasm_stack=series.wasm_stack,
            runtime_flags=cell.runtime_flags,
            limits=limits,
        )


def _fitted(cell: ResolvedCell, obtained: dict[str, Obtained]) -> ResolvedCell:
    """A cell with what its tree itself says of builds: the tree is obtained by now."""
    return msgspec.structs.replace(cell, series=fitted(cell.series, obtained[cell.build.cpython.id].path))


def _inputs(cell: ResolvedCell, obtained: dict[str, Obtained], libraries: tuple[FoundLibrary, ...]) -> Inputs:
    """What the builder is given of the obtained items."""
    return Inputs(
        cpython=_input(obtained[cell.build.cpython.id]),
        sdk=_input(obtained[cell.build.sdk.id]),
        node=_input(obtained[cell.node.id]) if cell.node is not None else None,
        ports={port.name: _input(obtained[port.id]) for port in cell.ports},
        libraries={
            one.name: Input(path=one.obtained.path, digest=one.obtained.digest, version=one.version)
            for one in libraries
        },
    )


def _input(obtained: Obtained) -> Input:
    return Input(path=obtained.path, digest=obtained.digest, make_digest=obtained.make_digest)


def _command_line(cell: ResolvedCell) -> tuple[str, ...]:
    """How the runtime is called and what it is not to have, where its row says so: that decides outcomes, too."""
    line = cell.runtime.command or cell.runtime.browser
    return (json_records.encode(line).decode(), *cell.runtime.without) if line is not None else ()


def _notes(
    cell: ResolvedCell,
    obtained: dict[str, Obtained],
    libraries: tuple[FoundLibrary, ...],
    adapter: Adapter,
    settings: GuestSettings,
) -> tuple[str, ...]:
    """What a reader of a cell's results should know."""
    version = cell.build.cpython.version
    notes = []
    if not cell.series.cpython.matches("cpython", version):
        notes.append(f"CPython {version} is newer than every series: it is built and run as {cell.series.cpython}")
    family = cell.build.sdk.family
    asked = completed(pins_of(obtained[cell.build.cpython.id].path, family), cell.series)
    if asked.sdk and not is_version(cell.build.sdk.version, asked.sdk):
        notes.append(f"CPython {version} asks for {family} {asked.sdk}: {cell.build.sdk.id} stands in")
    if asked.node and cell.runtime.kind is RuntimeKind.NODE and not is_version(cell.runtime.version, asked.node):
        notes.append(f"CPython {version} asks for Node {asked.node}: it runs under {cell.runtime.id}")
    notes += [f"repaired: {repair.reason}" for repair in cell.repairs]
    notes += [f"{obtained[port.id].detail} stands in for the port" for port in cell.ports]
    notes += [one.note(version) for one in libraries]
    if cell.exclusion is not None:
        notes.append(f"made on demand: {cell.exclusion.reason}")
    if not adapter.confines_writes:
        notes.append(f"{cell.runtime.name} does not keep guests from writing to the library that they share")
    notes += adapter.shortcomings
    if adapter.keeps_code and settings.compiled == settings.wasm:
        notes.append(f"{cell.runtime.id} cannot keep compiled code: each guest compiles the module for itself")
    return tuple(notes)
