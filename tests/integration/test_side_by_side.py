"""Builds whose steps overlap: a small tree whose configure and make are shell scripts, built as CPython is."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build.builder import Builder, Input, Inputs
from harness.build.recipes.layout import Parts, build_directory
from harness.build.stamps import pending_steps
from harness.machine.branches import Branches
from harness.machine.store import Store
from matrix.conditions import Condition
from matrix.errors import BuildFailed
from matrix.resolve import ResolvedCell
from matrix.rules import ExpectedBuildFailure
from tests.integration.programs import is_gone, until
from tests.unit import made

pytestmark = pytest.mark.integration

CELL = made.resolved()
CONFIGURE = """#!/bin/sh
set -e
case "$*" in
*--host=*) {cross}
  library=lib.wasi; all='{make}'; ;;
*)
  library=lib.native; all='{modules}' ;;
esac
printf 'pybuilddir.txt:\\n\\tprintf "#!/bin/sh\\\\n" > python; chmod +x python; echo build > $@\\n' > Makefile
printf 'all:\\n\\t%s\\n' "$all" >> Makefile
touch config.status
"""
"""The configure of both the build Python and the cross build, which runs the first one's interpreter."""
WASM = "mkdir -p build && echo build > pybuilddir.txt && echo wasm > python.wasm"
MEET = 'touch {0}; timeout 120 sh -c "until test -e {1}; do sleep 0.05; done"'
"""Say that one is here and wait for the other: only what runs side by side gets past it. Alone, it fails in the end."""


class Recorder:
    """A watcher that records which steps begin and end."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def begin(self, title: str, expected: float) -> Recorded:
        self.seen.append(f"begin {title.partition(': ')[2]}")
        return Recorded(self.seen, title.partition(": ")[2])

    def at(self, event: str) -> int:
        return self.seen.index(event)


class Recorded:
    """A watcher of one step."""

    def __init__(self, seen: list[str], title: str) -> None:
        self._seen = seen
        self._title = title

    def tick(self, elapsed: float) -> None:
        pass

    def end(self, outcome: str, elapsed: float) -> None:
        self._seen.append(f"{outcome} {self._title}")


CROSS, MODULES = f"configure for {CELL.series.host}", "make the build Python's modules"
INTERPRETER, WASI, BYTE_CODE = (
    "make the build Python's interpreter", "make python.wasm", "compile the library's byte-code",
)  # fmt: skip


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def tree(directory: Path, *, cross: str = "", modules: str = "true", make: str = WASM) -> Inputs:
    """A tree. The scripts are what the cross build's configure does, and the last make of each build."""
    source = directory / "source"
    (source / "Tools/wasm").mkdir(parents=True)
    (source / "Lib").mkdir()
    (source / "Tools/wasm/config.site-wasm32-wasi").touch()
    run_python = 'for word; do case "$word" in --with-build-python=*) "${word#*=}";; esac; done'
    text = CONFIGURE.format(cross=f"{run_python}; {cross}", modules=modules, make=make)
    (source / "configure").write_text(text)
    (source / "configure").chmod(0o755)
    return Inputs(cpython=Input(path=source, digest="sources"), sdk=Input(path=directory / "sdk", digest="SDK"))


def build(store: Store, recorder: Recorder, inputs: Inputs, *, jobs: int = 2, cell: ResolvedCell = CELL) -> Parts:
    builder = Builder(store, recorder, print, jobs=jobs)
    with Branches() as branches:
        return builder.build(cell, inputs, builder.making(branches, cell, lambda: inputs.cpython))


def meeting(directory: Path) -> tuple[str, str]:
    """Two scripts that wait for each other."""
    one, other = directory / "one", directory / "other"
    return MEET.format(one, other), MEET.format(other, one)


def test_configure_runs_beside_what_it_does_not_need(tmp_path: Path, store: Store, recorder: Recorder) -> None:
    cross, modules = meeting(tmp_path)
    parts = build(store, recorder, tree(tmp_path, cross=cross, modules=modules))
    assert (build_directory(parts.directory, CELL.series) / "python.wasm").read_text() == "wasm\n"
    assert recorder.at(f"done {INTERPRETER}") < recorder.at(f"begin {CROSS}") < recorder.at(f"done {MODULES}")
    assert recorder.at(f"begin {MODULES}") < recorder.at(f"done {CROSS}")
    assert max(recorder.at(f"done {CROSS}"), recorder.at(f"done {MODULES}")) < recorder.at(f"begin {WASI}")
    assert recorder.at(f"done {WASI}") < recorder.at(f"begin {BYTE_CODE}")


