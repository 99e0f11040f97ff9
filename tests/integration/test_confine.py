"""`confine.py` restricts real commands."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.guests.runtimes import confine
from harness.machine.command import run_logged
from harness.machine.process import base_environment

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(confine.version() == 0, reason="this kernel has no Landlock, or has it turned off"),
]

TRY = """
import errno, os, sys
allowed, elsewhere = sys.argv[1:]
os.chdir(elsewhere)
try:
    {operation}
except OSError as exc:
    print(errno.errorcode[exc.errno])
else:
    print("done")
"""
"""tries an operation and prints its error, or "done"; it may only read in its working directory"""

PYTHON = (sys.executable, "-I", "-S", "-c")
Confined = Callable[..., tuple[int, str]]


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    """A directory that may be written to."""
    path = tmp_path / "allowed"
    (path / "below").mkdir(parents=True)
    (path / "mine").write_text("mine")
    return path


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A directory that may not be written to."""
    path = tmp_path / "elsewhere"
    (path / "empty").mkdir(parents=True)
    (path / "kept").write_text("kept")
    return path


@pytest.fixture
def confined(tmp_path: Path) -> Confined:
    """Runs a command confined to directories; its exit status and what it printed."""

    def run(directories: list[Path], *command: str) -> tuple[int, str]:
        argv = [sys.executable, "-I", "-S", confine.__file__, *map(str, directories), "--", *command]
        log = tmp_path / "log"
        code = run_logged(argv, env=base_environment(), cwd=tmp_path, log=log)
        return code, "".join(log.read_text().splitlines(keepends=True)[2 + command_lines(command) :])

    return run


def command_lines(command: tuple[str, ...]) -> int:
    """How many lines more than one the log takes to show a command."""
    return sum(word.count("\n") for word in command)


def attempt(confined: Confined, allowed: Path, elsewhere: Path, operation: str) -> str:
    code, said = confined([allowed], *PYTHON, TRY.format(operation=operation), str(allowed), str(elsewhere))
    assert code == 0, said
    return said.strip()


# --- what is allowed


@pytest.mark.parametrize(
    "operation",
    [
        "open(f'{allowed}/new', 'w').write('new')",
        "open(f'{allowed}/below/new', 'w').write('new')",
        "open(f'{allowed}/mine', 'a').write('more')",
        "os.truncate(f'{allowed}/mine', 0)",
        "os.mkdir(f'{allowed}/new')",
        "os.rmdir(f'{allowed}/below')",
        "os.unlink(f'{allowed}/mine')",
        "os.rename(f'{allowed}/mine', f'{allowed}/other')",
        "os.symlink('nowhere', f'{allowed}/link')",
        "os.link(f'{allowed}/mine', f'{allowed}/link')",
        "os.mkfifo(f'{allowed}/fifo')",
    ],
)
def test_everything_works_below_an_allowed_directory(
    confined: Confined, allowed: Path, elsewhere: Path, operation: str
) -> None:
    assert attempt(confined, allowed, elsewhere, operation) == "done"


