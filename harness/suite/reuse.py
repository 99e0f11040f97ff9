"""Results of earlier runs, by the digest of what determines them.

The bytes of the build, of the library with its tests, of the runtime and of the harness's own guest code, and the
settings of the guest determine what a test module does. As long as their digest is the same, an earlier result
stands for a new one. `state/results/<digest>.jsonl` keeps the results.

The list of limitations is not part of the digest: a result counts as long as the list keeps the same of its tests from
running.

Results of modules that ran in part are not kept, nor results that say more about the machine than about the module:
a test that took too long, a fault of the harness.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

import msgspec

from harness.machine.store import Store
from harness.suite.batch import ModulePlan
from harness.suite.results import ResultsFile
from matrix.outcome import FAILING_STATUSES, ModuleResult, Status

NOT_RUN = "not run, by the list of limitations"
"""what the guest's driver says of a test that `run = false` keeps from running (`harness/guests/inside/driver.py`)"""

Expects = Callable[[str, Status, str], bool]
"""whether a limitation expects a test's status in a module"""


class KeptResults:
    """What earlier runs observed for one digest."""

    def __init__(self, store: Store, digest: str) -> None:
        self.digest = digest
        self._file = ResultsFile(store.root / "state" / "results" / f"{digest}.jsonl")
        store.use(self._file.path)

    def take(
        self,
        plans: Iterable[ModulePlan],
        expects: Expects,
        *,
        again: float = 0.0,
        chance: Callable[[], float] = random.random,
    ) -> dict[str, ModuleResult]:
        """The results that stand for a new run of the plans, by module.

        A module with an unexpected outcome runs again. So does the share `again` (0 to 1) of the others, chosen at
        random, to bring to light what is not deterministic.
        """
        known = self._file.read()
        return {
            plan.module: known[plan.module]
            for plan in plans
            if plan.module in known
            and plan.whole
            and _as_expected(known[plan.module], expects)
            and left_out_alike(known[plan.module], plan.skip)
            and chance() >= again
        }

    def keep(self, results: Mapping[str, ModuleResult], plans: Iterable[ModulePlan], run: str) -> None:
        """Keep what the run with that id observed for this digest, also before it was interrupted and resumed."""
        found = [results[plan.module] for plan in plans if plan.module in results and plan.whole]
        observed = [
            result
            for result in found
            if result.digest == self.digest
            and not (result.reused or result.fault or Status.TIMED_OUT in result.statuses)
        ]
        known = self._file.read() if observed else {}
        new = [
            result
            for result in observed
            if result.module not in known or known[result.module].finished != result.finished
        ]
        if new:
            self._file.path.parent.mkdir(parents=True, exist_ok=True)
        for result in new:
            self._file.append(msgspec.structs.replace(result, reused=run))


def left_out_alike(result: ModuleResult, skip: Sequence[str]) -> bool:
    """Whether a run of today leaves out exactly the tests that a result says were left out by the list."""
    return all(
        (outcome.status is Status.SKIPPED and outcome.detail == NOT_RUN)
        == any(fnmatchcase(outcome.test, pattern) for pattern in skip)
        for outcome in result.outcomes
        if skip or outcome.detail == NOT_RUN
    )


def _as_expected(result: ModuleResult, expects: Expects) -> bool:
    return all(
        expects(outcome.test, outcome.status, result.module)
        for outcome in result.outcomes
        if outcome.status in FAILING_STATUSES
    )
