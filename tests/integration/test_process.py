"""harness.machine.process with real small programs."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from harness.machine import process
from harness.machine.process import CommandFailed, Guest, MissingTool
from matrix.errors import HarnessFault

pytestmark = pytest.mark.integration

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
"""starts a child, says which, and waits"""


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code, *arguments]


def until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether something comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_gone(pid: int) -> bool:
    """Whether a process has ended (one that nobody waited for yet has)."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Callable[..., Guest]]:
    """Starts guests, and ends those that still run."""
    started: list[Guest] = []

    def start(code: str, *, output_limit: int = 1 << 20) -> Guest:
        one = Guest(python(code), env=process.base_environment(), cwd=tmp_path, output_limit=output_limit)
        started.append(one)
        return one

    yield start
    for one in started:
        one.kill()


Start = Callable[..., Guest]


# --- a guest


def test_a_guests_output_and_return_code_are_kept(guest: Start) -> None:
    one = guest("import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(7)")
    assert one.wait(10) == 7
    assert one.poll() == 7
    assert one.output == "out\nerr\n"
    assert not one.overflowed


def test_a_guest_that_still_runs_has_no_return_code(guest: Start) -> None:
    one = guest("import time; time.sleep(60)")
    assert one.poll() is None
    assert one.wait(0.05) is None


def test_a_guests_signal_is_a_negative_return_code(guest: Start) -> None:
    assert guest("import os; os.kill(os.getpid(), 15)").wait(10) == -signal.SIGTERM


def test_a_guest_that_prints_too_much_is_ended(guest: Start) -> None:
    one = guest("while True: print('x' * 1000)", output_limit=100_000)
    assert until(lambda: one.poll() is not None)
    assert one.wait(10) == -signal.SIGKILL
    assert one.overflowed
    assert one.output.startswith("xxx")
    assert one.written > 100_000


def test_a_guest_may_print_as_much_as_the_limit(guest: Start) -> None:
    one = guest("print('x' * 99_999)", output_limit=100_000)
    assert one.wait(10) == 0
    assert not one.overflowed
    assert len(one.output) == 100_000


def test_of_long_output_beginning_and_end_are_kept(guest: Start) -> None:
    one = guest("print('begin'); print('x' * 900_000); print('end')")
    assert one.wait(10) == 0
    assert one.output.startswith("begin\nxxx")
    assert one.output.endswith("xxx\nend\n")
    left_out = 900_011 - 2 * Guest.keep
    assert f"\n[... {left_out} bytes left out ...]\n" in one.output


@pytest.mark.parametrize("length", [Guest.keep - 1, Guest.keep, Guest.keep + 1, 2 * Guest.keep])
def test_of_short_output_nothing_is_left_out(guest: Start, length: int) -> None:
    one = guest(f"import sys; sys.stdout.write('x' * {length})")
    assert one.wait(10) == 0
    assert one.output == "x" * length


def test_output_that_is_no_text_is_shown_with_escapes(guest: Start) -> None:
    one = guest(r"import sys; sys.stdout.buffer.write(b'a\xff\x00b\n')")
    assert one.wait(10) == 0
    assert one.output == "a\\xff\x00b\n"


def test_a_guest_reads_nothing(guest: Start) -> None:
    one = guest("import sys; print(repr(sys.stdin.read()))")
    assert one.wait(10) == 0
    assert one.output == "''\n"


def test_the_children_of_a_guest_that_is_ended_end_too(guest: Start) -> None:
    one = guest(PARENT)
    assert until(lambda: one.output.endswith("\n"))
    child = int(one.output)
    assert not is_gone(child)
    one.kill()
    assert until(lambda: is_gone(child))
    assert one.poll() == -signal.SIGKILL


def test_the_children_of_a_guest_that_prints_too_much_end_too(guest: Start) -> None:
    one = guest(PARENT.replace("time.sleep(60)\n", "while True: print('x' * 1000)\n"), output_limit=100_000)
    assert one.wait(10) == -signal.SIGKILL
    assert one.overflowed
    assert until(lambda: is_gone(int(one.output.splitlines()[0])))


def test_a_guest_can_be_ended_twice(guest: Start) -> None:
    one = guest("import time; time.sleep(60)")
    one.kill()
    one.kill()
    assert one.poll() == -signal.SIGKILL


