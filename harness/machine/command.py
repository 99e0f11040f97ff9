"""Run a command to its end: with its output returned, in a log, or on the user's terminal."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.machine.process import PIPE, STDOUT, Process, base_environment, describe_exit
from harness.machine.termination import Terminated
from matrix.errors import MatrixError


class CommandFailed(MatrixError):
    """A command failed that must succeed. The message contains its output."""

    exit_status = 3

    def __init__(self, argv: Sequence[str], returncode: int, output: str) -> None:
        super().__init__(f"{shlex.join(argv)}\nended with {describe_exit(returncode)}\n{output.rstrip()}")
        self.returncode = returncode
        self.output = output


def capture(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 300.0,
) -> str:
    """Run a command and return its standard output as text.

    `timeout` is in seconds. Raises CommandFailed, with the command's output, when the exit status is not 0, and OSError
    (ENOSPC or EDQUOT) when the output says that there is no room: then nothing is wrong with the command.
    """
    process = Process(
        argv,
        env=base_environment() if env is None else env,
        cwd=cwd,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        outputs = process.communicate(timeout)
        if outputs is None:
            raise CommandFailed(argv, -signal.SIGKILL, f"no answer within {timeout:.0f} s")
    except BaseException:
        process.kill()
        raise
    finally:
        process.close()
    out, err = outputs
    code = process.poll()
    if code:
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

    `tick` is called several times a second with the seconds since the start. When it raises, or on Ctrl-C, the
    process group is killed.
    """
    started = time.monotonic()
    with log.open("wb") as file:
        file.write(f"$ cd {shlex.quote(str(cwd))}\n$ {shlex.join(argv)}\n".encode())
        file.flush()
        process = Process(argv, env=env, cwd=cwd, stdout=file.fileno(), stderr=STDOUT)
        try:
            while (code := process.wait(0.2)) is None:
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