def test_with_one_job_there_is_one_step_after_another(tmp_path: Path, store: Store, recorder: Recorder) -> None:
    build(store, recorder, tree(tmp_path), jobs=1)
    begun = [event.partition(" ")[2] for event in recorder.seen[::2]]
    date = "forget the object that holds the date"
    assert begun[-6:] == [MODULES, "lay out the sources", CROSS, date, WASI, BYTE_CODE]
    assert recorder.seen == [f"{event} {title}" for title in begun for event in ("begin", "done")]


def test_what_is_made_is_not_made_again(tmp_path: Path, store: Store, recorder: Recorder) -> None:
    inputs = tree(tmp_path)
    build(store, recorder, inputs)
    seen = len(recorder.seen)
    build(store, recorder, inputs)
    assert len(recorder.seen) == seen


def test_a_configure_that_fails_is_named_and_the_build_python_finished(
    tmp_path: Path, store: Store, recorder: Recorder
) -> None:
    inputs = tree(tmp_path, cross="echo no such header; exit 3", modules="sleep 1")
    with pytest.raises(BuildFailed, match="no such header") as caught:
        build(store, recorder, inputs)
    assert caught.value.step == "configure"
    assert recorder.at(f"failed {CROSS}") < recorder.at(f"done {MODULES}")
    # So the next run has only the failed step to try.
    expected = ExpectedBuildFailure(when=Condition(), step="configure", message="no such header", reason="too old")
    cell = replace(CELL, expected_failure=expected)
    seen = len(recorder.seen)
    with pytest.raises(BuildFailed) as again:
        build(store, recorder, inputs, cell=cell)
    assert again.value.remembered
    assert len(recorder.seen) == seen


def test_a_build_python_that_fails_is_named_and_nothing_made_with_it(
    tmp_path: Path, store: Store, recorder: Recorder
) -> None:
    with pytest.raises(BuildFailed, match="no such module") as caught:
        build(store, recorder, tree(tmp_path, modules="echo no such module; exit 3"))
    assert caught.value.step == "native-make"
    assert f"begin {WASI}" not in recorder.seen


def test_a_step_is_named_that_fails_before_the_others_can_start(
    tmp_path: Path, store: Store, recorder: Recorder
) -> None:
    inputs = tree(tmp_path)
    inputs.cpython.path.joinpath("configure").write_text("#!/bin/sh\necho no compiler; exit 3\n")
    with pytest.raises(BuildFailed, match="no compiler") as caught:
        build(store, recorder, inputs)
    assert caught.value.step == "native-configure"
    assert f"begin {CROSS}" not in recorder.seen


def test_ctrl_c_kills_both_steps_and_the_next_run_goes_on(tmp_path: Path, store: Store, recorder: Recorder) -> None:
    pids = [tmp_path / "pid-one", tmp_path / "pid-other"]
    ready = tmp_path / "ready"
    cross, modules = (f"test -e {ready} || {{ echo $$$$ > {pid}; sleep 600; }}" for pid in pids)
    inputs = tree(tmp_path, cross=cross.replace("$$$$", "$$"), modules=modules.replace("$$$$", "$$$$"))

    def interrupt() -> None:
        if until(lambda: all(pid.is_file() and pid.read_text() for pid in pids)):
            os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Thread(target=interrupt)
    timer.start()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts with `&` ignores SIGINT
    try:
        with pytest.raises(KeyboardInterrupt):
            build(store, recorder, inputs)
    finally:
        signal.signal(signal.SIGINT, before)
    timer.join()
    assert until(lambda: all(is_gone(int(pid.read_text())) for pid in pids))
    assert {f"stopped {CROSS}", f"stopped {MODULES}"} <= set(recorder.seen)
    ready.touch()
    build(store, recorder, inputs)
    planned = Builder(store, recorder, print, jobs=2).plan(CELL, inputs)
    assert not any(map(pending_steps, planned.plans))
