"""Starts a command that can write to some directories only. It is a script and imports nothing of the harness.

    confine.py [--stack=BYTES] [--memory=BYTES] [--anywhere | DIRECTORY...] -- COMMAND...

It uses Landlock (Linux 5.13 and later; landlock(7)), which any user may use. The rules hold for the command and its
child processes. Reading is not restricted. Without Landlock it starts nothing, and exits with status 125, unless it is
told that the command may write `--anywhere`.

`--stack` raises the limit on the stack of the command's main thread (RLIMIT_STACK, setrlimit(2)). `--memory` limits
the memory of the command itself (RLIMIT_DATA): what it can write to counts, and addresses that it only reserves do not.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from collections.abc import Iterable

FAULT = 125

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""system calls; they have the same numbers on all of Linux's architectures"""
_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVS = 38

# The rights in linux/landlock.h that change a file or a directory; bits 13 and 14 exist since versions 2 and 3.
_WRITE_FILE = 1 << 1
_CHANGES_OF_DIRECTORIES = sum(1 << bit for bit in range(4, 13))  # remove, make_*
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/random", "/dev/urandom")


class _Ruleset(ctypes.Structure):
    _fields_ = [("handled_access_fs", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


_libc = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def version() -> int:
    """Landlock's version on this machine; 0 when the kernel does not have it."""
    try:
        return _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    except OSError:
        return 0


def restrict_writes(directories: list[str]) -> None:
    """From now on let this process write below these directories only. Raises OSError."""
    found = version()
    handled = _WRITE_FILE | _CHANGES_OF_DIRECTORIES
    handled |= (_REFER if found >= 2 else 0) | (_TRUNCATE if found >= 3 else 0)
    attributes = _Ruleset(handled)
    ruleset = _call(
        _CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)), ctypes.c_uint32(0)
    )
    for path in directories:
        _allow(ruleset, path, handled)
    for path in _DEVICES:
        if os.path.exists(path):
            _allow(ruleset, path, _WRITE_FILE | (_TRUNCATE & handled))
    if _libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")
    _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rule = _Beneath(access, descriptor)
    _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    os.close(descriptor)


def raise_stack(size: int) -> None:
    """Let the main thread of the command have a stack of `size` bytes. Raises OSError, ValueError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if soft != resource.RLIM_INFINITY and soft < size:
        resource.setrlimit(resource.RLIMIT_STACK, (size, hard))


def limit_memory(size: int) -> None:
    """Let the command have `size` bytes of memory. Raises OSError, ValueError."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or hard > size:
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def confined(
    command: tuple[str, ...], directories: Iterable[object], *, stack: int = 0, memory: int = 0
) -> tuple[str, ...]:
    """A command line that starts a command, confined to directories where this machine has Landlock.

    `stack` is the size of its main thread's stack, `memory` that of all its memory, in bytes; 0 leaves a limit alone.
    """
    where = [str(path) for path in directories] if version() else ["--anywhere"]
    limits = {"stack": stack, "memory": memory}
    options = [f"--{name}={size}" for name, size in limits.items() if size]
    if not options and not version():
        return command
    return (sys.executable, "-I", "-S", __file__, *options, *where, "--", *command)


def bare(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command that a command line of `confined` starts; any other command line as it is."""
    return argv[argv.index("--") + 1 :] if __file__ in argv else argv


def main() -> None:
    split = sys.argv.index("--")
    words, command = sys.argv[1:split], sys.argv[split + 1 :]
    try:
        for option, limit in (("--stack=", raise_stack), ("--memory=", limit_memory)):
            if words and words[0].startswith(option):
                limit(int(words.pop(0).removeprefix(option)))
        if words != ["--anywhere"]:
            restrict_writes(words)
        os.execvp(command[0], command)  # noqa: S606  # the argv of our own command line, no shell
    except (OSError, ValueError) as exc:
        print(f"confine.py: {exc}", file=sys.stderr)
        sys.exit(FAULT)


if __name__ == "__main__":
    main()
