"""What a builder plans, and when it does not build because it knows that the build fails. Nothing is executed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build import builder as building
from harness.build.builder import Builder, Input, Inputs
from harness.build.recipes import native
from harness.build.recipes.layout import build_directory
from harness.build.stamps import log_path, note_failure, pending_steps
from harness.build.watcher import Silent
from harness.machine.store import Store
from matrix.conditions import Condition
from matrix.errors import BuildFailed
from matrix.model import CPython
from matrix.resolve import ResolvedCell
from matrix.rules import ExpectedBuildFailure
from tests.unit import made

CELL = made.resolved()
EXPECTED = ExpectedBuildFailure(when=Condition(), step="native-link", message="no such header", reason="too old")
FAILING = replace(CELL, expected_failure=EXPECTED)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.mkdir()
    (path / "configure").write_text("#!/bin/sh\n")
    (path / "Include").mkdir()
    (path / "Include/patchlevel.h").write_text("")
    (path / "Tools/wasm").mkdir(parents=True)
    for platform in ("wasi", "emscripten"):
        (path / f"Tools/wasm/config.site-wasm32-{platform}").write_text("")
    return path


@pytest.fixture
def inputs(source: Path) -> Inputs:
    return Inputs(
        cpython=Input(path=source, digest="the sources"), sdk=Input(path=Path("/nowhere/sdk"), digest="the SDK")
    )


def builder(tmp_path: Path, *, trust_failures: bool = True) -> Builder:
    return Builder(Store(tmp_path / "cache"), Silent(), print, jobs=2, trust_failures=trust_failures)


def fail(cell: ResolvedCell, inputs: Inputs, made_by: Builder, output: str) -> None:
    """Let the first step of a build have failed."""
    plan = made_by.plan(cell, inputs).plans[0]
    step = pending_steps(plan)[0]
    log_path(plan, step).parent.mkdir(parents=True)
    log_path(plan, step).write_text(output)
    note_failure(plan, step)


# --- plans


@pytest.mark.parametrize("debug", [False, True])
def test_a_tree_keeps_its_work_directories_whatever_it_is_called_and_at(
    tmp_path: Path, inputs: Inputs, *, debug: bool
) -> None:
    def directories(cpython: CPython) -> list[Path]:
        cell = replace(CELL, build=replace(CELL.build, cpython=cpython, debug=debug))
        return [plan.directory for plan in builder(tmp_path).plan(cell, inputs).plans]

    first = directories(CPython(version="3.13.0a4", directory=tmp_path / "one"))
    assert first == directories(CPython(version="3.13.0a5", directory=tmp_path / "other", commit="1b8858023b"))
    assert first != directories(CPython(version="3.14.0a1", directory=tmp_path / "one"))
    assert first != directories(CPython(version="3.13.0"))
    other_tree = replace(inputs, cpython=replace(inputs.cpython, path=tmp_path))
    (tmp_path / "configure").write_text("")
    for folder in ("Include", "Tools"):
        shutil.copytree(inputs.cpython.path / folder, tmp_path / folder)
    cell = replace(CELL, build=replace(CELL.build, cpython=CPython(version="3.13.0a4", directory=tmp_path / "one")))
    assert first[0] != builder(tmp_path).plan(cell, other_tree).plans[0].directory


def test_a_wasi_build_needs_a_build_python_and_ends_with_byte_code(tmp_path: Path, inputs: Inputs) -> None:
    planned = builder(tmp_path).plan(CELL, inputs)
    assert (planned.toolchain, planned.libraries) == (None, None)
    assert [plan.steps[-1].name for plan in planned.plans] == ["native-make", "make", "bytecode"]
    assert planned.compiling == planned.plans[:-1]


def test_an_emscripten_build_compiles_the_sdks_libraries_first(tmp_path: Path, inputs: Inputs) -> None:
    part = Input(path=Path("/nowhere/other"), digest="other")
    planned = builder(tmp_path).plan(CELL, replace(inputs, node=part, ports={"zlib": part}))
    assert planned.toolchain is not None
    assert planned.plans == (planned.build_python, planned.libraries, planned.build, planned.byte_code)


@pytest.mark.parametrize(
    "change",
    [
        {"sdk": Input(path=Path("/nowhere/sdk"), digest="another SDK")},
        {"node": Input(path=Path("/nowhere/node"), digest="a Node")},
    ],
)
def test_other_inputs_have_another_work_directory(tmp_path: Path, inputs: Inputs, change: dict[str, Input]) -> None:
    one = builder(tmp_path)
    assert one.plan(CELL, replace(inputs, **change)).parts.directory != one.plan(CELL, inputs).parts.directory


def test_a_port_changes_the_toolchain(tmp_path: Path, inputs: Inputs) -> None:
    node = Input(path=Path("/nowhere/node"), digest="a Node")
    directories = {
        builder(tmp_path)
        .plan(CELL, replace(inputs, node=node, ports={"zlib": replace(node, digest=digest)}))
        .parts.directory
        for digest in ("1", "2")
    }
    assert len(directories) == 2


@pytest.mark.parametrize("own", [True, False])
def test_only_a_users_tree_keeps_its_work_directory_when_it_changes(
    tmp_path: Path, inputs: Inputs, source: Path, own: bool
) -> None:
    cpython = replace(CELL.build.cpython, directory=source if own else None)
    cell = replace(CELL, build=replace(CELL.build, cpython=cpython))
    one = builder(tmp_path)
    edited = replace(inputs, cpython=replace(inputs.cpython, digest="edited sources"))
    before, after = one.plan(cell, inputs), one.plan(cell, edited)
    assert (before.parts.directory == after.parts.directory) is own


def test_a_build_python_that_is_configured_otherwise_has_a_directory_of_its_own(
    tmp_path: Path, inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = builder(tmp_path).plan(CELL, inputs)
    monkeypatch.setattr(native, "CONFIGURE", (*native.CONFIGURE, "--with-pydebug"))
    after = builder(tmp_path).plan(CELL, inputs)
    assert before.parts.python != after.parts.python
    assert before.parts.directory != after.parts.directory


def test_a_checkout_starts_with_the_answers_of_another_build_that_has_the_same_configure(
    tmp_path: Path, inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, tree = builder(tmp_path), CPython(version=CELL.build.cpython.version, directory=tmp_path / "tree")
    checkout = replace(CELL, build=replace(CELL.build, cpython=tree))
    first, second = one.plan(CELL, inputs), one.plan(checkout, inputs)
    caches = [build_directory(planned.parts.directory, CELL.series) / "config.cache" for planned in (first, second)]
    assert caches[0] != caches[1]
    monkeypatch.setattr(Builder, "_execute", lambda self, plan: None)
    caches[0].parent.mkdir(parents=True)
    caches[0].write_text("ac_cv_alignof_long=4\n")
    one._compile(CELL, inputs, first, None)
    one._compile(checkout, inputs, second, None)
    assert caches[1].read_text() == caches[0].read_text()


# --- failures


def test_an_expected_failure_is_known_when_it_was_seen_before(tmp_path: Path, inputs: Inputs) -> None:
    one = builder(tmp_path)
    assert one.known_failure(FAILING, one.plan(FAILING, inputs)) is None
    fail(FAILING, inputs, one, "error: no such header")
    known = one.known_failure(FAILING, one.plan(FAILING, inputs))
    assert known is not None
    assert (known.step, known.remembered) == ("native-link", True)
    assert one.is_current(FAILING, inputs)
    with pytest.raises(BuildFailed) as caught:
        one.build(FAILING, inputs)
    assert caught.value.remembered


def test_a_failure_that_was_not_expected_is_tried_again(tmp_path: Path, inputs: Inputs) -> None:
    one = builder(tmp_path)
    fail(CELL, inputs, one, "error: no such header")
    assert one.known_failure(CELL, one.plan(CELL, inputs)) is None
    assert not one.is_current(CELL, inputs)


def test_a_failure_with_another_message_is_tried_again(tmp_path: Path, inputs: Inputs) -> None:
    one = builder(tmp_path)
    fail(FAILING, inputs, one, "error: disk full")
    assert one.known_failure(FAILING, one.plan(FAILING, inputs)) is None


def test_without_reuse_an_expected_failure_is_tried_again(tmp_path: Path, inputs: Inputs) -> None:
    one = builder(tmp_path, trust_failures=False)
    fail(FAILING, inputs, one, "error: no such header")
    assert one.known_failure(FAILING, one.plan(FAILING, inputs)) is None


def test_a_builder_tries_a_failing_build_once(tmp_path: Path, inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def fails(*arguments: object, **options: object) -> float:
        tried.append(arguments)
        raise BuildFailed("make failed", step="make", output="", hint="")

    monkeypatch.setattr(building, "execute", fails)
    one = builder(tmp_path)
    for _ in range(2):
        with pytest.raises(BuildFailed):
            one.build(CELL, inputs)
    assert len(tried) == 1
