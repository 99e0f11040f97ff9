"""From a cell to something that runs: provision its parts, build it, stage what the guest sees."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from harness.build import compiler_cache
from harness.build import execute as building
from harness.build.configure_answers import leave_answers, take_answers
from harness.build.identity import build_machine, check_build_python, configure_digest
from harness.build.recipes import emscripten, layout, native, wasi
from harness.build.stage import stage_build, stage_sources
from harness.build.step import Plan
from harness.build.toolchain import set_up
from harness.guests.adapter import GuestRun
from harness.guests.digest import digest_of_guests
from harness.guests.runtimes.choose import choose_adapter
from harness.guests.settings import GuestSettings, Limits
from harness.machine.hashing import digest_of, file_sha256
from harness.machine.store import Store
from harness.provide.items import items_of
from harness.provide.obtain import Obtained, obtain
from matrix.errors import BuildFailed, MatrixError
from matrix.model import Build
from matrix.resolve import ResolvedCell


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to prepare, from the command line."""

    jobs: int
    build_python: Path | None = None
    """a native Python of the same X.Y that serves as build Python"""
    refresh: bool = False
    """ask the preferred providers again even when a lesser one's result is in the cache"""
    reuse: bool = True
    """take it as known that a build fails as expected, when it did and nothing about it has changed"""


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
    """of all that determines what its tests do (`harness.suite.reuse`)"""
    durations: dict[str, float]
    """seconds of `provision`, `build` and `compile` (by the runtime); what was in the cache took next to none"""


