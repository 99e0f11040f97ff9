"""Start and end processes. No other module does.

Each process gets a group of its own, so that it and its children can be killed together. Where the machine has
util-linux's `setpriv`, the kernel kills it when the harness dies (PR_SET_PDEATHSIG, prctl(2)).

Other modules rarely use `Process` itself: `command` runs a command to its end, `background` runs one beside others,
`guest_process` runs a guest.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import psutil

from harness.machine.branches import CHECK, check_stopped
from harness.machine.descendants import with_descendants
from matrix.errors import HarnessFault, MatrixError

PIPE, STDOUT = subprocess.PIPE, subprocess.STDOUT
"""where an output can go besides a file descriptor: into a pipe; to where standard output goes"""
KILL_WAIT = 10.0
"""seconds that a killed process group gets to disappear"""


class Guard:
    """Kills a process group when the harness dies.

    The kernel kills a process whose parent dies, but not what that had started: the compilers of a make, which would
    go on writing beside those of the next one. So a shell waits at a pipe until the harness's end of it is closed. The
    process that is guarded gets another end as its standard input, and says its number there before it becomes the
    command: the harness may die at any moment.
    """

    SAY = ("/bin/sh", "-c", 'echo $$ >&0; exec "$@" </dev/null', "sh")
    """the command prefix of what is guarded"""

    def __init__(self) -> None:
        reading, self.end_of_pipe = os.pipe()
        with open(reading, "rb") as stream:
            self._popen = subprocess.Popen(
                ["/bin/sh", "-c", 'read -r group && { read -r _; kill -KILL "-$group"; }'],
                stdin=stream,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: object) -> None:
        # The group has ended, and another one may get its number.
        self._popen.kill()
        self._popen.wait(KILL_WAIT)
        os.close(self.end_of_pipe)


class Process:
    """A running process. Its standard input is empty.

    `stdout` and `stderr` are file descriptors, PIPE or STDOUT. With `attached`, the process shares the harness's
    terminal and process group instead, so that Ctrl-C reaches both. With a `umask` of -1, it has the harness's.
    With a `guard`, its whole group is killed when the harness dies. It has the open files `descriptors` of the harness.

    Raises HarnessFault when the command or `cwd` does not exist or the command cannot be started.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None,
        stdout: int | None = None,
        stderr: int | None = None,
        attached: bool = False,
        umask: int = -1,
        guard: Guard | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:
        _check_command(argv, env, cwd)
        self._attached = attached
        empty = None if attached else subprocess.DEVNULL
        self._outputs = (bytearray(), bytearray())
        self._cpu = 0.0
        self._ended: list[object] = []
        """the streams that `communicate` has read to their ends"""
        try:
            self._popen = subprocess.Popen(
                [*_tether(), *(guard.SAY if guard else ()), *argv],
                env=dict(env),
                cwd=cwd,
                stdin=guard.end_of_pipe if guard else empty,
                stdout=stdout,
                stderr=stderr,
                start_new_session=not attached,
                umask=umask,
                pass_fds=descriptors,
            )
        except FileNotFoundError as exc:
            missing = exc.filename if cwd is None or cwd.is_dir() else cwd
            raise HarnessFault(f"cannot start {shlex.join(argv)}: {missing} does not exist") from None
        except OSError as exc:
            raise HarnessFault(f"cannot start {shlex.join(argv)}: {exc}") from None

    @property
    def pid(self) -> int:
        return self._popen.pid

    def poll(self) -> int | None:
        """The return code (negative for a signal), or None while the process runs."""
        with contextlib.suppress(ChildProcessError):  # its end was seen before
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                self.cpu()  # the next line makes the kernel forget them
        return self._popen.poll()

    def cpu(self) -> float:
        """The processor seconds of the process and its descendants so far.

        Linux keeps them until the end is seen (utime to cstime in /proc/PID/stat, proc_pid_stat(5)). From then on they
        are those that `poll` found at the end or `kill` before it; where `wait` saw the end, those of the last call.
        A process that nobody has waited for, and whose parent has ended, counts no longer: so none is subtracted.
        """
        if self._popen.returncode is None:
            self._cpu = max(self._cpu, cpu_of(self.pid))
        return self._cpu

    def wait(self, timeout: float | None = None) -> int | None:
        """The return code, or None when the process still runs after `timeout` seconds."""
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def communicate(self, timeout: float, keep: int) -> tuple[bytes, bytes] | None:
        """Both outputs, read from their pipes to the end; None when that takes longer than `timeout` seconds.

        The first `keep` bytes of each are kept; the rest is read and dropped. After None it may be called again.
        """
        deadline = time.monotonic() + timeout
        with selectors.DefaultSelector() as streams:
            for stream, kept in zip((self._popen.stdout, self._popen.stderr), self._outputs, strict=True):
                if stream is not None and stream not in self._ended:
                    streams.register(stream, selectors.EVENT_READ, kept)
            while streams.get_map():
                check_stopped()
                if (left := deadline - time.monotonic()) <= 0:
                    return None
                for key, _ in streams.select(min(left, CHECK)):
                    data = os.read(key.fd, 65536)
                    key.data.extend(data[: keep - len(key.data)])
                    if not data:
                        streams.unregister(key.fileobj)
                        self._ended.append(key.fileobj)
        while self.wait(min(max(deadline - time.monotonic(), 0), CHECK)) is None:
            check_stopped()
            if time.monotonic() > deadline:
                return None
        out, err = self._outputs
        return bytes(out), bytes(err)

    def read(self) -> bytes:
        """The next bytes of the standard output's pipe, or b"" at its end."""
        assert self._popen.stdout is not None
        try:
            return os.read(self._popen.stdout.fileno(), 65536)
        except (OSError, ValueError):  # ValueError: `close` has closed the pipe
            return b""

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process group, as a terminal does; to the process alone when it is attached."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._attached:
                self._popen.send_signal(number)
            else:
                os.killpg(self.pid, number)

    def kill(self) -> None:
        """Kill the process group and wait up to KILL_WAIT for the process to disappear."""
        self.cpu()
        self.send(signal.SIGKILL)
        self.wait(KILL_WAIT)

    def close(self) -> None:
        """Close the harness's ends of the pipes."""
        for stream in (self._popen.stdout, self._popen.stderr):
            if stream is not None:
                stream.close()


