"""JUnit XML: one file per cell, one suite per test module, a case for every planned test.

The only module that imports junitparser. A case has its verdict as a property, so that a CI server can
show why a failure is known.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from junitparser.junitparser import Attr, FinalResult

from harness.outcome import ModuleResult, Outcome, Status
from harness.store import write_atomically
from reports.verdict import CellVerdicts, Judged, Verdict

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST = 100_000
"""characters of a message; the whole is in outcomes.jsonl"""


class CaseWithVerdict(TestCase):
    """A test case with an attribute of ours, which readers of JUnit ignore."""

    verdict = Attr()
    limitation = Attr()


def plain(text: str) -> str:
    """Text that XML 1.0 can hold: other characters are written as escapes, too long a text is shortened."""
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = (
            f"{text[:half]}\n[... {len(text) - _LONGEST} characters left out; see outcomes.jsonl ...]\n{text[-half:]}"
        )
    return _NOT_XML.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def write(
    path: Path, cell: str, verdicts: CellVerdicts, results: Mapping[str, ModuleResult], properties: Mapping[str, str]
) -> None:
    """Write a cell's JUnit file, whole or not at all."""
    document = JUnitXml(cell)
    totals: Counter[str] = Counter()
    time = 0.0
    for module, items in groupby(verdicts.judged, key=lambda judged: judged.module):
        suite = TestSuite(module)
        for name, value in properties.items():
            suite.add_property(name, plain(value))
        results_of = [(item, _result(item)) for item in items]
        for item, result in results_of:
            suite.append(_case(item, result))  # type: ignore[no-untyped-call]  # junitparser is typed in part
        # What junitparser would count by reading all cases again, several times over: half of the time of a report.
        counts = Counter(_COUNTED[type(result)] for _, result in results_of if result is not None)
        counts["tests"] = len(results_of)
        _count(suite, counts)
        suite.time = results[module].duration if module in results else 0.0  # with imports and fixtures
        document.append(suite)  # type: ignore[no-untyped-call]
        totals += counts
        time += suite.time
    _count(document, totals)
    document.time = round(time, 3)
    write_atomically(path, document.tostring())  # type: ignore[no-untyped-call]


_COUNTED = {Failure: "failures", Error: "errors", Skipped: "skipped"}


def _count(element: TestSuite | JUnitXml, counts: Counter[str]) -> None:
    """Write down how many cases an element has, and of what kinds."""
    element.tests, element.failures = counts["tests"], counts["failures"]
    element.errors, element.skipped = counts["errors"], counts["skipped"]


def _case(judged: Judged, result: FinalResult | None) -> CaseWithVerdict:
    outcome = judged.outcome
    owner, _, name = outcome.test.rpartition(".")
    case = CaseWithVerdict(plain(name), plain(owner), outcome.duration)
    case.verdict = judged.verdict.value
    if judged.limitation:
        case.limitation = judged.limitation
    if result is not None:
        case.result = [result]
    if outcome.output:
        case.system_out = plain(outcome.output)
    return case


def _result(judged: Judged) -> FinalResult | None:
    """What a CI server shows: known failures are skips that say why, everything else is as observed."""
    outcome = judged.outcome
    first = plain(outcome.detail.strip().splitlines()[-1]) if outcome.detail.strip() else outcome.status.value
    if outcome.status is Status.SKIPPED and judged.verdict not in (Verdict.STALE,):
        return Skipped(plain(outcome.detail))
    if judged.verdict in (Verdict.KNOWN, Verdict.FLAKY) and outcome.status is not Status.PASSED:
        return Skipped(f"known limitation {judged.limitation}: {outcome.status.value}: {first}")
    if outcome.status is Status.PASSED and judged.verdict not in (Verdict.STALE, Verdict.REGRESSION):
        return None
    kind = Failure if outcome.status is Status.FAILED else Error
    result = kind(plain(judged.detail) or first, outcome.status.value)
    result.text = plain(outcome.detail)
    return result


_STATUSES = {status.value: status for status in Status}


def read(path: Path) -> list[Outcome]:
    """The outcomes in a JUnit file of ours, without what known failures looked like."""
    found: list[Outcome] = []
    for suite in JUnitXml.fromfile(str(path)):
        for case in suite:
            status = Status.PASSED
            detail = ""
            for result in case.result:
                detail = result.text or result.message or ""
                status = Status.SKIPPED if isinstance(result, Skipped) else _STATUSES.get(result.type, Status.ERRORED)
            test = f"{case.classname}.{case.name}" if case.classname else case.name
            found.append(Outcome(test=test, status=status, duration=case.time or 0.0, detail=detail))
    return found
