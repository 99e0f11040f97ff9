"""`python -m harness`: the table of commands. docs/reference/command-line.md describes them."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence

from harness.commands.build import BUILD
from harness.commands.cache import CACHE
from harness.commands.cells import CELLS
from harness.commands.command import Table, run
from harness.commands.diff import DIFF
from harness.commands.history import HISTORY
from harness.commands.limitations import LIMITATIONS
from harness.commands.nightly import NIGHTLY
from harness.commands.plan import PLAN
from harness.commands.probe import PROBE
from harness.commands.report import REPORT
from harness.commands.serve import SERVE
from harness.commands.terminal import SafeConsole
from harness.commands.test import TEST
from harness.commands.triage.main import TRIAGE
from harness.commands.unforeseen import EXIT_STATUS, told
from harness.commands.update_pins import UPDATE_PINS
from harness.commands.work import WORK
from harness.machine.termination import raise_on_sigterm
from matrix.errors import MatrixError
from reports.safe_text import for_terminal

COMMANDS: Table = {
    "everyday": (TEST, BUILD, CELLS, REPORT, SERVE),
    "many cells": (NIGHTLY, PLAN, WORK),
    "looking back": (DIFF, HISTORY),
    "limitations": (TRIAGE, PROBE, LIMITATIONS),
    "upkeep": (CACHE, UPDATE_PINS),
}


def main(argv: Sequence[str]) -> int:
    """Run a command; its exit status. A mistake or a failure that is foreseen is one message, without a traceback."""
    console = SafeConsole(highlight=False, width=None if sys.stdout.isatty() else 160)
    errors = SafeConsole(stderr=True, highlight=False)
    try:
        return run(COMMANDS, argv, console)
    except KeyboardInterrupt:
        errors.print("interrupted")
        return 130
    except MatrixError as exc:
        errors.print(f"[red]error[/red]: {for_terminal(str(exc))}", soft_wrap=True)
        return exc.exit_status
    except OSError as exc:
        errors.print(f"[red]error[/red]: {for_terminal(str(exc))}", soft_wrap=True)
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            errors.print("  -> free some room on the disk: `test --resume` continues the run", soft_wrap=True)
        return 4
    except Exception as exc:
        errors.print(f"[red]error[/red]: {for_terminal(told(exc, argv))}", soft_wrap=True)
        return EXIT_STATUS


if __name__ == "__main__":
    raise_on_sigterm()
    sys.exit(main(sys.argv[1:]))