@pytest.mark.skipif(confine.version() < 2, reason="Landlock's first version never moves files between directories")
def test_a_file_can_be_moved_below_and_between_allowed_directories(
    confined: Confined, allowed: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    code = "import os, sys; os.rename(f'{sys.argv[1]}/mine', f'{sys.argv[1]}/below/mine'); "
    code += "os.rename(f'{sys.argv[1]}/below/mine', f'{sys.argv[2]}/mine')"
    assert confined([allowed, other], *PYTHON, code, str(allowed), str(other)) == (0, "")
    assert (other / "mine").read_text() == "mine"


@pytest.mark.parametrize("operation", ["assert open('kept').read() == 'kept'", "os.listdir('.')", "os.listdir('/')"])
def test_everything_can_be_read(confined: Confined, allowed: Path, elsewhere: Path, operation: str) -> None:
    assert attempt(confined, allowed, elsewhere, operation) == "done"


def test_harmless_devices_can_be_written_to(confined: Confined, allowed: Path, elsewhere: Path) -> None:
    assert attempt(confined, allowed, elsewhere, "open('/dev/null', 'w').write('x')") == "done"


# --- what is not


@pytest.mark.parametrize(
    ("operation", "version"),
    [
        ("open('new', 'w')", 1),
        ("open('kept', 'a')", 1),
        ("open('kept', 'r+')", 1),
        ("open('kept', 'w')", 1),
        ("os.truncate('kept', 0)", 3),
        ("os.rename('kept', 'other')", 1),
        ("os.unlink('kept')", 1),
        ("os.mkdir('new')", 1),
        ("os.rmdir('empty')", 1),
        ("os.symlink('kept', 'link')", 1),
        ("os.link('kept', 'link')", 1),
        ("os.mkfifo('fifo')", 1),
        ("os.rename(f'{allowed}/mine', 'mine')", 2),
        ("os.rename('kept', f'{allowed}/kept')", 2),
        ("os.link(f'{allowed}/mine', 'mine')", 2),
        ("open(f'{allowed}/../new', 'w')", 1),
        ("os.symlink(elsewhere, f'{allowed}/link'); open(f'{allowed}/link/new', 'w')", 1),
    ],
)
def test_nothing_can_be_changed_elsewhere(
    confined: Confined, allowed: Path, elsewhere: Path, operation: str, version: int
) -> None:
    if confine.version() < version:
        pytest.skip(f"this kernel's Landlock is version {confine.version()}, and this takes {version}")
    assert attempt(confined, allowed, elsewhere, operation) == "EACCES"
    assert sorted(path.name for path in elsewhere.iterdir()) == ["empty", "kept"]
    assert (elsewhere / "kept").read_text() == "kept"


def test_without_directories_nothing_can_be_written(confined: Confined, elsewhere: Path) -> None:
    code, said = confined([], *PYTHON, TRY.format(operation="open('new', 'w')"), "", str(elsewhere))
    assert (code, said) == (0, "EACCES\n")


def test_children_are_confined_too(confined: Confined, allowed: Path, elsewhere: Path) -> None:
    code = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
    script = f"echo mine > {allowed}/new && echo theirs > {elsewhere}/new"
    status, said = confined([allowed], *PYTHON, code, "sh", "-c", script)
    assert status != 0
    assert "Permission denied" in said
    assert (allowed / "new").read_text() == "mine\n"
    assert not (elsewhere / "new").exists()


# --- the command


@pytest.mark.parametrize(("code", "status"), [("", 0), ("raise SystemExit(7)", 7)])
def test_a_confined_command_keeps_its_exit_status(confined: Confined, allowed: Path, code: str, status: int) -> None:
    assert confined([allowed], *PYTHON, code)[0] == status


def test_a_confined_command_gets_its_arguments_unchanged(confined: Confined, allowed: Path) -> None:
    words = ("--", "an argument", "")
    assert confined([allowed], *PYTHON, "import sys; print(sys.argv[1:])", *words) == (0, f"{list(words)}\n")


def test_a_missing_command_has_the_scripts_own_exit_status(confined: Confined, allowed: Path) -> None:
    code, said = confined([allowed], "/nowhere/node")
    assert code == confine.FAULT == 125
    assert said.startswith("confine.py: ")
    assert "No such file or directory" in said


def test_a_missing_directory_prevents_the_start_of_the_command(
    confined: Confined, allowed: Path, tmp_path: Path
) -> None:
    code, said = confined([allowed, tmp_path / "gone"], *PYTHON, "print('started')")
    assert code == confine.FAULT
    assert "No such file or directory" in said
    assert "started" not in said.splitlines()


# --- limits


def test_the_stack_of_the_command_is_raised(tmp_path: Path, allowed: Path) -> None:
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_STACK)[0])"
    before = resource.getrlimit(resource.RLIMIT_STACK)[0]
    wanted = max(before, 64 << 20)
    assert limited(tmp_path, confine.confined((*PYTHON, code), [allowed], stack=64 << 20)) == (0, f"{wanted}\n")
    assert limited(tmp_path, confine.confined((*PYTHON, code), [allowed], stack=1 << 16)) == (0, f"{before}\n")


def test_the_memory_of_the_command_ends_at_its_limit(tmp_path: Path, allowed: Path) -> None:
    code = "import mmap; mmap.mmap(-1, 1 << 33, prot=0); print('reserved'); bytearray(1 << 29)"
    status, said = limited(tmp_path, confine.confined((*PYTHON, code), [allowed], memory=256 << 20))
    assert status == 1
    assert "reserved" in said
    assert "MemoryError" in said
    assert limited(tmp_path, confine.confined((*PYTHON, code), [allowed], memory=2 << 30)) == (0, "reserved\n")


def test_limits_need_no_landlock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "version", lambda: 0)
    command = confine.confined((*PYTHON, "open('new', 'w').close(); bytearray(1 << 29)"), [], memory=256 << 20)
    status, said = limited(tmp_path, command)
    assert status == 1
    assert "MemoryError" in said
    assert (tmp_path / "new").exists()


def limited(tmp_path: Path, argv: tuple[str, ...]) -> tuple[int, str]:
    """The exit status of a command, and what it printed."""
    log = tmp_path / "log"
    code = run_logged(argv, env=base_environment(), cwd=tmp_path, log=log)
    return code, "".join(log.read_text().splitlines(keepends=True)[2:])
