"""From obtained inputs to a build: plans its steps, executes them and lays out what guests see."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from harness.build import compiler_cache, manifest
from harness.build.configure_answers import answers_path, leave_answers, take_answers
from harness.build.execute import execute, nothing, remembered_failure, work_lock
from harness.build.identity import build_machine, check_build_python, configure_digest
from harness.build.linked import lay_out, linked_library
from harness.build.making import Making
from harness.build.recipes import emscripten, layout, native, wasi
from harness.build.recipes import libraries as linked_libraries
from harness.build.recipes.libraries import LinkedLibrary
from harness.build.stage import discard_changed, stage_build, stage_sources
from harness.build.stamps import LoggedStep, logged, pending_steps, reset_pending
from harness.build.step import BuildPlan, Step
from harness.build.toolchain import PRE_JS, set_up
from harness.build.tree import BuildFiles, build_files
from harness.build.watcher import Watcher
from harness.machine.branches import Branches
from harness.machine.hashing import digest_of, file_sha256
from harness.machine.store import Store
from matrix.errors import BuildFailed
from matrix.model import Build
from matrix.resolve import ResolvedCell
from matrix.text import some_of


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a build is made from."""

    path: Path
    digest: str
    """identifies the content"""
    make_digest: str = ""
    """identifies that part of a source tree which `make` may read; "" where it is not known"""
    version: str = ""
    """where a reader of the build's directories should see it"""

    @property
    def made_from(self) -> str:
        """Identifies all that `make` may read."""
        return self.make_digest or self.digest


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a build is made from."""

    cpython: Input
    sdk: Input
    node: Input | None = None
    """the Node that runs Emscripten itself"""
    ports: Mapping[str, Input] = {}
    """the sources of Emscripten's ports, by the port's name"""
    libraries: Mapping[str, Input] = {}
    """the sources of the libraries that CPython is linked with, by the library's name"""


class PlannedBuild(msgspec.Struct, frozen=True, kw_only=True):
    """All that has to be executed for one build, in order."""

    parts: layout.Parts
    toolchain: emscripten.Toolchain | None
    build_python: BuildPlan | None
    """None when a build Python was given"""
    libraries: BuildPlan | None
    """the SDK's own libraries, which Emscripten compiles on demand"""
    linked: tuple[LinkedLibrary, ...] = ()
    linked_plans: tuple[BuildPlan, ...] = ()
    """of the libraries that CPython is linked with besides"""
    build: BuildPlan
    byte_code: BuildPlan
    """of the library that guests see; runs after the sources are staged"""

    @property
    def compiling(self) -> tuple[BuildPlan, ...]:
        """The plans that lead to the program."""
        plans = (self.build_python, self.libraries, *self.linked_plans, self.build)
        return tuple(plan for plan in plans if plan is not None)

    @property
    def plans(self) -> tuple[BuildPlan, ...]:
        return (*self.compiling, self.byte_code)


