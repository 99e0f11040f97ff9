"""What was observed: the outcome of each test, and the result of each module.

`outcomes.jsonl` contains one `ModuleResult` per line. `reports.verdict` judges them.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from matrix.names import LONGEST, cut


class Status(StrEnum):
    """How one test ended."""

    PASSED = "passed"
    FAILED = "failed"
    """an assertion did not hold"""
    ERRORED = "errored"
    """an unexpected exception, an import that failed, a changed environment"""
    SKIPPED = "skipped"
    CRASHED = "crashed"
    """the guest ended during the test: a trap, an abort, an exit, a limit on memory or output"""
    TIMED_OUT = "timed_out"
    DID_NOT_RUN = "did_not_run"
    """the guest ended before the planned test started, or the module has no tests"""


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
"""each status as one letter, for compact records of many outcomes"""


_LONGEST = 1e11
"""seconds; a number beyond it, below 0 or none is not one that the harness wrote, and counts as 0"""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How one test case ended (`test.test_json.test_dump.TestPyDump.test_dump`).

    A module that was skipped or ended as a whole has one outcome with the module's own name (`test.test_tcl`).
    """

    test: str
    """its name; one that is very long is cut (`matrix.names.cut`)"""
    status: Status
    duration: float = 0.0
    """seconds"""
    detail: str = ""
    """the skip reason, the traceback, or how the guest ended"""
    output: str = ""
    """what the test printed, when it did not pass"""

    def __post_init__(self) -> None:
        if not 0 <= self.duration < _LONGEST:
            msgspec.structs.force_setattr(self, "duration", 0.0)
        if len(self.test) > LONGEST:
            msgspec.structs.force_setattr(self, "test", cut(self.test))


class ModuleResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The result of one test module: a line of `outcomes.jsonl`."""

    module: str
    outcomes: tuple[Outcome, ...]
    duration: float
    """seconds that the decisive run of the module took"""
    guests: int = 1
    """how many guests ran the module: more than one if it was re-run alone or continued after a crash"""
    startup: float = 0.0
    """seconds from starting the module's guests until their driver reported; 0 in a shared guest"""
    cpu: float = 0.0
    """Processor seconds of the module's guests, those included whose outcomes did not count, and from their starts.

    Of a shared guest, what it took since the module before.
    """
    worker: str = ""
    finished: float = 0.0
    """when the result was written, in seconds since the epoch"""
    fault: str = ""
    """why the harness itself failed to run the module; empty if it did not"""
    digest: str = ""
    """the digest of everything that can change the outcomes (`harness.guests.digest`)"""
    reads: tuple[str, ...] = ()
    """The paths in the tree on which the outcomes depend (`/Lib/os.py`); a slash at the end is for a directory's names.

    With ` as text` after it, a source's comments count, too; with ` ran 0-2,7`, only these of its functions (the module
    is 0). () when they are not known.
    """
    reused: str = ""
    """the id of the earlier run that this result was taken from"""

    def __post_init__(self) -> None:
        for name in ("duration", "startup", "cpu", "finished"):
            if not 0 <= getattr(self, name) < _LONGEST:
                msgspec.structs.force_setattr(self, name, 0.0)
        if len(self.module) > LONGEST:
            raise ValueError(f"{len(self.module)} characters are too many for the name of a module")

    @property
    def statuses(self) -> frozenset[Status]:
        return frozenset(outcome.status for outcome in self.outcomes)
