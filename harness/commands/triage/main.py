"""`triage`: the commands that lead from a red square to its cause, and into the list of limitations."""

from __future__ import annotations

from harness.commands.command import Command
from harness.commands.triage.bisect import BISECT, CHECK
from harness.commands.triage.repeat import MINIMISE, REPRO, RERUN
from harness.commands.triage.revise import ACCEPT, QUEUE, RETIRE
from harness.commands.triage.show import EXPLAIN, SHOW

TRIAGE = Command(
    name="triage",
    summary="find out why a test fails, and keep the list of limitations true",
    example="triage show test_os.FileTests.test_access\ntriage accept latest",
    subcommands=(SHOW, EXPLAIN, RERUN, REPRO, BISECT, CHECK, MINIMISE, QUEUE, ACCEPT, RETIRE),
)
