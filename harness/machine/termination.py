"""How the harness's processes end: on SIGTERM in the same way as on Ctrl-C, and workers with their controller."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
"""prctl(2)"""


class Terminated(KeyboardInterrupt):
    """This process received SIGTERM."""


def raise_on_sigterm() -> None:
    """Make SIGTERM raise Terminated. By default it would end this process and leave its children running.

    Also make SIGINT raise KeyboardInterrupt again where a shell has set it to be ignored, as shells do for background
    jobs: children inherit that, and the harness ends them with SIGINT.
    """

    def terminate(number: int, frame: object) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end_with(parent: int) -> None:
    """Have the kernel kill this process as soon as its parent ends, however that ends.

    `parent` is the process id of the parent. When it has ended already, this process ends now.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