def cpu_of(pid: int) -> float:
    """The processor seconds of a running process and its descendants so far; 0 when it has ended."""
    taken = 0.0
    for each in with_descendants(pid):
        with contextlib.suppress(psutil.Error):  # it has just ended, or another thread has just seen the end
            taken += sum(psutil.Process(each).cpu_times()[:4])
    return taken


@cache
def _tether() -> tuple[str, ...]:
    """The command prefix that makes the kernel kill a process when the harness dies."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


def _check_command(argv: Sequence[str], env: Mapping[str, str], cwd: Path | None) -> None:
    """Raise HarnessFault when there is no such command: `setpriv` would start anyway and fail later."""
    # A path is relative to the directory in which the command starts.
    command = str((cwd or Path()) / argv[0]) if os.sep in argv[0] else argv[0]
    if shutil.which(command, path=env.get("PATH")) is None:
        if os.sep in command and Path(command).is_file():
            raise HarnessFault(
                f"cannot start {shlex.join(argv)}: {command} may not be executed",
                hint="a copy that has lost the modes of its files, as from a zip archive, needs them: chmod +x",
            )
        raise HarnessFault(f"cannot start {shlex.join(argv)}: there is no command {argv[0]}")


def describe_exit(returncode: int) -> str:
    """`exit status 2`, or `signal SIGKILL` for a negative return code."""
    if returncode >= 0:
        return f"exit status {returncode}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-returncode).name}"
    return f"signal {-returncode}"


def base_environment() -> dict[str, str]:
    """The part of the user's environment that every process gets. Nothing in it changes what is built or run."""
    kept = ("PATH", "HOME", "TMPDIR", "USER", "LOGNAME")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LANG": "C.UTF-8"}


def client_environment() -> dict[str, str]:
    """The environment of the package clients (apt, pip): the user's own, which configures them."""
    return dict(os.environ) | {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


class MissingTool(MatrixError):
    """A command that a step needs is not installed."""

    exit_status = 3

    def __init__(self, tool: str, package: str) -> None:
        super().__init__(
            f"the command `{tool}` is not installed or not on PATH",
            hint=f"install it (on Debian: apt-get install {package}) and run again",
        )


def require(tool: str, *, package: str = "") -> str:
    """The path of a command. Raises MissingTool, which names the Debian package that contains it."""
    if path := shutil.which(tool):
        return path
    raise MissingTool(tool, package or tool)
