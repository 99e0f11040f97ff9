"""Results of earlier runs, and which of them stand for a new one.

The bytes of the build, of the runtime and of the harness's own guest code, the settings of the guest, and those files
of the tree on which a test module depends determine what it does. As long as they are the same, an earlier result
stands for a new one. `state/results/<digest>.jsonl` keeps the results of one build, runtime, harness and settings, in
several states of the tree. Each result has the digest of everything, the tree included, and says which files it
depends on (`ModuleResult.reads`). `state/results/<digest of everything>.json` has the files of the tree.

The list of limitations does not count: a result stands as long as the list keeps the same of its tests from running.

Results of modules that ran in part are not kept, nor results that say more about the machine than about the module:
a test that took too long, a fault of the harness.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from harness.build.manifest import Contents
from harness.machine import sealed
from harness.machine.files import write_atomically
from harness.machine.store import Store
from harness.suite.batch import ModulePlan
from harness.suite.edits import Edits, Tree
from harness.suite.results import ResultsFile
from matrix.outcome import FAILING_STATUSES, ModuleResult, Status

NOT_RUN = "not run, by the list of limitations"
"""what the guest's driver says of a test that `run = false` keeps from running (`harness/guests/inside/driver.py`)"""

Expects = Callable[[str, Status, str], bool]
"""whether a limitation expects a test's status in a module"""

_MOST_STATES = 4
"""results of one module that are kept: of so many states of the files that it depends on"""


class KeptResults:
    """What earlier runs observed for one build, and which of it stands for the tree as it is."""

    def __init__(self, store: Store, digest: str, without_sources: str, tree: Tree) -> None:
        """`digest` is that of everything, `without_sources` that of everything but the tree."""
        self.digest = digest
        self._directory = store.root / "state" / "results"
        self._file = ResultsFile(self._directory / f"{without_sources}.jsonl", most=_MOST_STATES)
        self._store = store
        self._tree = tree
        self._edits: dict[str, Edits | None] = {}
        store.use(self._file.path)
        store.use(self._tree_file(digest))

    def take(self, plans: Iterable[ModulePlan], expects: Expects) -> dict[str, ModuleResult]:
        """The results that stand for a new run of the plans, by module. One with an unexpected outcome does not."""
        taken = {}
        known = self._file.read_all()
        for plan in plans:
            standing = (result for result in reversed(known.get(plan.module, ())) if self._stands(result))
            result = next(standing, None)
            if result is not None and plan.whole and as_expected(result, expects) and left_out_alike(result, plan.skip):
                taken[plan.module] = msgspec.structs.replace(result, digest=self.digest)
        return taken

    def keep(self, results: Mapping[str, ModuleResult], plans: Iterable[ModulePlan], run: str) -> None:
        """Keep what the run with that id observed for this digest, also before it was interrupted and resumed."""
        found = [results[plan.module] for plan in plans if plan.module in results and plan.whole]
        observed = [
            result
            for result in found
            if result.digest == self.digest
            and not (result.reused or result.fault or Status.TIMED_OUT in result.statuses)
        ]
        known = self._file.read_all() if observed else {}
        new = [
            result
            for result in observed
            if all(
                one.finished != result.finished or one.digest != result.digest for one in known.get(result.module, ())
            )
        ]
        if new:
            self._directory.mkdir(parents=True, exist_ok=True)
            write_atomically(self._tree_file(self.digest), sealed.encode(self._tree.contents))
        for result in new:
            self._file.append(msgspec.structs.replace(result, reused=run))
        if self._file.forgotten > _MOST_STATES * len(known):
            self._file.rewrite(result for results in self._file.read_all().values() for result in results)

    def forget(self, modules: Collection[str]) -> None:
        """Drop what is kept of some modules: it was shown not to stand."""
        if modules:
            known = self._file.read_all()
            self._file.rewrite(one for name, results in known.items() if name not in modules for one in results)

    def _stands(self, result: ModuleResult) -> bool:
        """Whether nothing has changed on which a kept result depends."""
        if result.digest == self.digest:
            return True
        if not result.reads:
            return False  # it is not known
        if result.digest not in self._edits:
            self._edits[result.digest] = self._edits_since(result.digest)
        edits = self._edits[result.digest]
        return edits is not None and not edits.concerning(result.reads)

    def _edits_since(self, digest: str) -> Edits | None:
        """What differs from the tree that the results with a digest saw; None when that is not known."""
        try:
            before = sealed.decode(self._tree_file(digest).read_bytes(), Contents)
        except (OSError, msgspec.DecodeError):
            return None
        self._store.use(self._tree_file(digest))
        return Edits(before, self._tree)

    def _tree_file(self, digest: str) -> Path:
        return self._directory / f"{digest}.json"


def left_out_alike(result: ModuleResult, skip: Sequence[str]) -> bool:
    """Whether a run of today leaves out exactly the tests that a result says were left out by the list."""
    return all(
        (outcome.status is Status.SKIPPED and outcome.detail == NOT_RUN)
        == any(fnmatchcase(outcome.test, pattern) for pattern in skip)
        for outcome in result.outcomes
        if skip or outcome.detail == NOT_RUN
    )


def as_expected(result: ModuleResult, expects: Expects) -> bool:
    """Whether a limitation expects each test that did not pass."""
    return all(
        expects(outcome.test, outcome.status, result.module)
        for outcome in result.outcomes
        if outcome.status in FAILING_STATUSES
    )


def differences(before: ModuleResult, now: ModuleResult, expects: Expects) -> list[str]:
    """What differs between two results of a module of which the first was said to stand for the second.

    A test that takes too long says more about the machine, and one that the list expects to fail may be flaky.
    """
    first, second = _statuses(before), _statuses(now)
    return [
        f"{test}: {_said(first[test])}, now {_said(second[test])}"
        for test in sorted(first.keys() | second.keys())
        if first[test] != second[test]
        and not any(
            status is Status.TIMED_OUT or (status in FAILING_STATUSES and expects(test, status, now.module))
            for status in (*first[test], *second[test])
        )
    ]


def _statuses(result: ModuleResult) -> defaultdict[str, list[Status]]:
    """The statuses of each test: several when tests share a name."""
    found: defaultdict[str, list[Status]] = defaultdict(list)
    for outcome in result.outcomes:
        found[outcome.test].append(outcome.status)
    for statuses in found.values():
        statuses.sort()
    return found


def _said(statuses: Iterable[Status]) -> str:
    return " and ".join(dict.fromkeys(statuses)) or "not there"
