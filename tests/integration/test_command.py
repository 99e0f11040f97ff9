"""Commands that are run to their end: captured, logged, attached to the terminal."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.machine.command import CommandFailed, capture, run_attached, run_logged
from harness.machine.process import base_environment, client_environment
from tests.integration.programs import PARENT, is_gone, python, until

pytestmark = pytest.mark.integration

# --- a captured command


def test_capture_returns_standard_output_without_standard_error(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd()); print('err', file=sys.stderr)"
    assert capture(python(code), cwd=tmp_path) == f"{tmp_path}\n"


def test_output_that_is_not_text_is_captured_with_escapes() -> None:
    assert capture(python(r"import sys; sys.stdout.buffer.write(b'\xff')")) == "\\xff"


def test_a_failing_command_is_shown_with_its_errors() -> None:
    with pytest.raises(CommandFailed) as caught:
        capture(python("import sys; print('out'); print('why', file=sys.stderr); sys.exit(3)", "an argument"))
    message = str(caught.value)
    assert "'an argument'\nended with exit status 3\nwhy" in message
    assert (caught.value.returncode, caught.value.output) == (3, "why\n")
    assert caught.value.exit_status == 3


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_command_that_finds_no_room_is_not_blamed(number: int) -> None:
    with pytest.raises(OSError, match=f"{os.strerror(number)}: .*'an argument'") as caught:
        capture(python(f"import os, sys; sys.exit('E: write error: ' + os.strerror({number}))", "an argument"))
    assert caught.value.errno == number


def test_a_command_that_fails_without_errors_is_shown_with_its_output() -> None:
    with pytest.raises(CommandFailed, match=r"ended with exit status 3\nout$"):
        capture(python("print('out'); raise SystemExit(3)"))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the next test checks for open files
def test_a_command_that_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    code = PARENT.replace("print(child.pid, flush=True)", "open('pid', 'w').write(str(child.pid))")
    with pytest.raises(CommandFailed, match="no answer within 3 s"):
        capture(python(code), cwd=tmp_path, timeout=3.0)
    assert until(lambda: is_gone(int((tmp_path / "pid").read_text())))


def test_a_command_that_takes_too_long_leaves_no_files_open() -> None:
    with pytest.raises(CommandFailed):
        capture(python("import time; time.sleep(600)"), timeout=0.1)
    gc.collect()


def test_a_given_environment_replaces_the_default_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFLAGS", "-O0")
    code = "import os; print(os.environ.get('CFLAGS'), os.environ.get('OURS'))"
    assert capture(python(code)) == "None None\n"
    assert capture(python(code), env={"OURS": "x"}) == "None x\n"
    assert capture(python(code), env=client_environment()) == "-O0 None\n"


# --- a logged command


def logged(tmp_path: Path, argv: list[str], **changes: Callable[[float], None]) -> tuple[int, str]:
    log = tmp_path / "step.log"
    code = run_logged(argv, env=base_environment(), cwd=tmp_path, log=log, **changes)
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
def test_the_return_code_of_a_logged_command_is_returned(tmp_path: Path, code: str, expected: int) -> None:
    assert logged(tmp_path, python(code))[0] == expected


def test_a_new_log_replaces_the_old_one(tmp_path: Path) -> None:
    logged(tmp_path, python("print('first')"))
    _, log = logged(tmp_path, python("print('second')"))
    assert "first" not in log


def test_tick_is_called_while_a_command_runs(tmp_path: Path) -> None:
    ticks: list[float] = []
    logged(tmp_path, python("import time; time.sleep(0.7)"), tick=ticks.append)
    assert 1 <= len(ticks) <= ticks[-1] / 0.2 + 1
    assert ticks == sorted(ticks)


def test_ctrl_c_kills_a_logged_command_and_its_children(tmp_path: Path) -> None:
    def interrupt(elapsed: float) -> None:
        if (tmp_path / "step.log").read_text().splitlines()[-1].isdigit():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        logged(tmp_path, python(PARENT), tick=interrupt)
    child = int((tmp_path / "step.log").read_text().splitlines()[-1])
    assert until(lambda: is_gone(child))


# --- an attached command


def test_an_attached_command_writes_to_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = run_attached(python("import sys; print('out'); sys.exit(5)"), env=base_environment(), cwd=tmp_path)
    assert code == 5
    assert capfd.readouterr().out == "out\n"


def test_ctrl_c_does_not_end_the_wait_for_an_attached_command(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(2, lambda *a: None); time.sleep(1); raise SystemExit(6)"
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    assert run_attached(python(code), env=base_environment(), cwd=tmp_path) == 6
    timer.join()
