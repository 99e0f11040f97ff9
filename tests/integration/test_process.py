"""Starting processes, and processes in the background."""

from __future__ import annotations

import os
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness import TOP
from harness.machine import command, process
from harness.machine.background import Background
from harness.machine.command import CommandFailed, NoAnswer, ask, capture, run_logged
from harness.machine.process import base_environment
from matrix.errors import HarnessFault
from tests.integration.programs import PARENT, is_gone, python, until

pytestmark = pytest.mark.integration


@pytest.fixture
def without_setpriv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine without setpriv: its PATH is empty."""
    process._tether.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    yield
    process._tether.cache_clear()


@pytest.mark.usefixtures("without_setpriv")
def test_without_setpriv_a_missing_command_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(HarnessFault, match=r"cannot start \./gone: there is no command"):
        run_logged(["./gone"], env=base_environment(), cwd=tmp_path, log=tmp_path / "log")


def test_a_missing_command_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(HarnessFault, match="cannot start"):
        run_logged(["./gone"], env=base_environment(), cwd=tmp_path, log=tmp_path / "log")


def test_a_file_that_may_not_be_executed_is_named(tmp_path: Path) -> None:
    (tmp_path / "configure").write_text("#!/bin/sh\n")
    with pytest.raises(HarnessFault, match=rf"cannot start \./configure: {tmp_path}/configure may not be executed"):
        run_logged(["./configure"], env=base_environment(), cwd=tmp_path, log=tmp_path / "log")


@pytest.mark.usefixtures("without_setpriv")
def test_commands_run_without_setpriv(tmp_path: Path) -> None:
    assert capture(python("print('out')")) == "out\n"


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(HarnessFault, match=f"{tmp_path}/nowhere does not exist"):
        capture(["true"], cwd=tmp_path / "nowhere")


def test_a_relative_command_is_found_in_the_directory_where_it_starts(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    script = tmp_path / "tools" / "hello"
    script.write_text("#!/bin/sh\necho hello\n")
    script.chmod(0o755)
    assert capture(["./hello"], cwd=tmp_path / "tools") == "hello\n"


def ended(background: Background) -> int:
    """The return code of a background command, once it has ended."""
    while (code := background.poll()) is None:
        time.sleep(0.01)
    return code


@pytest.mark.parametrize("number", sorted(os.sched_getaffinity(0))[-2:])
def test_a_background_command_stays_on_its_processors(tmp_path: Path, number: int) -> None:
    script = "import os, subprocess, sys, time; time.sleep(0.3); print(os.sched_getaffinity(0), flush=True);"
    script += "subprocess.run([sys.executable, '-c', 'import os; print(os.sched_getaffinity(0))'], check=True)"
    argv, log = [sys.executable, "-c", script], tmp_path / "log"
    background = Background(argv, env=dict(os.environ), cwd=tmp_path, log=log, processors=[number])
    assert ended(background) == 0
    assert log.read_text().splitlines()[1:] == [f"{{{number}}}"] * 2
    assert background.cpu > 0.0


def test_a_background_command_may_use_all_processors(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"]
    background = Background(argv, env=dict(os.environ), cwd=tmp_path, log=tmp_path / "log")
    assert ended(background) == 0
    assert (tmp_path / "log").read_text().splitlines()[-1] == str(len(os.sched_getaffinity(0)))


# --- short questions to tools


FLOOD = "import os\nfor _ in range(1600): os.write({stream}, b'x' * 65536)"
"""prints 100 MiB"""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_PATIENCE", 0.1)
    monkeypatch.setattr(command, "_GIVEN", 3.0)


def test_a_tool_answers() -> None:
    assert ask(python("print('clang version 19.1.7')")) == "clang version 19.1.7\n"


def test_a_tool_that_fails_is_shown_with_what_it_said() -> None:
    with pytest.raises(CommandFailed, match="ended with exit status 3\nno library"):
        ask(python("import sys; print('no library', file=sys.stderr); sys.exit(3)"))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "code", ["import time; time.sleep(600)", "import os; os.close(1); os.close(2); import time; time.sleep(600)"]
)
def test_a_tool_that_hangs_is_named_and_killed(capsys: pytest.CaptureFixture[str], code: str) -> None:
    with pytest.raises(NoAnswer) as caught:
        ask(python(code))
    assert "it gave no answer within 3 s and was killed\n  -> run it by hand" in str(caught.value)
    assert capsys.readouterr().err.startswith(f"waiting for {sys.executable} ")


_BUILDING = """
import os, signal, sys, time
from pathlib import Path
from harness.machine import command

def dying(*args, **options):
    process(*args, **options)
    while not pid.is_file():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)

pid, when = Path("pid"), sys.argv[1]
process = command.Process
if when == "as soon as the step has started":
    command.Process = dying
script = "sleep 600 & echo $! > new && mv new pid; exec sleep 600"
command.run_logged(["sh", "-c", script], env={"PATH": "/usr/bin:/bin"}, cwd=Path.cwd(), log=Path("log"))
"""


@pytest.mark.parametrize("when", ["as soon as the step has started", "later"])
def test_what_a_build_step_has_started_dies_with_the_harness(tmp_path: Path, when: str) -> None:
    # As a make and its compilers: the kernel kills only the make.
    argv = [sys.executable, "-c", _BUILDING, when]
    harness = process.Process(argv, env={**os.environ, "PYTHONPATH": str(TOP)}, cwd=tmp_path)
    pid = tmp_path / "pid"
    try:
        assert until(pid.is_file)
    finally:
        harness.kill()
    assert until(lambda: is_gone(int(pid.read_text())))


def test_a_build_step_that_ended_leaves_nobody_on_guard(tmp_path: Path) -> None:
    before = psutil.Process().children()
    assert run_logged(["true"], env=base_environment(), cwd=tmp_path, log=tmp_path / "log") == 0
    assert psutil.Process().children() == before


@pytest.mark.usefixtures("impatient")
def test_a_tool_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(NoAnswer):
        ask(python(PARENT.replace("print(child.pid", f"print(child.pid, file=open({str(tmp_path / 'pid')!r}, 'w')")))
    assert until(lambda: is_gone(int((tmp_path / "pid").read_text())))


def test_a_slow_tool_is_named_and_its_answer_counts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_PATIENCE", 0.1)
    assert ask(python("import time; print('be', end='', flush=True); time.sleep(0.5); print('gin')")) == "begin\n"
    assert capsys.readouterr().err.startswith(f"waiting for {sys.executable} ")


@pytest.mark.parametrize("stream", [1, 2])
def test_100_mib_of_a_tool_are_cut_while_they_are_read(stream: int) -> None:
    tracemalloc.start()
    try:
        said = ask(python(FLOOD.format(stream=stream)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(said) == (1 << 20 if stream == 1 else 0)
    assert peak < 8 << 20


def test_a_command_that_prints_more_than_is_read_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_LONGEST", 1 << 20)
    assert len(capture(python(f"print('x' * {(1 << 20) - 1})"))) == 1 << 20
    with pytest.raises(CommandFailed, match="it printed more than 1 MiB"):
        capture(python(FLOOD.format(stream=1)))
