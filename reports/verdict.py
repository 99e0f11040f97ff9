"""Judges the outcome of each test against the known limitations. Pure.

| observed                            | no entry names it | as its entry expects | otherwise         |
| passed                              | ok                | -                    | stale: red        |
| failed, errored, crashed, timed out | regression: red   | known                | regression: red   |
| skipped                             | ok, attributed    | known                | stale: red        |
| planned, but no outcome             | missing: red      | missing: red         | missing: red      |
| harness fault                       | harness error     | harness error        | harness error     |

A test that is expected to be flaky is flaky, whether it passes or fails. Beyond its bound it is a regression.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import assert_never

import msgspec

from matrix.limitations import CellLimitations, Expectation
from matrix.names import full_name
from matrix.outcome import ModuleResult, Outcome, Status


class Verdict(StrEnum):
    """What an outcome means."""

    OK = "ok"
    KNOWN = "known"
    STALE = "stale"
    REGRESSION = "regression"
    MISSING = "missing"
    FLAKY = "flaky"
    HARNESS_ERROR = "harness_error"


ENOUGH = 10
"""observations that are needed before a flaky test is held to its bound"""

RED_VERDICTS = frozenset({Verdict.STALE, Verdict.REGRESSION, Verdict.MISSING, Verdict.HARNESS_ERROR})


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """How often a test failed, over the observations of one digest."""

    bad: int
    all: int

    @property
    def share(self) -> float:
        """The share of observations that failed, 0 to 1."""
        return self.bad / self.all if self.all else 0.0


Rates = Mapping[tuple[str, str], Rate]
"""by module and test"""
NO_RATES: Rates = {}


class Judged(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One outcome and what it means."""

    module: str
    outcome: Outcome
    verdict: Verdict
    limitation: str = ""
    """the limitation that expects the outcome or explains the skip"""
    detail: str = ""
    """why it is red, when the outcome alone does not explain it"""


class StaleEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list that matched nothing in a full run."""

    limitation: str
    match: str = ""
    """the glob that matches no test"""
    skip_reason: str = ""
    """the pattern that no skipped test matches; when both are "", the entry explains no test at all"""

    def __str__(self) -> str:
        what = "explains no skip and no failure"
        if self.match:
            what = f"tests.match = {self.match!r} matches no test"
        elif self.skip_reason:
            what = f"skip_reasons: {self.skip_reason!r}: no test was skipped for that"
        return f"{self.limitation}: {what}"


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """A test for which entries of the list disagree; the first entry counted."""

    test: str
    entries: tuple[tuple[str, str, str, str], ...]
    """file, limitation, glob and expectation of each entry"""

    def __str__(self) -> str:
        said = (f"{file}: {name}: tests.match = {glob!r} expects {what}" for file, name, glob, what in self.entries)
        return ", but ".join(said)


class CellVerdicts(msgspec.Struct, frozen=True, kw_only=True):
    """A whole cell, judged."""

    judged: tuple[Judged, ...]
    planned: int
    run: int
    vacuous: tuple[str, ...]
    """modules that ran without testing anything: every test was skipped, or there is no test"""
    reused: int = 0
    """number of modules with the results of an earlier run"""
    stale_entries: tuple[StaleEntry, ...]
    """entries of the list that matched nothing in a full run"""
    conflicts: tuple[Conflict, ...] = ()

    @property
    def counts(self) -> Counter[Status]:
        """The number of outcomes by status."""
        return Counter(judged.outcome.status for judged in self.judged)

    @property
    def verdicts(self) -> Counter[Verdict]:
        """The number of outcomes by verdict."""
        return Counter(judged.verdict for judged in self.judged)

    @property
    def unexpected(self) -> tuple[Judged, ...]:
        """The outcomes with a red verdict."""
        return tuple(judged for judged in self.judged if judged.verdict in RED_VERDICTS)

    @property
    def unattributed(self) -> tuple[Judged, ...]:
        """Skips that nothing explains: the triage queue."""
        return tuple(
            judged
            for judged in self.judged
            if judged.outcome.status is Status.SKIPPED and judged.verdict is Verdict.OK and not judged.limitation
        )

    @property
    def green(self) -> bool:
        """Whether nothing is red: no outcome, no entry of the list."""
        return not (self.unexpected or self.stale_entries or self.conflicts)


def judge_cell(
    planned: Sequence[str],
    results: Mapping[str, ModuleResult],
    limitations: CellLimitations,
    *,
    full: bool,
    rates: Rates = NO_RATES,
) -> CellVerdicts:
    """Judge a cell: its `planned` modules, and the results of those that ran.

    `rates` say how often tests have failed so far. When every module was planned (`full`), an entry of the list that
    matches nothing is stale.
    """
    judged: list[Judged] = []
    vacuous: list[str] = []
    for module in planned:
        result = results.get(module)
        if result is None:
            outcome = Outcome(test=full_name(module), status=Status.DID_NOT_RUN, detail="there is no result of it")
            judged.append(
                Judged(module=module, outcome=outcome, verdict=Verdict.MISSING, detail="planned, but not run")
            )
            continue
        judged += [
            judge(
                module,
                outcome,
                limitations,
                fault=result.fault,
                rate=rates.get((module, outcome.test)) if rates else None,
            )
            for outcome in result.outcomes
        ]
        if result.statuses <= {Status.SKIPPED, Status.DID_NOT_RUN}:
            vacuous.append(module)
    return CellVerdicts(
        judged=tuple(judged),
        planned=len(planned),
        run=sum(module in results for module in planned),
        vacuous=tuple(vacuous),
        reused=sum(bool(results[module].reused) for module in planned if module in results),
        stale_entries=_stale(judged, limitations) if full else (),
        conflicts=_conflicts(judged, limitations),
    )


def judge(
    module: str, outcome: Outcome, limitations: CellLimitations, *, fault: str = "", rate: Rate | None = None
) -> Judged:
    """What one outcome means; `rate` says how often the test has failed, including this outcome."""
    if fault:
        return Judged(module=module, outcome=outcome, verdict=Verdict.HARNESS_ERROR, detail=fault)
    entry = limitations.expected(outcome.test, module)
    if entry is None and outcome.status is Status.PASSED:
        return Judged(module=module, outcome=outcome, verdict=Verdict.OK)
    expect, limitation = (entry.expect, entry.limitation) if entry else (None, "")

    def verdict(kind: Verdict, detail: str = "", by: str = limitation) -> Judged:
        return Judged(module=module, outcome=outcome, verdict=kind, limitation=by, detail=detail)

    def flaky() -> Judged:
        bound = entry.rate if entry else None
        if bound is None or rate is None or rate.all < ENOUGH or rate.share <= bound:
            return verdict(Verdict.FLAKY)
        seen = f"it was bad in {rate.bad} of {rate.all} runs, a rate of {rate.share:.1%}"
        return verdict(Verdict.REGRESSION, f"{seen}; {limitation} expects at most {bound:.1%}")

    match outcome.status:
        case Status.PASSED:
            assert expect is not None  # without an entry it was judged above, as nearly all are
            if expect is Expectation.FLAKY:
                return flaky()
            return verdict(Verdict.STALE, f"passed, but {limitation} expects it to be {expect.value}")
        case Status.FAILED | Status.ERRORED | Status.CRASHED | Status.TIMED_OUT:
            if expect is None:
                return verdict(Verdict.REGRESSION)
            if expect is Expectation.FLAKY:
                return flaky()
            if expect.value == outcome.status.value:
                return verdict(Verdict.KNOWN)
            return verdict(Verdict.REGRESSION, f"{limitation} expects it to be {expect.value}")
        case Status.SKIPPED:
            if expect is None:
                return verdict(Verdict.OK, by=limitations.attribute(outcome.detail) or "")
            if expect is Expectation.SKIPPED or (entry and not entry.run):
                return verdict(Verdict.KNOWN)
            return verdict(Verdict.STALE, f"skipped, but {limitation} expects it to be {expect.value}")
        case Status.DID_NOT_RUN:
            if entry and not entry.run:
                return verdict(Verdict.KNOWN)
            return verdict(Verdict.MISSING, "planned, but it has no outcome")
        case _:
            assert_never(outcome.status)


def _conflicts(judged: Sequence[Judged], limitations: CellLimitations) -> tuple[Conflict, ...]:
    found: dict[str, Conflict] = {}
    for item in judged:
        test = item.outcome.test
        if not item.limitation or not (rivals := limitations.rivals(test, item.module)):
            continue
        chosen = limitations.expected(test, item.module)
        entries = (
            (limitations.files.get(one.limitation, ""), one.limitation, one.match, one.expect.value)
            for one in (chosen, *rivals)
            if one
        )
        found[test] = Conflict(test=test, entries=tuple(entries))
    return tuple(found.values())


def _stale(judged: Sequence[Judged], limitations: CellLimitations) -> tuple[StaleEntry, ...]:
    """Parts of the list that matched nothing: globs without a test, entries that explain nothing, unused skip reasons.

    A neutral cause may explain nothing: it is not a limitation of the platform and need not occur in every run. So may
    an entry whose reasons are all seen on other cells only. Skip reasons count only when no module is missing and the
    harness did not fail.
    """
    used = {item.limitation for item in judged if item.limitation}
    # A named test has a limitation, unless the harness failed. Looking up every test would take as long as judging.
    named = (item for item in judged if item.limitation or item.verdict is Verdict.HARNESS_ERROR)
    matched = {limitations.expected(item.outcome.test, item.module) for item in named}
    globs = [
        StaleEntry(limitation=test.limitation, match=test.match) for test in limitations.tests if test not in matched
    ]
    entries = [StaleEntry(limitation=entry.id) for entry in limitations.must_explain if entry.id not in used]
    unexplained = {entry.limitation for entry in entries}
    complete = not any(item.verdict in (Verdict.HARNESS_ERROR, Verdict.MISSING) for item in judged)
    given = {item.outcome.detail for item in judged if item.outcome.status is Status.SKIPPED} if complete else set()
    reasons = [
        StaleEntry(limitation=limitation, skip_reason=pattern)
        for limitation, pattern in (limitations.not_given(given) if complete else ())
        if limitation not in unexplained
    ]
    return (*globs, *entries, *reasons)