def test_a_guest_has_only_the_environment_that_it_is_given(guest: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFLAGS", "-O0")
    one = guest("import os; print('CFLAGS' in os.environ, 'PATH' in os.environ)")
    assert one.wait(10) == 0
    assert one.output == "False True\n"


def test_a_guest_that_cannot_be_started_is_a_fault_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(HarnessFault, match="cannot start"):
        Guest([str(tmp_path / "gone")], env={}, cwd=tmp_path / "nowhere", output_limit=1)


def test_a_guest_dies_with_the_harness(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from harness.machine.process import Guest\n"
        f"guest = Guest([sys.executable, '-c', {PARENT!r}], env={{}}, cwd=Path('.'), output_limit=1000)\n"
        "while not guest.output.endswith('\\n'): time.sleep(0.01)\n"
        "print(guest._process.pid, flush=True); time.sleep(60)\n"
    )
    top = str(Path(__file__).parents[2])
    harness = Guest(
        [sys.executable, "-c", code],
        env=process.base_environment() | {"PYTHONPATH": top},
        cwd=tmp_path,
        output_limit=9999,
    )
    try:
        assert until(lambda: harness.output.endswith("\n"))
        pid = int(harness.output)
        os.kill(harness._process.pid, signal.SIGKILL)  # it alone, not its group
        assert until(lambda: is_gone(pid))
    finally:
        harness.kill()


# --- a logged command


def logged(tmp_path: Path, argv: list[str], **changes: Callable[[float], None]) -> tuple[int, str]:
    log = tmp_path / "step.log"
    code = process.run_logged(argv, env=process.base_environment(), cwd=tmp_path, log=log, **changes)
    return code, log.read_text()


def test_a_log_has_the_command_and_both_outputs(tmp_path: Path) -> None:
    code, log = logged(
        tmp_path, python("import sys; print('out', flush=True); print('it''s err', file=sys.stderr)", "an argument")
    )
    assert code == 0
    assert log.startswith(f"$ cd {tmp_path}\n$ {sys.executable} -I -S -c ")
    assert "'an argument'\n" in log
    assert log.endswith("out\nits err\n")


@pytest.mark.parametrize(("code", "expected"), [("raise SystemExit(3)", 3), ("import os; os.abort()", -signal.SIGABRT)])
def test_a_logged_commands_return_code_is_returned(tmp_path: Path, code: str, expected: int) -> None:
    assert logged(tmp_path, python(code))[0] == expected


def test_a_new_log_takes_the_old_ones_place(tmp_path: Path) -> None:
    logged(tmp_path, python("print('first')"))
    _, log = logged(tmp_path, python("print('second')"))
    assert "first" not in log


def test_a_long_command_ticks(tmp_path: Path) -> None:
    ticks: list[float] = []
    logged(tmp_path, python("import time; time.sleep(0.7)"), tick=ticks.append)
    assert 1 <= len(ticks) <= ticks[-1] / 0.2 + 1
    assert ticks == sorted(ticks)


def test_ctrl_c_ends_a_logged_command_and_its_children(tmp_path: Path) -> None:
    def interrupt(elapsed: float) -> None:
        if (tmp_path / "step.log").read_text().splitlines()[-1].isdigit():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        logged(tmp_path, python(PARENT), tick=interrupt)
    child = int((tmp_path / "step.log").read_text().splitlines()[-1])
    assert until(lambda: is_gone(child))


@pytest.fixture
def without_setpriv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine that has no setpriv: its PATH is empty."""
    process._tether.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    yield
    process._tether.cache_clear()


@pytest.mark.usefixtures("without_setpriv")
def test_a_command_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(HarnessFault, match=r"cannot start \./gone: there is no command"):
        logged(tmp_path, ["./gone"])


def test_a_command_that_is_not_there_is_a_fault_on_any_machine(tmp_path: Path) -> None:
    with pytest.raises(HarnessFault, match="cannot start"):
        logged(tmp_path, ["./gone"])


@pytest.mark.usefixtures("without_setpriv")
def test_without_setpriv_commands_run_as_well(tmp_path: Path) -> None:
    assert process.capture(python("print('out')")) == "out\n"


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HarnessFault, match=f"{tmp_path}/nowhere is not there"):
        process.capture(["true"], cwd=tmp_path / "nowhere")


# --- a captured command


def test_the_output_of_a_command_is_returned_without_its_errors(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd()); print('err', file=sys.stderr)"
    assert process.capture(python(code), cwd=tmp_path) == f"{tmp_path}\n"


def test_output_that_is_no_text_is_captured_with_escapes() -> None:
    assert process.capture(python(r"import sys; sys.stdout.buffer.write(b'\xff')")) == "\\xff"


def test_a_command_that_fails_is_shown_with_its_output() -> None:
    with pytest.raises(CommandFailed) as caught:
        process.capture(python("import sys; print('out'); print('why', file=sys.stderr); sys.exit(3)", "an argument"))
    message = str(caught.value)
    assert "'an argument'\nended with exit status 3\nwhy" in message
    assert (caught.value.returncode, caught.value.output) == (3, "why\n")
    assert caught.value.exit_status == 3


def test_a_command_that_fails_silently_is_shown_with_what_it_said_otherwise() -> None:
    with pytest.raises(CommandFailed, match=r"ended with exit status 3\nout$"):
        process.capture(python("print('out'); raise SystemExit(3)"))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the next test's business
def test_a_command_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    code = PARENT.replace("print(child.pid, flush=True)", "open('pid', 'w').write(str(child.pid))")
    with pytest.raises(CommandFailed, match="no answer within 3 s"):
        process.capture(python(code), cwd=tmp_path, timeout=3.0)
    assert until(lambda: is_gone(int((tmp_path / "pid").read_text())))


def test_a_command_that_takes_too_long_leaves_no_files_open() -> None:
    with pytest.raises(CommandFailed):
        process.capture(python("import time; time.sleep(60)"), timeout=0.1)
    gc.collect()


def test_a_commands_environment_is_replaced_not_added_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFLAGS", "-O0")
    code = "import os; print(os.environ.get('CFLAGS'), os.environ.get('OURS'))"
    assert process.capture(python(code)) == "None None\n"
    assert process.capture(python(code), env={"OURS": "x"}) == "None x\n"
    assert process.capture(python(code), env=process.client_environment()) == "-O0 None\n"


@pytest.mark.parametrize(
    ("returncode", "text"),
    [
        (0, "exit status 0"),
        (134, "exit status 134"),
        (-9, "signal SIGKILL"),
        (-6, "signal SIGABRT"),
        (-99, "signal 99"),
    ],
)
def test_how_a_command_ended_is_said_in_words(returncode: int, text: str) -> None:
    assert process.describe_exit(returncode) == text


# --- an attached command


def test_an_attached_command_says_what_it_says_itself(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = process.run_attached(
        python("import sys; print('out'); sys.exit(5)"), env=process.base_environment(), cwd=tmp_path
    )
    assert code == 5
    assert capfd.readouterr().out == "out\n"


def test_an_attached_command_is_waited_for_after_ctrl_c(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(2, lambda *a: None); time.sleep(1); raise SystemExit(6)"
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    assert process.run_attached(python(code), env=process.base_environment(), cwd=tmp_path) == 6
    timer.join()


# --- tools and logs


def test_a_tool_that_is_there_is_found() -> None:
    assert Path(process.require("sh")).name == "sh"


def test_a_tool_that_is_missing_is_named_with_its_package() -> None:
    with pytest.raises(MissingTool) as caught:
        process.require("no-such-tool", package="a-package")
    assert "the command `no-such-tool` is not installed or not on PATH" in str(caught.value)
    assert "apt-get install a-package" in str(caught.value)
    assert caught.value.exit_status == 3


def test_a_missing_tools_package_has_its_name_unless_said_otherwise() -> None:
    with pytest.raises(MissingTool, match="apt-get install no-such-tool"):
        process.require("no-such-tool")


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"".join(b"line %d \xff\n" % number for number in range(100_000)))
    assert process.tail(log, 2) == "line 99998 \\xff\nline 99999 \\xff"


def test_the_tail_of_a_log_that_is_not_there_says_so(tmp_path: Path) -> None:
    assert "cannot be read: No such file or directory" in process.tail(tmp_path / "gone")


def test_a_relative_command_is_looked_for_where_it_is_started(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    script = tmp_path / "tools" / "hello"
    script.write_text("#!/bin/sh\necho hello\n")
    script.chmod(0o755)
    assert process.capture(["./hello"], cwd=tmp_path / "tools") == "hello\n"


def ended(background: process.Background) -> int:
    while (code := background.poll()) is None:
        time.sleep(0.01)
    return code


@pytest.mark.parametrize("number", sorted(os.sched_getaffinity(0))[-2:])
def test_a_command_in_the_background_stays_on_its_processors(tmp_path: Path, number: int) -> None:
    script = "import os, subprocess, sys, time; time.sleep(0.3); print(os.sched_getaffinity(0), flush=True);"
    script += "subprocess.run([sys.executable, '-c', 'import os; print(os.sched_getaffinity(0))'], check=True)"
    argv, log = [sys.executable, "-c", script], tmp_path / "log"
    background = process.Background(argv, env=dict(os.environ), cwd=tmp_path, log=log, processors=[number])
    assert ended(background) == 0
    assert log.read_text().splitlines()[1:] == [f"{{{number}}}"] * 2
    assert background.cpu > 0.0


def test_a_command_in_the_background_may_use_all_processors(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"]
    background = process.Background(argv, env=dict(os.environ), cwd=tmp_path, log=tmp_path / "log")
    assert ended(background) == 0
    assert (tmp_path / "log").read_text().splitlines()[-1] == str(len(os.sched_getaffinity(0)))
