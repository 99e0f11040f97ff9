"""The process that runs a guest, with small real programs in the guest's place."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import TOP
from harness.machine.core_wait import CoreWait
from harness.machine.guest_process import GuestProcess
from harness.machine.process import base_environment
from matrix.errors import HarnessFault
from tests.integration.programs import PARENT, is_gone, python, until

pytestmark = pytest.mark.integration


KEEP = GuestProcess.keep
Start = Callable[..., GuestProcess]


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Start]:
    """Start guests; kill those that still run at the end."""
    started: list[GuestProcess] = []

    def start(code: str, *, output_limit: int = 1 << 20) -> GuestProcess:
        one = GuestProcess(python(code), env=base_environment(), cwd=tmp_path, output_limit=output_limit)
        started.append(one)
        return one

    yield start
    for one in started:
        one.kill()


def test_a_guest_has_the_same_umask_whatever_the_users_is(guest: Start) -> None:
    before = os.umask(0o077)
    try:
        one = guest("import os; print(oct(os.umask(0)))")
        assert one.wait(60) == 0
    finally:
        os.umask(before)
    assert one.output == "0o22\n"


def test_output_and_return_code_are_kept(guest: Start) -> None:
    one = guest("import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(7)")
    assert one.wait(60) == 7
    assert one.poll() == 7
    assert one.output == "out\nerr\n"
    assert not one.overflowed


def test_a_running_guest_has_no_return_code(guest: Start) -> None:
    one = guest("import time; time.sleep(600)")
    assert one.poll() is None
    assert one.wait(0.05) is None


def test_a_signal_is_a_negative_return_code(guest: Start) -> None:
    assert guest("import os; os.kill(os.getpid(), 15)").wait(60) == -signal.SIGTERM


def test_a_guest_that_prints_too_much_is_killed(guest: Start) -> None:
    one = guest("while True: print('x' * 1000)", output_limit=100_000)
    assert until(lambda: one.poll() is not None)
    assert one.wait(60) == -signal.SIGKILL
    assert one.overflowed
    assert one.output.startswith("xxx")
    assert one.written > 100_000


def test_a_guest_may_print_up_to_the_limit(guest: Start) -> None:
    one = guest("print('x' * 99_999)", output_limit=100_000)
    assert one.wait(60) == 0
    assert not one.overflowed
    assert len(one.output) == 100_000


def test_the_beginning_and_the_end_of_long_output_are_kept(guest: Start) -> None:
    one = guest("print('begin'); print('x' * 900_000); print('end')")
    assert one.wait(60) == 0
    assert one.output.startswith("begin\nxxx")
    assert one.output.endswith("xxx\nend\n")
    left_out = 900_011 - 2 * KEEP
    assert f"\n[... {left_out} bytes left out ...]\n" in one.output


@pytest.mark.parametrize(
    "length", [GuestProcess.keep - 1, GuestProcess.keep, GuestProcess.keep + 1, 2 * GuestProcess.keep]
)
def test_short_output_is_kept_whole(guest: Start, length: int) -> None:
    one = guest(f"import sys; sys.stdout.write('x' * {length})")
    assert one.wait(60) == 0
    assert one.output == "x" * length


def test_output_that_is_not_text_is_shown_with_escapes(guest: Start) -> None:
    one = guest(r"import sys; sys.stdout.buffer.write(b'a\xff\x00b\n')")
    assert one.wait(60) == 0
    assert one.output == "a\\xff\x00b\n"


def test_standard_input_is_empty(guest: Start) -> None:
    one = guest("import sys; print(repr(sys.stdin.read()))")
    assert one.wait(60) == 0
    assert one.output == "''\n"


def test_killing_a_guest_kills_its_children(guest: Start) -> None:
    one = guest(PARENT)
    assert until(lambda: one.output.endswith("\n"))
    child = int(one.output)
    assert not is_gone(child)
    one.kill()
    assert until(lambda: is_gone(child))
    assert one.poll() == -signal.SIGKILL


def test_a_guest_that_prints_too_much_is_killed_with_its_children(guest: Start) -> None:
    one = guest(PARENT.replace("time.sleep(600)\n", "while True: print('x' * 1000)\n"), output_limit=100_000)
    assert one.wait(60) == -signal.SIGKILL
    assert one.overflowed
    assert until(lambda: is_gone(int(one.output.splitlines()[0])))


def test_a_guest_can_be_killed_twice(guest: Start) -> None:
    one = guest("import time; time.sleep(600)")
    one.kill()
    one.kill()
    assert one.poll() == -signal.SIGKILL


def test_a_guest_gets_only_the_given_environment(guest: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFLAGS", "-O0")
    one = guest("import os; print('CFLAGS' in os.environ, 'PATH' in os.environ)")
    assert one.wait(60) == 0
    assert one.output == "False True\n"


def test_a_guest_that_cannot_start_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(HarnessFault, match="cannot start"):
        GuestProcess([str(tmp_path / "gone")], env={}, cwd=tmp_path / "nowhere", output_limit=1)


def test_a_guest_dies_with_the_harness(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from harness.machine.guest_process import GuestProcess\n"
        f"guest = GuestProcess([sys.executable, '-c', {PARENT!r}], env={{}}, cwd=Path('.'), output_limit=1000)\n"
        "while not guest.output.endswith('\\n'): time.sleep(0.01)\n"
        "print(guest._process.pid, flush=True); time.sleep(600)\n"
    )
    top = str(Path(__file__).parents[2])
    harness = GuestProcess(
        [sys.executable, "-c", code],
        env=base_environment() | {"PYTHONPATH": top},
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


CROWDED = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
print("ready", flush=True)
while True: pass
"""


