"""From a cell to something that runs: provision its parts, build it, stage what the guest sees."""

from __future__ import annotations

import os
import platform
import re
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from harness import build as building
from harness import process
from harness.fetch import file_sha256
from harness.providers import Obtained, Provider, obtain
from harness.provision import cpython_providers, runtime_providers, sdk_providers
from harness.recipes import Plan, native, wasi
from harness.runtimes import GuestRun, adapter
from harness.stage import stage_build, stage_sources
from harness.store import Store, digest_of
from harness.suite import GuestSettings, Limits
from matrix.errors import BuildFailed, MatrixError, UsageError
from matrix.model import Build, Cell, ExpectedBuildFailure, Matrix, Series


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to prepare, from the command line."""

    jobs: int
    build_python: Path | None = None
    """a native Python of the same X.Y that serves as build Python"""
    refresh: bool = False
    """ask the preferred providers again even when a lesser one's result is in the cache"""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that can run."""

    cell: Cell
    source: Path
    sdk: Obtained
    cpython: Obtained
    runtime: Obtained
    settings: GuestSettings
    durations: dict[str, float]
    """seconds of `provision` and `build`; what was in the cache took next to none"""


class Preparer:
    """Prepares cells; what cells share is done once."""

    def __init__(
        self,
        matrix: Matrix,
        store: Store,
        options: Options,
        watcher: building.Watcher,
        say: Callable[[str], None],
    ) -> None:
        self._matrix = matrix
        self._store = store
        self._options = options
        self._watcher = watcher
        self._say = say
        self._obtained: dict[str, Obtained] = {}
        self._failures: dict[str, MatrixError] = {}

    def prepare(self, cell: Cell, limits: Limits) -> Prepared:
        """Raises Unobtainable, BuildFailed, UsageError, or what the machine raises."""
        started = time.monotonic()
        sdk, cpython, runtime = self._provision(cell)
        provisioned = time.monotonic()
        series = self._series(cell.build)
        built = self._build(cell.build, series, sdk, cpython)
        finished = time.monotonic()
        settings = self._settings(cell, series, built, runtime, limits)
        return Prepared(
            cell=cell,
            source=cpython.path,
            sdk=sdk,
            cpython=cpython,
            runtime=runtime,
            settings=settings,
            durations={
                "provision": round(provisioned - started, 3),
                "build": round(finished - provisioned, 3),
            },
        )

    def expected_failure(self, build: Build) -> ExpectedBuildFailure | None:
        return self._matrix.expected_failure_of(build)

    def plans(self, cell: Cell) -> list[Plan]:
        """The plans of a cell's build, after provisioning it: what `--dry-run` prints."""
        sdk, cpython, _ = self._provision(cell)
        series = self._series(cell.build)
        python, plans = self._python_plans(cell.build, cpython)
        plan, parts = self._wasi_plan(cell.build, series, sdk, cpython, python)
        return [*plans, plan, self._library_plan(parts)]

    def _series(self, build: Build) -> Series:
        series = self._matrix.series_of(build.cpython)
        if series is None:
            raise UsageError(f"no series in cpythons.toml covers CPython {build.cpython.version}")
        return series

    def _provision(self, cell: Cell) -> tuple[Obtained, Obtained, Obtained]:
        build, store, say, refresh = cell.build, self._store, self._say, self._options.refresh
        wanted: dict[str, Callable[[], list[Provider]]] = {
            build.sdk.id: lambda: sdk_providers(build.sdk),
            build.cpython.id: lambda: cpython_providers(build.cpython),
            cell.runtime.id: lambda: runtime_providers(cell.runtime, store),
        }
        for item, providers in wanted.items():
            if item in self._failures:
                raise self._failures[item]
            if item not in self._obtained:
                try:
                    self._obtained[item] = obtain(item, providers(), store, say, refresh=refresh)
                except MatrixError as exc:
                    self._failures[item] = exc
                    raise
        return self._obtained[build.sdk.id], self._obtained[build.cpython.id], self._obtained[cell.runtime.id]

    # --- building

    def _work(self, name: str, *marks: str) -> Path:
        directory = self._store.root / "builds" / f"{name}-{digest_of(*marks)[:8]}"
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def _identity(self, build: Build, cpython: Obtained) -> str:
        """What work directories are named after: a tree of the user's keeps its own while it changes."""
        return str(cpython.path) if build.cpython.directory else cpython.digest

    def _python_plans(self, build: Build, cpython: Obtained) -> tuple[Path, list[Plan]]:
        """The build Python and the plans that make it."""
        identity, source = self._identity(build, cpython), cpython.path
        directory = self._work(f"native_{build.cpython.id}", identity)
        plans = []
        if self._options.build_python is not None:
            python = check_build_python(self._options.build_python, build.cpython.series)
        else:
            python = directory / "python"
            digests = (cpython.digest, configure_digest(source))
            name = f"native {build.cpython.id}"
            plans.append(native.plan(name, directory, source, *digests, jobs=self._options.jobs))
        return python, plans

    def _wasi_plan(
        self, build: Build, series: Series, sdk: Obtained, cpython: Obtained, python: Path
    ) -> tuple[Plan, wasi.Parts]:
        directory = self._work(build.id, self._identity(build, cpython), sdk.digest, str(python))
        parts = wasi.Parts(
            source=cpython.path,
            source_digest=cpython.digest,
            configure_digest=configure_digest(cpython.path),
            entries=tuple(sorted(os.listdir(cpython.path))),
            sdk=sdk.path,
            sdk_digest=sdk.digest,
            python=python,
            build_machine=build_machine(),
            directory=directory,
        )
        repairs = self._matrix.repairs_of(build)
        return wasi.plan(build, series, repairs, parts, jobs=self._options.jobs), parts

    def _build(self, build: Build, series: Series, sdk: Obtained, cpython: Obtained) -> wasi.Parts:
        if build.id in self._failures:
            raise self._failures[build.id]
        try:
            python, plans = self._python_plans(build, cpython)
            plan, parts = self._wasi_plan(build, series, sdk, cpython, python)
            for each in (*plans, plan):
                building.execute(each, self._store, self._watcher, say=self._say)
            with self._store.lock(f"stage-{parts.directory.name}", say=self._say):
                stage_sources(parts)
                building.execute(self._library_plan(parts), self._store, self._watcher, say=self._say)
                stage_build(wasi.layout_of(build, series), series, parts)
            return parts
        except BuildFailed as exc:
            self._failures[build.id] = exc
            raise

    def _library_plan(self, parts: wasi.Parts) -> Plan:
        step = native.bytecode(
            wasi.guest_tree(parts.directory), parts.source_digest, parts.python, jobs=self._options.jobs
        )
        return Plan(name=parts.directory.name, directory=parts.directory, steps=(step,))

    # --- running

    def _settings(
        self, cell: Cell, series: Series, parts: wasi.Parts, runtime: Obtained, limits: Limits
    ) -> GuestSettings:
        layout = wasi.layout_of(cell.build, series)
        wasm = wasi.build_directory(parts.directory, series) / "python.wasm"
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
            compiled=adapter(cell.runtime, runtime).compile(run, self._store),
            tree=wasi.guest_tree(parts.directory),
            executable=layout.executable,
            build=layout.build,
            platform_library=layout.platform_library,
            python_flags=series.python_flags,
            resources=series.resources,
            verbose=series.verbose,
            fail_env_changed=series.fail_env_changed,
            timeout=series.timeout,
            wasm_stack=series.wasm_stack,
            limits=limits,
        )


def configure_digest(source: Path) -> str:
    """A digest of what configure reads of a source tree, by content."""
    names = ["configure", "pyconfig.h.in", "Makefile.pre.in", "config.sub", "config.guess"]
    paths = [source / name for name in names]
    paths += sorted((source / "Modules").glob("Setup*"))
    paths += sorted((source / "Tools/wasm").glob("config.site*"))
    return digest_of(*(f"{path.name} {file_sha256(path)}" for path in paths if path.is_file()))


def build_machine() -> str:
    """configure's `--build`: what this machine is, as the running Python was configured."""
    found = sysconfig.get_config_var("BUILD_GNU_TYPE")
    return str(found) if found else f"{platform.machine()}-pc-linux-gnu"


def check_build_python(path: Path, series: str) -> Path:
    """The build Python that was named. Raises UsageError when it is none, or of another series."""
    try:
        said = process.capture([str(path), "--version"], timeout=60)
    except Exception as exc:
        raise UsageError(f"--build-python {path} does not run: {exc}") from None
    found = re.match(r"Python (\d+\.\d+)", said)
    if found is None or found[1] != series:
        raise UsageError(
            f"--build-python {path} is {said.strip()}, but CPython {series} wants a build Python of the same series"
        )
    return path.absolute()
