"""`python -m harness`: does the work of nox's sessions. docs/command-line.md describes it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.markup import escape

from harness.commands.cache import cache
from harness.commands.cells import list_cells
from harness.commands.cli import OUT, parse
from harness.commands.history import diff, history
from harness.commands.limitations import list_limitations
from harness.commands.nightly import nightly
from harness.commands.pins.main import update_pins
from harness.commands.plan import plan
from harness.commands.probe import probe
from harness.commands.report import report
from harness.commands.serve import serve_repl
from harness.commands.test import build_or_test
from harness.commands.triage.main import triage
from harness.commands.work import work
from harness.machine.termination import raise_on_sigterm
from matrix.errors import MatrixError

COMMANDS = {
    # those that take the options of `harness.commands.cli`
    "cells": list_cells,
    "report": report,
    "build": build_or_test,
    "test": build_or_test,
    "limitations": list_limitations,
    "probe": probe,
    "serve": serve_repl,
}
OWN_OPTIONS: dict[str, Callable[[Sequence[str], Console], int]] = {
    "cache": cache,
    "diff": diff,
    "history": history,
    "nightly": nightly,
    "plan": plan,
    "triage": triage,
    "update-pins": update_pins,
    "work": work,
}
"""commands that have options of their own: each takes the words after its name"""


def main(argv: Sequence[str]) -> int:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    errors = Console(stderr=True, highlight=False)
    try:
        if argv and argv[0] in OWN_OPTIONS:
            return OWN_OPTIONS[argv[0]](argv[1:], console)
        arguments = parse(argv, out=OUT)
        return COMMANDS[arguments.command](arguments, console)
    except KeyboardInterrupt:
        errors.print("interrupted")
        return 130
    except MatrixError as exc:
        errors.print(f"[red]error[/red]: {escape(str(exc))}", soft_wrap=True)
        return exc.exit_status
    except OSError as exc:
        errors.print(f"[red]error[/red]: {escape(str(exc))}", soft_wrap=True)
        errors.print("  -> when the disk is full: free some room; `test --resume` goes on with the run", soft_wrap=True)
        return 4


if __name__ == "__main__":
    raise_on_sigterm()
    sys.exit(main(sys.argv[1:]))