def test_what_a_guest_waits_for_a_core_is_known(guest: Start) -> None:
    crowd = [guest(CROWDED) for _ in range(4)]
    assert until(lambda: all(one.output == "ready\n" for one in crowd))
    waits, begun = [CoreWait(one.pid) for one in crowd], time.monotonic()
    assert until(lambda: min(wait.seconds() for wait in waits) > 0.5)  # it would never be, if nobody waited
    elapsed = time.monotonic() - begun
    assert sum(wait.seconds() for wait in waits) > 1.5 * elapsed  # three of four wait, and together they run for 1.0
    assert CoreWait(crowd[0].pid).seconds() < waits[0].seconds()  # it counts from its own beginning


def test_a_guest_that_sleeps_waits_for_no_core(guest: Start) -> None:
    one = guest("import time; print('ready', flush=True); time.sleep(600)")
    assert until(lambda: one.output == "ready\n")
    wait, begun = CoreWait(one.pid), time.monotonic()
    time.sleep(0.3)
    assert wait.seconds() < (time.monotonic() - begun) / 2


def test_a_guest_that_has_ended_waits_for_nothing(guest: Start) -> None:
    one = guest("")
    one.wait(60)
    assert CoreWait(one.pid).seconds() == 0.0


BUSY = """
import time
while time.process_time() < 0.5: pass
print(time.process_time(), flush=True)
"""
TICK = 0.02
"""seconds: the kernel counts both kinds of a process's time in hundredths"""


def test_the_processor_time_of_a_guest_is_known_while_it_runs(guest: Start) -> None:
    one = guest(BUSY + "time.sleep(60)")
    assert until(lambda: one.output.endswith("\n"))
    assert one.cpu() >= float(one.output) - TICK


def test_the_processor_time_of_a_guest_is_known_after_its_end(guest: Start) -> None:
    one = guest(BUSY)
    assert until(lambda: one.poll() is not None)
    assert one.wait(10) == 0
    assert one.cpu() >= float(one.output) - TICK


def test_the_processor_time_of_a_guest_that_is_killed_is_known(guest: Start) -> None:
    one = guest(BUSY + "time.sleep(60)")
    assert until(lambda: one.output.endswith("\n"))
    one.kill()
    assert one.cpu() >= float(one.output) - TICK


CHILD = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {script!r}])
__import__("time").sleep(60)
"""


def test_the_processor_time_of_a_guests_children_is_known_while_they_run(guest: Start) -> None:
    one = guest(CHILD.format(script=BUSY + "time.sleep(60)"))
    assert until(lambda: one.output.endswith("\n"))
    assert one.cpu() >= float(one.output) - TICK


def test_what_a_guests_child_waits_for_a_core_is_known(guest: Start) -> None:
    crowd = [guest(CHILD.format(script=CROWDED)) for _ in range(4)]
    assert until(lambda: all(one.output == "ready\n" for one in crowd))
    waits = [CoreWait(one.pid) for one in crowd]
    assert until(lambda: min(wait.seconds() for wait in waits) > 0.5)  # the guests themselves only sleep


ORPHAN = """
import os, subprocess, sys
sys.path.insert(0, {top!r})
from harness.machine.descendants import adopt_orphans, end_descendants
adopt_orphans()
start = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]])"
parent = subprocess.Popen([sys.executable, "-c", start, {busy!r}], stdout=subprocess.PIPE)
busy = float(parent.stdout.readline())
parent.wait()
end_descendants(30)
print(busy, sum(os.times()[2:4]), flush=True)
"""


def test_a_process_that_adopts_orphans_ends_them_and_has_their_processor_time(guest: Start) -> None:
    one = guest(ORPHAN.format(top=str(TOP), busy=BUSY + "time.sleep(600)"))
    assert until(lambda: one.output.endswith("\n")), one.output
    busy, counted = map(float, one.output.split())
    assert counted >= busy - TICK


def test_a_guest_that_sleeps_takes_no_processor_time(guest: Start) -> None:
    one = guest("import time; print(time.process_time(), flush=True); time.sleep(60)")
    assert until(lambda: one.output.endswith("\n"))
    assert one.cpu() < 0.5
