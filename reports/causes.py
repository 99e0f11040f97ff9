"""Groups what is unexpected in a run by cause: the same exception at the same place is one cause. Pure.

Twenty tests that fail since a function of the platform is gone are one thing to look at. The line is not compared, only
the file and the function: a cause is the same in every version of CPython.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from reports.tracebacks import raised, raised_at
from reports.unexpected import Unexpected
from reports.verdict import Verdict

_ORDER = (Verdict.HARNESS_ERROR, Verdict.REGRESSION, Verdict.MISSING, Verdict.STALE)
"""what to look at first"""
_KIND = re.compile(r"[\w.]+(?=:|$)")
_ERRNO = re.compile(r"\[(?:Errno|WinError) -?\d+\]")
_VARYING = re.compile(r"0x[0-9a-fA-F]+|\d{4,}|'[^']*'|\"[^\"]*\"|(?<!\w)/\S+")
"""parts of a message that differ although the cause is the same: addresses, large numbers, quoted values, paths"""
_LONGEST = 300
"""characters of what was raised"""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What several unexpected things have in common."""

    verdict: Verdict
    outcome: str
    """of the first, as in `unexpected`"""
    raised: str
    """the exception and the first line of its message, of the first; else what was seen, as one line"""
    place: str = ""
    """where it was raised, such as `test/test_os.py, line 2871, in assertPathEqual`; "" without a traceback"""
    limitation: str = ""
    """the limitation that expected something else, or that is stale"""
    tests: tuple[str, ...]
    """the tests, each once; globs, for entries of the list of limitations; without names that are empty"""
    cells: tuple[str, ...]
    """the ids of the cells, each once; without "", which is the whole run"""
    reproduce: str = ""
    """the command that runs the first again"""


class _Mark(NamedTuple):
    """What things of one cause share."""

    verdict: Verdict
    kind: str
    """the kind of exception, or what was seen without what varies"""
    place: str
    """file and function, or the limitation that is stale"""


def _mark(verdict: Verdict, outcome: str, detail: str, limitation: str = "") -> _Mark:
    """What a thing shares with others of the same cause; `detail` is what was seen."""
    if verdict is Verdict.STALE:
        return _Mark(verdict, outcome, limitation or detail)
    if verdict is Verdict.REGRESSION and (frame := raised_at(detail)):
        said = raised(detail)
        kind = _KIND.match(said)
        errno = _ERRNO.search(said)
        return _Mark(
            verdict, f"{kind[0] if kind else said} {errno[0] if errno else ''}", f"{frame.file} {frame.function}"
        )
    return _Mark(verdict, f"{outcome} {_VARYING.sub('', raised(detail))}", "")


def causes_of(rows: Iterable[Unexpected]) -> tuple[Cause, ...]:
    """The causes of what is unexpected: what to look at first, then the cause of most rows."""
    return tuple(map(cause_of, grouped(rows)))


def grouped(rows: Iterable[Unexpected]) -> list[list[Unexpected]]:
    """What is unexpected, the rows of each cause together, in the order of `causes_of`."""
    groups: dict[_Mark, list[Unexpected]] = {}
    for row in rows:
        groups.setdefault(_mark(row.verdict, row.outcome, row.detail, row.limitation), []).append(row)
    return sorted(groups.values(), key=lambda group: (_ORDER.index(group[0].verdict), -len(group)))


def cause_of(rows: Sequence[Unexpected]) -> Cause:
    """What some rows, at least one, have in common."""
    first = rows[0]
    frame = raised_at(first.detail) if first.verdict is Verdict.REGRESSION else None
    return Cause(
        verdict=first.verdict,
        outcome=first.outcome,
        raised=raised(first.detail)[:_LONGEST],
        place=str(frame) if frame else "",
        limitation=first.limitation,
        tests=tuple(dict.fromkeys(row.test or row.skip_reason for row in rows if row.test or row.skip_reason)),
        cells=tuple(dict.fromkeys(row.cell for row in rows if row.cell)),
        reproduce=first.reproduce,
    )
