"""The only module that starts processes.

Every process gets a group of its own, so that it can be ended together with its children, and dies
with the harness where the machine has util-linux's `setpriv` (PR_SET_PDEATHSIG, prctl(2)).
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from matrix.errors import HarnessFault, MatrixError

_KILL_WAIT = 10.0
"""seconds that a killed process group may take to go away"""


class CommandFailed(MatrixError):
    """A command that had to succeed did not."""

    exit_status = 3

    def __init__(self, argv: Sequence[str], returncode: int, output: str) -> None:
        super().__init__(f"{shlex.join(argv)}\nended with {describe_exit(returncode)}\n{output.rstrip()}")
        self.returncode = returncode
        self.output = output


def describe_exit(returncode: int) -> str:
    """`exit status 2`, or `signal SIGKILL` for a negative return code."""
    if returncode >= 0:
        return f"exit status {returncode}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-returncode).name}"
    return f"signal {-returncode}"


def base_environment() -> dict[str, str]:
    """What every process gets of the user's environment: nothing that changes what is built or run."""
    kept = ("PATH", "HOME", "TMPDIR", "USER", "LOGNAME")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LANG": "C.UTF-8"}


def client_environment() -> dict[str, str]:
    """The environment of the package clients (apt, pip), whose configuration is the user's own."""
    return dict(os.environ) | {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


class Terminated(KeyboardInterrupt):
    """This process was sent SIGTERM: what it does is ended as Ctrl-C ends it."""


def heed_termination() -> None:
    """Let SIGTERM raise Terminated: by default it would end this process and leave what its children started.

    SIGINT, with which those are ended then, is no longer ignored, as shells let background jobs do, and these theirs.
    """

    def terminate(number: int, frame: object) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@cache
def _tether() -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


def _start(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: Path | None, stdout: int, stderr: int
) -> subprocess.Popen[bytes]:
    # Asked here, since `setpriv` would start whatever is there or not.
    # A path is relative to where the command is started.
    command = str((cwd or Path()) / argv[0]) if os.sep in argv[0] else argv[0]
    if shutil.which(command, path=env.get("PATH")) is None:
        raise HarnessFault(f"cannot start {shlex.join(argv)}: there is no command {argv[0]}")
    try:
        return subprocess.Popen(
            [*_tether(), *argv],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    except FileNotFoundError as exc:
        missing = exc.filename if cwd is None or cwd.is_dir() else cwd
        raise HarnessFault(f"cannot start {shlex.join(argv)}: {missing} is not there") from None
    except OSError as exc:
        raise HarnessFault(f"cannot start {shlex.join(argv)}: {exc}") from None


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_KILL_WAIT)


def require(tool: str, *, package: str = "") -> str:
    """The path of a command. Raises HarnessFault naming the package that has it."""
    if path := shutil.which(tool):
        return path
    raise MissingTool(tool, package or tool)


class MissingTool(MatrixError):
    """A command that a step needs is not installed."""

    exit_status = 3

    def __init__(self, tool: str, package: str) -> None:
        super().__init__(
            f"the command `{tool}` is not installed or not on PATH",
            hint=f"install it (on Debian: apt-get install {package}) and run again",
        )


def capture(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 300.0,
) -> str:
    """The standard output of a command, as text.

    `timeout` is in seconds. Raises CommandFailed, with its output, when it does not exit with 0.
    """
    process = _start(
        argv,
        env=base_environment() if env is None else env,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:  # closes the pipes
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _kill_group(process)
            raise CommandFailed(argv, -signal.SIGKILL, f"no answer within {timeout:.0f} s") from None
        except BaseException:
            _kill_group(process)
            raise
    if process.returncode != 0:
        raise CommandFailed(argv, process.returncode, (err or out).decode("utf-8", "backslashreplace"))
    return out.decode("utf-8", "backslashreplace")


def run_logged(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    tick: Callable[[float], None] = lambda elapsed: None,
) -> int:
    """Run a command with both its outputs in `log`; its return code (negative for a signal).

    `tick` is called some times a second with the seconds that have gone by. The process group is
    killed when anything is raised meanwhile (Ctrl-C, say).
    """
    started = time.monotonic()
    with log.open("wb") as file:
        file.write(f"$ cd {shlex.quote(str(cwd))}\n$ {shlex.join(argv)}\n".encode())
        file.flush()
        process = _start(argv, env=env, cwd=cwd, stdout=file.fileno(), stderr=subprocess.STDOUT)
        try:
            while True:
                try:
                    return process.wait(0.2)
                except subprocess.TimeoutExpired:
                    tick(time.monotonic() - started)
        except BaseException:
            _kill_group(process)
            raise


class Background:
    """A command that goes on beside others, in a session of its own, with both its outputs in `log`.

    It and what it starts stay on some `processors`, if any are named.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        processors: Collection[int] = (),
    ) -> None:
        self.started = time.time()
        self.cpu = 0.0
        """seconds, its own and its children's, once it is over"""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            file.write(f"$ {shlex.join(argv)}\n".encode())
            file.flush()
            self._process = _start(argv, env=env, cwd=cwd, stdout=file.fileno(), stderr=subprocess.STDOUT)
        if processors:
            with contextlib.suppress(ProcessLookupError):  # it is over already
                os.sched_setaffinity(self._process.pid, processors)

    def poll(self) -> int | None:
        """The return code (negative for a signal), or None while it runs."""
        if self._process.returncode is None:
            pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
            if pid:
                self._process.returncode = os.waitstatus_to_exitcode(status)
                self.cpu = usage.ru_utime + usage.ru_stime
        return self._process.returncode

    def interrupt(self) -> None:
        """What Ctrl-C is to a command on a terminal."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGINT)

    def kill(self) -> None:
        if self.poll() is None:
            _kill_group(self._process)


def run_attached(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> int:
    """Run a command on the user's terminal, in the harness's own process group; its return code.

    Ctrl-C reaches it as it reaches the harness, SIGTERM as Ctrl-C; the command is waited for in any case.
    """
    try:
        process = subprocess.Popen([*_tether(), *argv], env=dict(env), cwd=cwd)
    except OSError as exc:
        raise HarnessFault(f"cannot start {shlex.join(argv)}: {exc}") from None
    while True:
        try:
            return process.wait()
        except Terminated:
            process.send_signal(signal.SIGINT)
        except KeyboardInterrupt:
            continue


def tail(log: Path, lines: int = 25) -> str:
    """The last lines of a log, whatever bytes it has; at most 64 KiB are read."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 65536))
            text = file.read().decode("utf-8", "backslashreplace")
    except OSError as exc:
        return f"({log} cannot be read: {exc.strerror})"
    return "\n".join(text.splitlines()[-lines:])


class Guest:
    """One running guest: its process, its output (both streams) up to a limit.

    The first `keep` bytes and the last `keep` bytes of the output are kept; beyond `limit` bytes the
    guest is killed and `overflowed` is set.
    """

    keep = 128 * 1024

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, output_limit: int) -> None:
        self.argv = tuple(argv)
        self.overflowed = False
        self.written = 0
        self._limit = output_limit
        self._head = bytearray()
        self._tail = bytearray()
        self._process = _start(argv, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._pump = threading.Thread(target=self._read, daemon=True)
        self._pump.start()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        for chunk in _chunks(stream.fileno()):
            self.written += len(chunk)
            if self.written > self._limit:
                self.overflowed = True
                _kill_group(self._process)
                break
            room = self.keep - len(self._head)
            self._head += chunk[:room]
            self._tail += chunk[max(room, 0) :]
            del self._tail[: -self.keep]

    @property
    def output(self) -> str:
        """What the guest printed, with the middle left out when it is long."""
        head, tail_ = self._head.decode("utf-8", "backslashreplace"), bytes(self._tail)
        left_out = self.written - len(self._head) - len(tail_)
        gap = f"\n[... {left_out} bytes left out ...]\n" if left_out > 0 else ""
        return head + gap + tail_.decode("utf-8", "backslashreplace")

    def poll(self) -> int | None:
        """The return code (negative for a signal), or None while it runs."""
        return self._process.poll()

    def wait(self, timeout: float) -> int | None:
        """The return code, waited for at most `timeout` seconds; None when it still runs."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        self._pump.join(_KILL_WAIT)
        return code

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the guest and all that it started, as a terminal does."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End the guest and all that it started."""
        _kill_group(self._process)
        self._pump.join(_KILL_WAIT)
        if self._process.stdout is not None:
            self._process.stdout.close()


def _chunks(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:
            return
        if not chunk:
            return
        yield chunk
