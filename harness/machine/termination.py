"""End the harness on SIGTERM in the same way as on Ctrl-C."""

from __future__ import annotations

import signal


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
