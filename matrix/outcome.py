"""What was observed: the outcome of every test, and the record of one module's run.

These records are what `outcomes.jsonl` holds, one `ModuleResult` a line, and what reports judge.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Status(StrEnum):
    """What was observed for one test."""

    PASSED = "passed"
    FAILED = "failed"
    """an assertion did not hold"""
    ERRORED = "errored"
    """an unexpected exception, an import that failed, a changed environment"""
    SKIPPED = "skipped"
    CRASHED = "crashed"
    """the guest ended: a trap, an abort, an exit, a limit on memory or output"""
    TIMED_OUT = "timed_out"
    DID_NOT_RUN = "did_not_run"
    """planned, but the guest ended before it; or a module that has no test"""


FAILING_STATUSES = frozenset({Status.FAILED, Status.ERRORED, Status.CRASHED, Status.TIMED_OUT, Status.DID_NOT_RUN})
"""the statuses of a test that did not do what it should; a limitation may still expect one of them"""


LETTERS = {
    Status.PASSED: "p",
    Status.FAILED: "f",
    Status.ERRORED: "e",
    Status.SKIPPED: "s",
    Status.CRASHED: "c",
    Status.TIMED_OUT: "t",
    Status.DID_NOT_RUN: "-",
}
"""each status as one letter, where there are many"""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What was observed for one test case (`test.test_json.test_dump.TestPyDump.test_dump`).

    A module that was skipped or ended as a whole has one outcome named after itself (`test.test_tcl`).
    """

    test: str
    status: Status
    duration: float = 0.0
    """seconds"""
    detail: str = ""
    """the skip reason, the traceback, or how the guest ended"""
    output: str = ""
    """what the test printed, when it did not pass"""


class ModuleResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One finished test module: a line of `outcomes.jsonl`."""

    module: str
    outcomes: tuple[Outcome, ...]
    duration: float
    """seconds, of the run that counts"""
    guests: int = 1
    """how many guests it took: more than one when it was run again alone, or went on after a crash"""
    startup: float = 0.0
    """seconds that the guests which were started for it took before its driver said anything; none in a shared guest"""
    worker: str = ""
    finished: float = 0.0
    """when its result was written, in seconds since the epoch"""
    fault: str = ""
    """not empty when the harness itself failed to run it"""
    digest: str = ""
    """of all that determines what is observed (`harness.suite.reuse`)"""
    reused: str = ""
    """the run that observed it, when it was taken from there"""

    @property
    def statuses(self) -> frozenset[Status]:
        return frozenset(outcome.status for outcome in self.outcomes)
