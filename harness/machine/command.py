"""Run a command to its end: with its output returned, in a log, or on the user's terminal. Ask a tool something."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.machine.branches import CHECK, check_stopped
from harness.machine.process import PIPE, STDOUT, Guard, Process, base_environment, describe_exit
from harness.machine.termination import Terminated
from matrix.errors import MatrixError
from matrix.text import visible

_LONGEST = 64 << 20
"""bytes of output of a command that is read as a whole"""
_ANSWER = 1 << 20
"""bytes of a tool's answer that are kept; what comes after them is read and dropped"""
_PATIENCE, _GIVEN = 3.0, 20.0
"""seconds after which the user learns what is waited for, and that a tool is given for its answer"""


class CommandFailed(MatrixError):
    """A command failed that must succeed. The message contains its output."""

    exit_status = 3

    def __init__(self, argv: Sequence[str], returncode: int, output: str) -> None:
        super().__init__(f"{shlex.join(argv)}\nended with {describe_exit(returncode)}\n{output.rstrip()}")
        self.returncode = returncode
        self.output = output


class NoAnswer(CommandFailed):
    """A tool was asked a short question, such as for its version, and went on running. It was killed."""

    def __init__(self, argv: Sequence[str], seconds: float) -> None:
        super().__init__(argv, -signal.SIGKILL, f"it gave no answer within {seconds:.0f} s and was killed")
        self.hint = "run it by hand: it may wait for a lock, for a server or for input"


def capture(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 300.0,
) -> str:
    """Run a command and return its standard output as text.

    `timeout` is in seconds. Raises CommandFailed, with the command's output, when the exit status is not 0 or there is
    more output than is read, and OSError (ENOSPC or EDQUOT) when the output says that there is no room: then nothing
    is wrong with the command.
    """
    with _started(argv, env, cwd) as process:
        outputs = process.communicate(timeout, _LONGEST + 1)
        if outputs is None:
            raise CommandFailed(argv, -signal.SIGKILL, f"no answer within {timeout:.0f} s")
        text = _succeeded(argv, process, outputs)
    if len(outputs[0]) > _LONGEST:
        raise CommandFailed(argv, 0, f"it printed more than {_LONGEST >> 20} MiB")
    return text


def ask(argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> str:
    """The answer of a tool to a short question, such as for its version: the beginning of its standard output.

    A tool that takes long is named on standard error. Raises NoAnswer when it takes too long, else as `capture`.
    """
    with _started(argv, env, None) as process:
        outputs = process.communicate(_PATIENCE, _ANSWER)
        if outputs is None:
            said = f"waiting for {shlex.join(argv)}, at most {_GIVEN - _PATIENCE:.0f} s more"
            print(visible(said), file=sys.stderr, flush=True)
            outputs = process.communicate(_GIVEN - _PATIENCE, _ANSWER)
        if outputs is None:
            raise NoAnswer(argv, _GIVEN)
        return _succeeded(argv, process, outputs)


@contextlib.contextmanager
def _started(argv: Sequence[str], env: Mapping[str, str] | None, cwd: Path | None) -> Iterator[Process]:
    """A process with both outputs in pipes. An exception kills it."""
    process = Process(argv, env=base_environment() if env is None else env, cwd=cwd, stdout=PIPE, stderr=PIPE)
    try:
        yield process
    except BaseException:
        process.kill()
        raise
    finally:
        process.close()


def _succeeded(argv: Sequence[str], process: Process, outputs: tuple[bytes, bytes]) -> str:
    """The standard output of a process that has ended, as text. Raises CommandFailed or OSError as `capture`."""
    out, err = outputs
    if code := process.poll():
        output = (err or out).decode("utf-8", "backslashreplace")
        check_room(output, shlex.join(argv))
        raise CommandFailed(argv, code, output)
    return out.decode("utf-8", "backslashreplace")


def check_room(output: str, what: str) -> None:
    """Raise OSError (ENOSPC or EDQUOT) when the output of a command says that the disk or the quota is full."""
    for number in (errno.ENOSPC, errno.EDQUOT):
        if os.strerror(number) in output:
            raise OSError(number, f"{os.strerror(number)}: {what}")


def run_logged(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    tick: Callable[[float], None] = lambda elapsed: None,
) -> int:
    """Run a command with both its outputs in `log`. Returns its return code (negative for a signal).

    `tick` is called several times a second with the seconds since the start. When it raises, on Ctrl-C, or when the
    thread's branch has to end, the process group is killed. It is also killed when the harness itself dies.
    """
    started = time.monotonic()
    with log.open("wb") as file:
        file.write(f"$ cd {shlex.quote(str(cwd))}\n$ {shlex.join(argv)}\n".encode())
        file.flush()
        with Guard() as guard:
            process = Process(argv, env=env, cwd=cwd, stdout=file.fileno(), stderr=STDOUT, guard=guard)
            try:
                while (code := process.wait(CHECK)) is None:
                    check_stopped()
                    tick(time.monotonic() - started)
            except BaseException:
                process.kill()
                raise
        return code


def run_attached(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> int:
    """Run a command on the user's terminal, in the harness's own process group. Returns its return code.

    Ctrl-C reaches the command directly, and SIGTERM is passed on as Ctrl-C. Either way this waits for the command.
    """
    process = Process(argv, env=env, cwd=cwd, attached=True)
    code = None
    while code is None:
        try:
            code = process.wait()
        except Terminated:
            process.send(signal.SIGINT)
        except KeyboardInterrupt:
            continue
    return code
