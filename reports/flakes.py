"""Flaky tests: their outcomes vary although nothing that determines them has changed. Pure.

The input is several observations of one module on one cell, all with the same digest.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

import msgspec

from matrix.outcome import FAILING_STATUSES, Status
from reports.verdict import Rate

_FIXTURE = re.compile(r"^\w+ \((?P<owner>.+)\)$")
"""`setUpClass (test.test_a.A)`"""

Together = tuple[Status, ...]
"""the sorted outcomes of all tests of one name in a module: usually there is one test"""


class Flake(msgspec.Struct, frozen=True, kw_only=True):
    """A test with different outcomes for the same digest."""

    cell: str
    module: str
    test: str
    digest: str
    rate: Rate
    outcomes: dict[str, int]
    """how often each outcome was observed"""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """The outcomes of a module, and how often exactly these were observed."""

    tests: tuple[str, ...]
    statuses: tuple[Status, ...]
    """one for each test"""
    times: int = 1


def tally(observations: Sequence[Observation], wanted: Collection[str]) -> dict[str, Counter[Together]]:
    """How often each of the wanted tests had which outcome.

    A test that did not run was not observed. A module and the fixture of a class have an outcome of their own only when
    they fail; they count as passed where tests inside them ran.
    """
    counts: dict[str, Counter[Together]] = {test: Counter() for test in wanted}
    places: dict[int, dict[str, list[int]]] = {}
    for one in observations:  # most observations share the tuple of their tests
        if id(one.tests) not in places:
            places[id(one.tests)] = _places(one.tests, wanted)
        for test, positions in places[id(one.tests)].items():
            statuses = [one.statuses[position] for position in positions]
            if together := tuple(sorted(status for status in statuses if status is not Status.DID_NOT_RUN)):
                counts[test][together] += one.times
    for test, count in counts.items():
        if count.total() < sum(one.times for one in observations):
            match = _FIXTURE.match(test)
            inside = f"{match['owner'] if match else test}."
            count[Status.PASSED,] += sum(one.times for one in observations if _ran_inside(one, test, inside))
    return {test: +count for test, count in counts.items()}


def _places(tests: Sequence[str], wanted: Collection[str]) -> dict[str, list[int]]:
    """The positions of each of the wanted tests in `tests`."""
    places: dict[str, list[int]] = defaultdict(list)
    for position, test in enumerate(tests):
        if test in wanted:
            places[test].append(position)
    return places


def _ran_inside(one: Observation, test: str, inside: str) -> bool:
    """Whether `test`, a module or a fixture, has no outcome of its own while tests inside it ran."""
    return test not in one.tests and any(
        name.startswith(inside) and status is not Status.DID_NOT_RUN
        for name, status in zip(one.tests, one.statuses, strict=True)
    )


def rate(count: Mapping[Together, int]) -> Rate:
    """How many of a test's observations were failures."""
    bad = sum(times for statuses, times in count.items() if not FAILING_STATUSES.isdisjoint(statuses))
    return Rate(bad=bad, all=sum(count.values()))


def flakes(cell: str, module: str, digest: str, observations: Sequence[Observation]) -> list[Flake]:
    """The flaky tests of a module; the observations all have the same digest."""
    return [
        Flake(
            cell=cell,
            module=module,
            test=test,
            digest=digest,
            rate=rate(count),
            outcomes={", ".join(statuses): times for statuses, times in count.most_common()},
        )
        for test, count in tally(observations, _varying(observations)).items()
        if len(count) > 1
    ]


def _varying(observations: Sequence[Observation]) -> set[str]:
    """The tests that are missing from some observation, or whose status differs between observations."""
    first, *others = observations
    found: set[str] = set()
    for other in others:
        if other.tests == first.tests:
            both = zip(first.tests, first.statuses, other.statuses, strict=True)
            found |= {test for test, before, after in both if before is not after}
        else:
            one, two = (Counter(zip(each.tests, each.statuses, strict=True)) for each in (first, other))
            found |= {test for test, _ in (one - two) + (two - one)}
    return found
