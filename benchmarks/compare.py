"""Compares the outcomes of upstream's own run (regrtest's JUnit) with those of the harness.

Explained differences are counted by explanation; the others are listed one by one.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec
from rich.console import Console

from harness.suite.results import read_results
from matrix.names import full_name
from matrix.outcome import Outcome, Status

SUBTEST = re.compile(r"^(?P<test>[\w.<>-]+) [\[(].*[\])]$", re.DOTALL)
"""the name of a sub-test in regrtest's JUnit files"""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Test cases of both sides, as multisets of (test, outcome)."""

    upstream: int
    ours: int
    equal: int
    explained: dict[str, list[str]]
    unexplained: list[str]


def upstream_outcomes(paths: Iterable[Path]) -> Counter[tuple[str, str]]:
    """(test, outcome) of every case in regrtest's JUnit files."""
    found: Counter[tuple[str, str]] = Counter()
    for case in (case for path in paths for case in ET.parse(path).getroot().iter("testcase")):
        tags = {child.tag for child in case}
        outcome = "passed"
        if "skipped" in tags:
            outcome = "skipped"
        elif "failure" in tags or case.get("outcome") == "UNEXPECTED_SUCCESS" or case.get("name") is None:
            outcome = "failed"
        elif "error" in tags:
            outcome = "errored"
        found[case.get("name") or "(a test with a failed sub-test)", outcome] += 1
    return found


def seconds_in_tests(upstream_xml: Path) -> float:
    """How long the tests in one of regrtest's JUnit files took themselves, without starts, imports and clean-up."""
    return sum(float(case.get("time") or 0) for case in ET.parse(upstream_xml).getroot().iter("testcase"))


def our_outcomes(path: Path) -> dict[tuple[str, str], list[Outcome]]:
    """Our outcomes by (test, outcome)."""
    found: dict[tuple[str, str], list[Outcome]] = {}
    for result in read_results(path).values():
        for outcome in result.outcomes:
            found.setdefault((outcome.test, outcome.status.value), []).append(outcome)
    return found


def compare(upstream_xml: Iterable[Path], outcomes: Path, lost: Iterable[str] = ()) -> Comparison:
    """Compare both sides; `lost` are the modules of which upstream's run left no results.

    Raises OSError or ParseError for a file that is missing or incomplete.
    """
    of_lost = tuple(f"{full_name(module)}." for module in lost)
    upstream = upstream_outcomes(upstream_xml)
    ours = our_outcomes(outcomes)
    counted = Counter({key: len(found) for key, found in ours.items()})
    only_upstream, only_ours = upstream - counted, counted - upstream
    explained: dict[str, list[str]] = {}
    unexplained: list[str] = []

    def explain(why: str, test: str) -> None:
        explained.setdefault(why, []).append(test)

    # In upstream's file a skipped sub-test replaces its test; the harness reports the test itself.
    for test, outcome in sorted(only_upstream.elements()):
        match = SUBTEST.match(test)
        if outcome == "skipped" and match and only_ours[match["test"], "passed"]:
            only_ours[match["test"], "passed"] -= 1
            explain("upstream names the skipped sub-test in place of the test, which passed", test)
        else:
            unexplained.append(f"only upstream: {outcome} {test}")
    for (test, status), number in sorted((+only_ours).items()):
        for found in ours[test, status][-number:]:
            if of_lost and f"{test}.".startswith(of_lost):
                explain("upstream's run left nothing of a module that ended its process", test)
                continue
            is_module = not re.search(r"\.[A-Z_]\w*\.\w+$|\.[A-Z]\w*$", test)
            if found.status is Status.SKIPPED and is_module:
                explain("upstream's file leaves out modules that were skipped as a whole", test)
            elif found.status is Status.SKIPPED and (test, "passed") not in upstream:
                explain("upstream's file leaves out the tests of a class or module whose set-up was skipped", test)
            else:
                unexplained.append(f"only here: {status} {test}: {found.detail[:200]}")
    return Comparison(
        upstream=upstream.total(),
        ours=counted.total(),
        equal=(upstream & counted).total(),
        explained=explained,
        unexplained=unexplained,
    )


def show_comparison(name: str, found: Comparison, console: Console) -> None:
    """Print what is equal and what differs between upstream's run and the run called `name`."""
    console.print(f"\n{name}: {found.ours} outcomes, upstream {found.upstream}, equal {found.equal}")
    for why, tests in found.explained.items():
        console.print(f"  {len(tests)} differ because {why}")
    for line in found.unexplained:
        console.print(f"  unexplained: {line}", markup=False)
