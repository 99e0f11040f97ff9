"""Flaky tests: those whose outcome is not the same whenever nothing that determines it has changed. Pure.

What is looked at is several observations of one module on one cell, all of the same digest.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from harness.outcome import RED, Status
from reports.changes import TestOutcome
from reports.verdict import Rate

_FIXTURE = re.compile(r"^\w+ \((?P<owner>.+)\)$")
"""`setUpClass (test.test_a.A)`"""

Together = tuple[Status, ...]
"""the outcomes of all tests of one name in a module, in order: mostly it is one"""


class Flake(msgspec.Struct, frozen=True, kw_only=True):
    """A test that did not come to the same with the same digest."""

    cell: str
    module: str
    test: str
    digest: str
    rate: Rate
    outcomes: dict[str, int]
    """how often it came to what"""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What a module came to, and how often just that was observed."""

    outcomes: Sequence[TestOutcome]
    times: int = 1


def tally(observations: Iterable[Observation]) -> dict[str, Counter[Together]]:
    """How often each test came to what.

    What did not run was not observed. A module or the fixture of a class has an outcome of its own when it
    fails, and none otherwise: it passed where tests of it were run.
    """
    counts: dict[str, Counter[Together]] = defaultdict(Counter)
    seen = [(_together(one.outcomes), one.times) for one in observations]
    for tests, times in seen:
        for test, statuses in tests.items():
            counts[test][statuses] += times
    for test in [test for test, count in counts.items() if count.total() < sum(times for _, times in seen)]:
        match = _FIXTURE.match(test)
        inside = f"{match['owner'] if match else test}."
        for tests, times in seen:
            if test not in tests and any(name.startswith(inside) for name in tests):
                counts[test][Status.PASSED,] += times
    return counts


def _together(outcomes: Sequence[TestOutcome]) -> dict[str, Together]:
    by_test: dict[str, list[Status]] = defaultdict(list)
    for test, status in outcomes:
        if status is not Status.DID_NOT_RUN:
            by_test[test].append(status)
    return {test: tuple(sorted(statuses)) for test, statuses in by_test.items()}


def rate(count: Mapping[Together, int]) -> Rate:
    """In how many of its observations a test was bad."""
    bad = sum(times for statuses, times in count.items() if not RED.isdisjoint(statuses))
    return Rate(bad=bad, all=sum(count.values()))


def flakes(cell: str, module: str, digest: str, observations: Iterable[Observation]) -> list[Flake]:
    """The flaky tests among a module's observations, which are all of one digest."""
    return [
        Flake(
            cell=cell,
            module=module,
            test=test,
            digest=digest,
            rate=rate(count),
            outcomes={", ".join(statuses): times for statuses, times in count.most_common()},
        )
        for test, count in tally(observations).items()
        if len(count) > 1
    ]
