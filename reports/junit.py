"""JUnit XML: one file per cell, one suite per test module and cell, a case for every planned test.

The only module that imports junitparser, for reading. The written files follow the schema that Jenkins accepts
(https://github.com/jenkinsci/xunit-plugin, junit-10.xsd). A case's `group` holds its verdict and limitation.

The cell is in the name of each suite: tools that merge files take suites that compare equal for one. To junitparser,
suites are equal when name, host, timestamp and properties are, whatever their cases.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from junitparser import JUnitXml, Skipped
from markupsafe import escape

from matrix.outcome import ModuleResult, Outcome, Status
from matrix.text import shortened
from reports.file import File
from reports.summary import CellSummary
from reports.tracebacks import raised
from reports.verdict import CellVerdicts, Judged, Verdict

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST = 100_000
"""characters of a message; outcomes.jsonl has the full text"""


def xml_text(text: str) -> str:
    """Text that XML 1.0 can hold: characters that it forbids become escapes, and a long text is shortened."""
    text = shortened(text, _LONGEST, see="outcomes.jsonl")
    return _NOT_XML.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def cell_file(cell: CellSummary, verdicts: CellVerdicts, results: Mapping[str, ModuleResult]) -> File:
    """A tested cell's `junit.xml`, with the versions that were used as properties."""
    properties = {
        "cell": cell.id,
        "sdk": f"{cell.sdk.id} ({cell.sdk.detail})",
        "cpython": cell.cpython.version,
        "runtime": f"{cell.runtime.name} {cell.runtime.version}",
    }
    return File(f"cells/{cell.id}/junit.xml", document(cell.id, verdicts, results, properties))


def document(
    cell: str, verdicts: CellVerdicts, results: Mapping[str, ModuleResult], properties: Mapping[str, str]
) -> bytes:
    """A cell's JUnit file."""
    totals = Counter[str]()
    seconds = 0.0
    of_cell = "".join(f"<property name={_quoted(name)} value={_quoted(value)}/>" for name, value in properties.items())
    # Joining strings: a nightly has 300,000 cases, and building junitparser's tree takes five times as long.
    lines: list[str] = []
    for module, items in groupby(verdicts.judged, key=lambda judged: judged.module):
        took = results[module].duration if module in results else 0.0  # includes imports and fixtures
        cases, counts = _cases(items)
        lines.append(f"<testsuite {_counted(f'{cell}: {module}', counts, took)}>")
        if of_cell:
            lines.append(f"<properties>{of_cell}</properties>")
        lines += cases
        lines.append("</testsuite>")
        totals.update(counts)
        seconds += took
    head = f"<?xml version='1.0' encoding='utf-8'?>\n<testsuites {_counted(cell, totals, round(seconds, 3), _OF_ALL)}>"
    return "\n".join([head, *lines, "</testsuites>\n"]).encode()


class _Result(NamedTuple):
    """The child element of a case that did not simply pass."""

    element: str
    message: str
    kind: str = ""
    text: str = ""


_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}
_WHITE = str.maketrans({"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
"""white space, which an attribute keeps only as references"""
_ORDINARY = re.compile(r"[\w. ():-]*", re.ASCII)
"""text that needs no escaping in XML, as nearly all names"""


def _quoted(text: str) -> str:
    """Text as the value of an attribute."""
    ordinary = text.isidentifier() or _ORDINARY.fullmatch(text)
    return f'"{text}"' if ordinary else f'"{str(escape(xml_text(text))).translate(_WHITE)}"'


_OF_ALL = ("tests", "failures", "errors")


def _counted(name: str, counts: Counter[str], seconds: float, keys: Sequence[str] = (*_OF_ALL, "skipped")) -> str:
    numbers = " ".join(f'{key}="{counts[key]}"' for key in keys)
    return f'name={_quoted(name)} {numbers} time="{seconds}"'


def _cases(items: Iterable[Judged]) -> tuple[list[str], Counter[str]]:
    """The elements of a module's cases, and their numbers."""
    cases: list[str] = []
    counts = Counter[str]()
    quoted = _Quoted()
    for judged in items:
        outcome = judged.outcome
        owner, _, name = outcome.test.rpartition(".")
        group = f"{judged.verdict} {judged.limitation}" if judged.limitation else judged.verdict
        start = f'name={_quoted(name)} classname={quoted[owner]} time="{outcome.duration}" group={quoted[group]}'
        if judged.verdict is Verdict.OK and outcome.status is Status.PASSED and not outcome.output:
            cases.append(f"<testcase {start}></testcase>")  # as nearly all
            continue
        if (result := _result(judged)) is not None:
            counts[_COUNTED[result.element]] += 1
        cases.append(f"<testcase {start}>{_inside(result, outcome.output)}</testcase>")
    counts["tests"] = len(cases)
    return cases, counts


class _Quoted(dict[str, str]):
    """Texts as values of attributes, each quoted once: a class has many cases."""

    def __missing__(self, text: str) -> str:
        self[text] = found = _quoted(text)
        return found


def _inside(result: _Result | None, output: str) -> str:
    """What is in the element of a case."""
    inside = ""
    if result is not None:
        kind = f' type="{result.kind}"' if result.kind else ""
        text = escape(xml_text(result.text))
        inside = f"<{result.element} message={_quoted(result.message)}{kind}>{text}</{result.element}>"
    if output:
        inside += f"<system-out>{escape(xml_text(output))}</system-out>"
    return inside


def _result(judged: Judged) -> _Result | None:
    """What a CI server shows of a case: a known failure as a skip with its reason, everything else as observed."""
    outcome = judged.outcome
    if outcome.status is Status.PASSED and judged.verdict not in (Verdict.STALE, Verdict.REGRESSION):
        return None
    if outcome.status is Status.SKIPPED and judged.verdict is not Verdict.STALE:
        return _Result("skipped", outcome.detail)
    first = raised(outcome.detail) or outcome.status.value
    if judged.verdict in (Verdict.KNOWN, Verdict.FLAKY) and outcome.status is not Status.PASSED:
        return _Result("skipped", f"known limitation {judged.limitation}: {outcome.status.value}: {first}")
    element = "failure" if outcome.status is Status.FAILED else "error"
    return _Result(element, judged.detail or first, outcome.status.value, outcome.detail)


_STATUSES = {status.value: status for status in Status}


def read(path: Path) -> list[Outcome]:
    """The outcomes in a JUnit file of ours. A known failure is read as a skip."""
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