class Preparer:
    """Prepares cells; what cells share is done once. All that it uses of the store is in use as long as that lives."""

    def __init__(
        self,
        store: Store,
        options: Options,
        watcher: building.Watcher,
        say: Callable[[str], None],
    ) -> None:
        self._store = store
        self._options = options
        self._watcher = watcher
        self._say = say
        self._compiler_cache = compiler_cache.find()
        self._obtained: dict[str, Obtained] = {}
        self._failures: dict[str, MatrixError] = {}

    def prepare(self, cell: ResolvedCell, limits: Limits) -> Prepared:
        """Raises Unobtainable, BuildFailed, UsageError, or what the machine raises."""
        started = time.monotonic()
        had = self._provision(cell)
        provisioned = time.monotonic()
        parts = self._build(cell, had)
        finished = time.monotonic()
        runtime = had[cell.runtime.id]
        notes = [f"repaired: {repair.reason}" for repair in cell.repairs]
        notes += [f"{had[port.id].detail} stands in for the port" for port in cell.ports]
        if cell.exclusion is not None:
            notes.append(f"made on demand: {cell.exclusion.reason}")
        settings = self._settings(cell, parts, runtime, limits)
        compiled = time.monotonic()
        runs = choose_adapter(cell.runtime, runtime, cell.runtime_flags)
        if not runs.confines_writes:
            notes.append(f"{cell.runtime.name} does not keep guests from writing to the library that they share")
        if runs.keeps_code and settings.compiled == settings.wasm:
            notes.append(f"{cell.runtime.id} cannot keep compiled code: each guest compiles the module for itself")
        return Prepared(
            cell=cell,
            source=had[cell.build.cpython.id].path,
            sdk=had[cell.build.sdk.id],
            cpython=had[cell.build.cpython.id],
            runtime=runtime,
            notes=tuple(notes),
            settings=settings,
            digest=digest_of_guests(settings, parts.source_digest, runtime.digest),
            durations={
                "provision": round(provisioned - started, 3),
                "build": round(finished - provisioned, 3),
                "compile": round(compiled - finished, 3),
            },
        )

    def build(self, cell: ResolvedCell) -> Path:
        """Build a cell without its runtime; the directory that `python.wasm` is in. Raises as `prepare` does."""
        parts = self._build(cell, self._provision(cell, runtime=False))
        return layout.build_directory(parts.directory, cell.series)

    def is_current(self, cell: ResolvedCell) -> bool:
        """Whether all that a cell needs is in the cache, and no step of its build has to run."""
        wanted = items_of(cell, self._store)
        for providers in wanted.values():
            if all(provider.cached(self._store) is None for provider in providers()):
                return False
        plans = self.plans(cell)
        return not any(map(building.pending_steps, plans)) or self._known_failure(cell, plans) is not None

    def provide(self, cell: ResolvedCell, item: str) -> Obtained:
        """One of the items that a cell needs. Raises Unobtainable, or what the machine raises."""
        providers = items_of(cell, self._store)[item]
        return obtain(item, providers(), self._store, self._say, refresh=self._options.refresh)

    def build_python(self, cell: ResolvedCell) -> None:
        """Make the build Python of a cell. Raises as `prepare` does."""
        _, plans = self._python_plans(cell.build, self.provide(cell, cell.build.cpython.id))
        for each in plans:
            self._execute(each)

    def plans(self, cell: ResolvedCell) -> list[Plan]:
        """The plans of a cell's build, after provisioning it: what `--dry-run` prints."""
        had = self._provision(cell, runtime=False)
        plans, parts, _ = self._plans(cell, had)
        return [*plans, self._library_plan(parts)]

    def steps(self, cell: ResolvedCell) -> list[building.LoggedStep]:
        """What a cell's build consists of and how that went, as far as it got; nothing when parts of it are not there.

        For a reader: nothing is made.
        """
        try:
            plans = self.plans(cell)
        except MatrixError:
            return []
        return [building.logged(plan, step) for plan in plans for step in plan.steps]

    def _provision(self, cell: ResolvedCell, *, runtime: bool = True) -> dict[str, Obtained]:
        """All that the cell needs, by its id; or only what its build needs."""
        wanted = items_of(cell, self._store)
        if not runtime and cell.runtime.id != cell.build.sdk.node:
            del wanted[cell.runtime.id]
        for item, providers in wanted.items():
            if item in self._failures:
                raise self._failures[item]
            if item not in self._obtained:
                try:
                    self._obtained[item] = obtain(
                        item, providers(), self._store, self._say, refresh=self._options.refresh
                    )
                except MatrixError as exc:
                    self._failures[item] = exc
                    raise
        return {item: self._obtained[item] for item in wanted}

    # --- building

    def _work(self, name: str, *marks: str) -> Path:
        directory = self._store.root / "builds" / f"{name}-{digest_of(*marks)[:8]}"
        self._store.use(directory)
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def _identity(self, build: Build, cpython: Obtained) -> str:
        """What work directories are named after: a tree of the user's keeps its own while it changes."""
        return str(cpython.path) if build.cpython.directory else cpython.digest

    def _plans(
        self, cell: ResolvedCell, had: dict[str, Obtained]
    ) -> tuple[list[Plan], layout.Parts, emscripten.Toolchain | None]:
        """The plans that lead to a build, in their order; Emscripten's toolchain when it takes one."""
        build, series, repairs, jobs = cell.build, cell.series, cell.repairs, self._options.jobs
        cpython, sdk = had[build.cpython.id], had[build.sdk.id]
        python, plans = self._python_plans(build, cpython)
        toolchain = self._toolchain(cell, had[cell.node.id], had) if cell.node is not None else None
        sdk_digest = toolchain.digest if toolchain else sdk.digest
        parts = layout.Parts(
            source=cpython.path,
            source_digest=cpython.digest,
            configure_digest=configure_digest(cpython.path),
            entries=tuple(sorted(os.listdir(cpython.path))),
            sdk=sdk.path,
            sdk_digest=sdk_digest,
            python=python,
            build_machine=build_machine(),
            directory=self._work(build.id, self._identity(build, cpython), sdk_digest, str(python)),
        )
        if toolchain is None:
            plans.append(wasi.plan(build, series, repairs, parts, jobs=jobs))
        else:
            plans.append(emscripten.libraries(f"libraries of {build.sdk.id}", build.target, toolchain))
            plans.append(emscripten.plan(build, series, repairs, parts, toolchain, jobs=jobs))
        return plans, parts, toolchain

    def _python_plans(self, build: Build, cpython: Obtained) -> tuple[Path, list[Plan]]:
        """The build Python and the plans that make it."""
        identity, source = self._identity(build, cpython), cpython.path
        plans = []
        if self._options.build_python is not None:
            python = check_build_python(self._options.build_python, build.cpython.series)
        else:
            directory = self._work(f"native_{build.cpython.id}", identity)
            python = directory / "python"
            digests = (cpython.digest, configure_digest(source))
            name = f"native {build.cpython.id}"
            plans.append(native.plan(name, directory, source, *digests, jobs=self._options.jobs))
        return python, plans

    def _toolchain(self, cell: ResolvedCell, node: Obtained, had: dict[str, Obtained]) -> emscripten.Toolchain:
        sdk = had[cell.build.sdk.id]
        ports = [had[port.id].digest for port in cell.ports]
        digest = digest_of(sdk.digest, node.digest, *ports)
        return emscripten.Toolchain(
            sdk=sdk.path,
            digest=digest,
            node=node.path,
            python=os.path.realpath(sys.executable),  # not that of a virtual environment, which comes and goes
            directory=self._work(f"toolchain_{cell.build.sdk.id}", digest),
        )

    def _build(self, cell: ResolvedCell, had: dict[str, Obtained]) -> layout.Parts:
        build, series = cell.build, cell.series
        if build.id in self._failures:
            raise self._failures[build.id]
        try:
            plans, parts, toolchain = self._plans(cell, had)
            if (known := self._known_failure(cell, plans)) is not None:
                raise known
            if toolchain is not None:
                ports = {port.name: had[port.id].path for port in cell.ports}
                set_up(toolchain, ports, self._store)
            cache = layout.build_directory(parts.directory, series) / "config.cache"
            answers = self._store.root / "state" / "configure" / f"{digest_of(*self._asked(cell, parts))}.cache"
            if toolchain is not None:
                with self._store.lock(f"build-{parts.directory.name}", say=self._say):  # that of building.execute
                    building.forget(plans[-1])
                    take_answers(answers, cache)
            for each in plans:
                self._execute(each)
            if toolchain is not None:
                leave_answers(cache, answers)
            with self._store.lock(f"stage-{parts.directory.name}", say=self._say):
                stage_sources(parts)
                self._execute(self._library_plan(parts))
                stage_build(layout.layout_of(build, series), series, parts)
            return parts
        except BuildFailed as exc:
            self._failures[build.id] = exc
            raise

    def _known_failure(self, cell: ResolvedCell, plans: Sequence[Plan]) -> BuildFailed | None:
        """How a build failed as it was expected to, when nothing about it has changed."""
        expected = cell.expected_failure
        if expected is None or not self._options.reuse:
            return None
        pending = next(filter(building.pending_steps, plans), None)
        failure = building.remembered_failure(pending) if pending is not None else None
        return failure if failure is not None and expected.is_shown_by(failure.step, failure.output) else None

    def _execute(self, plan: Plan) -> None:
        building.execute(plan, self._store, self._watcher, say=self._say, cache=self._compiler_cache)

    def _asked(self, cell: ResolvedCell, parts: layout.Parts) -> list[str]:
        """What configure's answers depend on."""
        flags = [flag for repair in cell.repairs for flag in (*repair.cflags, *repair.ldflags, *repair.configure)]
        return [parts.sdk_digest, parts.configure_digest, cell.build.cpython.version, str(cell.build.debug), *flags]

    def _library_plan(self, parts: layout.Parts) -> Plan:
        step = native.bytecode(
            layout.guest_tree(parts.directory), parts.source_digest, parts.python, jobs=self._options.jobs
        )
        return Plan(name=parts.directory.name, directory=parts.directory, steps=(step,))

    # --- running

    def _settings(self, cell: ResolvedCell, parts: layout.Parts, runtime: Obtained, limits: Limits) -> GuestSettings:
        series = cell.series
        guest = layout.layout_of(cell.build, series)
        wasm = layout.build_directory(parts.directory, series) / "python.wasm"
        digest = file_sha256(wasm)
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
            compiled=choose_adapter(cell.runtime, runtime, cell.runtime_flags).compile(run, self._store),
            tree=layout.guest_tree(parts.directory),
            executable=guest.executable,
            build=guest.build,
            platform_library=guest.platform_library,
            python_flags=(*guest.told(layout.guest_tree(parts.directory)), *series.python_flags),
            resources=series.resources,
            verbose=series.verbose,
            fail_env_changed=series.fail_env_changed,
            timeout=series.timeout,
            wasm_stack=series.wasm_stack,
            runtime_flags=cell.runtime_flags,
            limits=limits,
        )
