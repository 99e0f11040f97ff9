"""The squares of the matrix: where each is on the axes, and what it shows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from matrix.outcome import Status
from matrix.text import shortened
from reports.render import Tone, state, tone
from reports.summary import CellStatus, CellSummary
from reports.verdict import Verdict

_LONGEST = 300
"""characters of a reason"""


class Kind(StrEnum):
    """What a square says of its cell at a glance. Each has a sign of its own: colour alone says nothing."""

    OK = "ok"
    KNOWN = "known"
    UNEXPECTED = "unexpected"
    ALLOWED = "allowed"
    NOT_BUILT = "not built"
    BUILD_FAILED = "build failed"
    UNOBTAINABLE = "unobtainable"
    ERROR = "error"
    NOT_RUN = "not run"
    EXCLUDED = "excluded"


LEGEND = {
    Kind.UNEXPECTED: ("✗", "something is unexpected"),
    Kind.ERROR: ("!", "the harness failed"),
    Kind.BUILD_FAILED: ("⊠", "does not build"),
    Kind.UNOBTAINABLE: ("?", "not available"),
    Kind.NOT_RUN: ("…", "not run"),
    Kind.ALLOWED: ("▲", "fails, which is allowed"),
    Kind.OK: ("✓", "everything passes or is skipped"),
    Kind.KNOWN: ("◐", "as expected, with known failures"),
    Kind.NOT_BUILT: ("▽", "does not build, as expected"),
    Kind.EXCLUDED: ("⊘", "excluded by the matrix"),
}
"""the sign of each kind and what it means, what needs a look first"""


class Excluded(msgspec.Struct, frozen=True, kw_only=True):
    """A combination that the matrix excludes."""

    target: str
    sdk: str
    cpython: str
    runtime: str
    reason: str
    reference: str = ""


class MatrixSquare(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One square of the matrix."""

    target: str
    sdk: str
    cpython: str
    runtime: str
    kind: Kind
    sign: str
    tone: Tone
    state: str
    id: str = ""
    """the cell's; "" for a combination that is excluded"""
    count: str = ""
    """its most important numbers, in words"""
    reason: str = ""
    reference: str = ""


def squares(cells: Sequence[CellSummary], excluded: Sequence[Excluded]) -> list[MatrixSquare]:
    """The squares of a run's cells, and of combinations between them that are excluded."""
    found = []
    for cell in cells:
        kind = kind_of(cell)
        square = MatrixSquare(
            target=cell.target,
            sdk=cell.sdk.id,
            cpython=cell.cpython.version,
            runtime=f"{cell.runtime.name} {cell.runtime.version}",
            kind=kind,
            sign=LEGEND[kind][0],
            tone=tone(cell),
            state=state(cell),
            id=cell.id,
            count=_count(cell),
            reason=shortened(cell.reason, _LONGEST),
        )
        found.append(square)
    sign, _ = LEGEND[Kind.EXCLUDED]
    return found + [
        MatrixSquare(**msgspec.structs.asdict(one), kind=Kind.EXCLUDED, sign=sign, tone=Tone.NONE, state="excluded")
        for one in excluded
    ]


def kind_of(cell: CellSummary) -> Kind:
    """What a cell's square says."""
    if cell.forgiven:
        return Kind.ALLOWED
    match cell.status:
        case CellStatus.OK:
            return Kind.KNOWN if cell.verdicts.get(Verdict.KNOWN) else Kind.OK
        case CellStatus.UNEXPECTED:
            return Kind.UNEXPECTED if cell.modules.run or cell.red or not cell.reason else Kind.NOT_RUN
        case CellStatus.BUILD_FAILED:
            return Kind.NOT_BUILT if cell.expected else Kind.BUILD_FAILED
        case CellStatus.UNOBTAINABLE:
            return Kind.UNOBTAINABLE
        case CellStatus.ERROR:
            return Kind.ERROR


def _count(cell: CellSummary) -> str:
    """A cell's most important numbers, in words."""
    if not cell.modules.planned:
        return ""
    passed, known = cell.counts.get(Status.PASSED, 0), cell.verdicts.get(Verdict.KNOWN, 0)
    parts = [f"{cell.modules.run}/{cell.modules.planned} modules", f"{passed:,} passed"]
    parts += [f"{known} known"] if known else []
    return ", ".join(parts + ([f"{cell.red} red"] if cell.red else []))
