"""The tests of a cell as its page loads them: columns instead of records, repeated texts stored once. Pure.

A cell has 45,000 tests and nearly all pass. Of a test that passed, the browser loads its name, its duration and two
letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from matrix.names import full_name
from matrix.outcome import FAILING_STATUSES, LETTERS, ModuleResult, Status
from matrix.text import shortened, visible
from reports.tracebacks import Failure, failures, raised
from reports.verdict import CellVerdicts, Judged, Verdict

VERDICT_LETTERS = {
    Verdict.OK: "o",
    Verdict.KNOWN: "k",
    Verdict.STALE: "s",
    Verdict.REGRESSION: "r",
    Verdict.MISSING: "m",
    Verdict.FLAKY: "f",
    Verdict.HARNESS_ERROR: "h",
}
LONGEST = 20_000
"""characters of a text that the page shows; a longer text is also written to a file of its own"""
_LONGEST_REASON = 500
_LONGEST_RAISED = 300


class Details(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The texts of one test."""

    failures: tuple[Failure, ...] = ()
    """its tracebacks in their parts"""
    detail: str = ""
    """what was seen of a test without a traceback, such as how the guest ended"""
    output: str = ""
    why: str = ""
    """why its verdict is red, when the outcome alone does not explain it"""
    cut: tuple[str, ...] = ()
    """the names of those of `detail` and `output` that are shortened here"""


class ModuleDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of a module's tests."""

    tests: dict[str, Details]
    """by the test's position in the module"""
    whole: dict[str, str]
    """each shortened text in full, by position and name: `3-output`"""


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """A cell's tests. `names`, `milliseconds`, `statuses` and `verdicts` have one entry or letter for each test."""

    modules: list[tuple[str, int, float, int, float, int]]
    """name, number of tests, seconds, number of guests, seconds for starting them, 1 for an earlier run's results"""
    names: list[str]
    """without the module's name and a dot; the full name after a `=` when the test is not in the module; "" for the
    module itself"""
    statuses: str
    verdicts: str
    milliseconds: list[int]
    reasons: list[str]
    """the reasons of skipped tests, each once"""
    reason: dict[str, int]
    """the index of a test's reason, by the test's index"""
    limitations: list[str]
    """the ids of limitations, each once"""
    limitation: dict[str, int]
    """the index of a test's limitation, by the test's index"""
    failures: list[str]
    """what was raised by tests that failed, each once: the exception and the first line of its message"""
    failure: dict[str, int]
    """the index of what a test raised, by the test's index"""
    detailed: list[int]
    """the indexes of the modules whose tests have texts"""


def columns(verdicts: CellVerdicts, results: Mapping[str, ModuleResult]) -> tuple[Columns, dict[int, ModuleDetails]]:
    """A cell's tests as columns, and the texts of its modules by the module's index."""
    found = Columns(
        modules=[],
        names=[],
        statuses="",
        verdicts="",
        milliseconds=[],
        reasons=[],
        reason={},
        limitations=[],
        limitation={},
        failures=[],
        failure={},
        detailed=[],
    )
    reasons: dict[str, int] = {}
    limitations: dict[str, int] = {}
    said_by: dict[str, int] = {}
    statuses: list[str] = []
    kinds: list[str] = []
    details: dict[int, ModuleDetails] = {}
    for place, (module, grouped) in enumerate(groupby(verdicts.judged, key=attrgetter("module"))):
        items = list(grouped)
        first = len(found.names)
        found.names.extend(_names([item.outcome.test for item in items], full_name(module) + "."))
        statuses += [LETTERS[item.outcome.status] for item in items]
        kinds += [VERDICT_LETTERS[item.verdict] for item in items]
        found.milliseconds.extend([round(item.outcome.duration * 1000) for item in items])
        for number, item in enumerate(items, first):
            outcome = item.outcome
            if item.limitation:
                found.limitation[str(number)] = limitations.setdefault(item.limitation, len(limitations))
            if outcome.status is Status.PASSED:  # as nearly all
                continue
            if outcome.status is Status.SKIPPED and outcome.detail:
                text = shortened(visible(outcome.detail), _LONGEST_REASON)
                found.reason[str(number)] = reasons.setdefault(text, len(reasons))
            if outcome.status in FAILING_STATUSES and (said := raised(outcome.detail)):
                text = shortened(visible(said), _LONGEST_RAISED)
                found.failure[str(number)] = said_by.setdefault(text, len(said_by))
        result = results.get(module)
        found.modules.append(
            (
                visible(module),
                len(items),
                round(result.duration, 3) if result else 0.0,
                result.guests if result else 0,
                round(result.startup, 3) if result else 0.0,
                int(bool(result and result.reused)),
            )
        )
        if more := _details(items):
            details[place] = more
            found.detailed.append(place)
    found.reasons.extend(reasons)
    found.limitations.extend(limitations)
    found.failures.extend(said_by)
    return msgspec.structs.replace(found, statuses="".join(statuses), verdicts="".join(kinds)), details


def _names(tests: Sequence[str], prefix: str) -> list[str]:
    """The names of a module's tests as columns have them."""
    cut = len(prefix)
    names = [test[cut:] if test.startswith(prefix) else "" if test == prefix[:-1] else f"={test}" for test in tests]
    ordinary = "".join(names)
    return names if ordinary.isascii() and ordinary.isprintable() else [visible(name) for name in names]


def _details(items: Sequence[Judged]) -> ModuleDetails | None:
    tests: dict[str, Details] = {}
    whole: dict[str, str] = {}
    for place, item in enumerate(items):
        outcome = item.outcome
        if not (outcome.detail or outcome.output or item.detail):  # as nearly all
            continue
        skipped = outcome.status is Status.SKIPPED and len(outcome.detail) <= _LONGEST_REASON
        texts = {"detail": "" if skipped else outcome.detail, "output": outcome.output}
        if not any(texts.values()) and not item.detail:
            continue
        cut = tuple(name for name, text in texts.items() if len(text) > LONGEST)
        whole |= {f"{place}-{name}": texts[name] for name in cut}
        shown = {name: visible(shortened(text, LONGEST)) for name, text in texts.items()}
        taken = failures(shown["detail"]) if outcome.status in FAILING_STATUSES else ()
        if taken:
            shown["detail"] = ""
        tests[str(place)] = Details(**shown, failures=taken, why=visible(item.detail), cut=cut)
    return ModuleDetails(tests=tests, whole=whole) if tests else None