class Builder:
    """Makes builds. A build that failed is not tried again by the same builder."""

    def __init__(
        self,
        store: Store,
        watcher: Watcher,
        say: Callable[[str], None],
        *,
        jobs: int,
        build_python: Path | None = None,
        trust_failures: bool = True,
    ) -> None:
        """`build_python` is used instead of making one; `trust_failures` allows for `known_failure`."""
        self._store = store
        self._watcher = watcher
        self._say = say
        self._jobs = jobs
        self._build_python = build_python
        self._trust_failures = trust_failures
        self._compiler_cache = compiler_cache.find()
        self._failures: dict[str, BuildFailed] = {}

    def build(self, cell: ResolvedCell, inputs: Inputs, making: Making | None = None) -> layout.Parts:
        """Make a cell's build, as far as it is not current, and the tree that its guests see.

        `making` is its build Python, where a branch makes that. Raises BuildFailed, or Unobtainable when the toolchain
        does not take the ports.
        """
        if (failure := self._failures.get(cell.build.id)) is not None:
            raise failure
        try:
            planned = self.plan(cell, inputs)
            if (known := self.known_failure(cell, planned)) is not None:
                raise known
            self._compile(cell, inputs, planned, making)
            self._stage(cell, planned)
        except BuildFailed as exc:
            self._failures[cell.build.id] = exc
            raise
        return planned.parts

    def make_build_python(self, build: Build, cpython: Input, after: Callable[[Step], None] = nothing) -> None:
        """Make the build Python of a build, unless one was given. `after` is called after each step.

        Raises BuildFailed.
        """
        _, plan = self._plan_build_python(build, cpython)
        if plan is not None:
            self._execute(plan, after=after)

    def making(self, branches: Branches, cell: ResolvedCell, cpython: Callable[[], Input]) -> Making | None:
        """Have a branch make a cell's build Python as soon as `cpython` returns its sources, for `build`.

        None where `build` does that itself, step after step: with one job, or where it may know that this fails.
        """
        failed = cell.expected_failure is not None or cell.build.id in self._failures
        if self._build_python is not None or self._jobs == 1 or failed:
            return None
        return Making(branches, lambda after: self.make_build_python(cell.build, cpython(), after))

    def is_current(self, cell: ResolvedCell, inputs: Inputs) -> bool:
        """Whether `build` would run no step."""
        planned = self.plan(cell, inputs)
        return not any(map(pending_steps, planned.plans)) or self.known_failure(cell, planned) is not None

    def known_failure(self, cell: ResolvedCell, planned: PlannedBuild) -> BuildFailed | None:
        """The failure that is expected of a build, when it was seen before and nothing has changed since."""
        expected = cell.expected_failure
        if expected is None or not self._trust_failures:
            return None
        pending = next(filter(pending_steps, planned.plans), None)
        failure = remembered_failure(pending) if pending is not None else None
        return failure if failure is not None and expected.is_shown_by(failure.step, failure.output) else None

    def logged_steps(self, cell: ResolvedCell, inputs: Inputs) -> list[LoggedStep]:
        """The steps of a cell's build, with the logs and times of those that ran. Runs nothing."""
        return [logged(plan, step) for plan in self.plan(cell, inputs).plans for step in plan.steps]

    # --- planning

    def plan(self, cell: ResolvedCell, inputs: Inputs) -> PlannedBuild:
        """Plan a cell's build; creates its work directories. Raises UsageError for an unsuitable build Python."""
        build, series, cpython = cell.build, cell.series, inputs.cpython
        python, build_python = self._plan_build_python(build, cpython)
        toolchain = self._toolchain(build, inputs, inputs.node) if inputs.node is not None else None
        sdk_digest = toolchain.digest if toolchain else inputs.sdk.digest
        marks = (_identity(build, cpython), sdk_digest, str(python))
        files = build_files(series, cpython.path)
        linked = _linked(inputs, toolchain, files)
        parts = layout.Parts(
            source=cpython.path,
            source_digest=cpython.digest,
            make_digest=cpython.made_from,
            configure_digest=configure_digest(cpython.path),
            entries=tuple(sorted(os.listdir(cpython.path))),
            sdk=inputs.sdk.path,
            sdk_digest=sdk_digest,
            pre_js_digest=digest_of(*(file_sha256(PRE_JS / name) for row in cell.repairs for name in row.pre_js)),
            linked=tuple(layout.LinkedVariables(digest=one.digest, variables=one.variables) for one in linked),
            files=files,
            python=python,
            build_machine=build_machine(),
            directory=self._work_directory(_work_name(build), *marks, *(library.digest for library in linked)),
        )
        libraries = None
        linked_plans: tuple[BuildPlan, ...] = ()
        if toolchain is None:
            plan = wasi.plan(build, series, cell.repairs, parts, jobs=self._jobs)
        else:
            libraries = emscripten.libraries(f"libraries of {build.sdk.id}", build.target, series, toolchain)
            linked_plans = tuple(linked_libraries.plan(library, toolchain) for library in linked)
            plan = emscripten.plan(build, series, cell.repairs, parts, toolchain, jobs=self._jobs)
        return PlannedBuild(
            parts=parts,
            toolchain=toolchain,
            build_python=build_python,
            libraries=libraries,
            linked=linked,
            linked_plans=linked_plans,
            build=plan,
            byte_code=self._plan_byte_code(parts),
        )

    def _plan_build_python(self, build: Build, cpython: Input) -> tuple[Path, BuildPlan | None]:
        """The path of the build Python, and the plan that makes it; None when one was given."""
        if self._build_python is not None:
            return check_build_python(self._build_python, build.cpython.series), None
        # Another harness that shares the cache may configure or make it otherwise, while our make runs it.
        recipe = digest_of(*native.CONFIGURE, native.INTERPRETER, native.MODULES)
        directory = self._work_directory(f"native_{_tree_name(build)}", _identity(build, cpython), recipe)
        digests = (cpython.made_from, configure_digest(cpython.path))
        plan = native.plan(f"native {build.cpython.id}", directory, cpython.path, *digests, jobs=self._jobs)
        return directory / "python", plan

    def _plan_byte_code(self, parts: layout.Parts) -> BuildPlan:
        tree = layout.guest_tree(parts.directory)
        step = native.bytecode(tree, parts.source_digest, parts.python, jobs=self._jobs)
        return BuildPlan(name=parts.directory.name, directory=parts.directory, steps=(step,))

    def _toolchain(self, build: Build, inputs: Inputs, node: Input) -> emscripten.Toolchain:
        digest = digest_of(inputs.sdk.digest, node.digest, *(port.digest for port in inputs.ports.values()))
        return emscripten.Toolchain(
            sdk=inputs.sdk.path,
            digest=digest,
            node=node.path,
            python=os.path.realpath(sys.executable),  # not that of a virtual environment, which may be removed
            directory=self._work_directory(f"toolchain_{build.sdk.id}", digest),
        )

    def _work_directory(self, name: str, *marks: str) -> Path:
        directory = self._store.root / "builds" / f"{name}-{digest_of(*marks)[:8]}"
        self._store.use(directory)
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    # --- executing

    def _compile(self, cell: ResolvedCell, inputs: Inputs, planned: PlannedBuild, making: Making | None) -> None:
        if planned.toolchain is not None:
            set_up(planned.toolchain, {name: port.path for name, port in inputs.ports.items()}, self._store)
            lay_out(planned.linked)
        cache = layout.build_directory(planned.parts.directory, cell.series) / "config.cache"
        answers = answers_path(cell, planned.parts, self._store)
        with work_lock(planned.build, self._store, self._say):
            reset_pending(planned.build)  # first: it removes the answers of a configure that has changed
            take_answers(answers, cache)
        if making is None:
            for plan in planned.compiling:
                self._execute(plan)
        else:
            self._execute_beside(making, planned)
        leave_answers(cache, answers)

    def _execute_beside(self, making: Making, planned: PlannedBuild) -> None:
        """Execute what leads to the program, beside the branch that makes the build Python."""

        def wait(step: Step) -> None:
            if step.needs:
                making.wait_for(step.needs)

        try:
            for plan in planned.compiling:
                if plan is not planned.build_python:
                    self._execute(plan, before=wait)
        except BuildFailed:
            with contextlib.suppress(BuildFailed):
                making.finish()  # so that the next run has only the failed step to try
            raise
        making.finish()

    def _stage(self, cell: ResolvedCell, planned: PlannedBuild) -> None:
        parts = planned.parts
        tree = layout.guest_tree(parts.directory)
        with self._store.lock(f"stage-{parts.directory.name}", say=self._say):
            if found := discard_changed(parts):
                self._say(f"{cell.build.id}: made again in the guests' tree, since changed: {some_of(found, 3)}")
            stage_sources(parts)
            if pending_steps(planned.byte_code):
                manifest.forget(tree)
            self._execute(planned.byte_code)
            stage_build(layout.layout_of(cell.build, cell.series), cell.series, parts)
            if not manifest.mark(tree):
                manifest.record(tree)

    def _execute(
        self,
        plan: BuildPlan,
        *,
        before: Callable[[Step], None] = nothing,
        after: Callable[[Step], None] = nothing,
    ) -> None:
        execute(plan, self._store, self._watcher, say=self._say, cache=self._compiler_cache, before=before, after=after)


def _linked(inputs: Inputs, toolchain: emscripten.Toolchain | None, files: BuildFiles) -> tuple[LinkedLibrary, ...]:
    """The libraries that CPython is linked with; upstream has a script only for libffi."""
    if toolchain is None:
        return ()
    scripts = {"libffi": inputs.cpython.path / files.libffi_script} if files.libffi_script else {}
    return tuple(
        linked_library(name, one.version, one.path, one.digest, toolchain, scripts.get(name))
        for name, one in inputs.libraries.items()
    )


def _tree_name(build: Build) -> str:
    """The CPython in the name of a work directory: trees with the same sources share it, and a tree that changes."""
    return f"cpython-{build.cpython.series}-tree" if build.cpython.directory else build.cpython.id


def _work_name(build: Build) -> str:
    """A build in the name of its work directory."""
    name = f"{build.target.id}_{build.sdk.id}_{_tree_name(build)}"
    return name + (f"_{build.options}" if build.debug else "")


def _identity(build: Build, cpython: Input) -> str:
    """What work directories are named after: the path of a user's tree, which keeps its own while it changes."""
    return str(cpython.path) if build.cpython.directory else cpython.digest
