"""The rows of everything that is unexpected in a run, each with the command that repeats it. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import msgspec

from matrix.model import Cell, Matrix
from matrix.names import full_name
from matrix.reach import reaches
from reports.verdict import CellVerdicts, Judged, Verdict


class Unexpected(msgspec.Struct, frozen=True, kw_only=True):
    """One unexpected thing: an outcome with a red verdict, a stale entry of the list, an expired rule."""

    cell: str
    test: str
    outcome: str
    """a status; "built" for a build that was expected to fail, "expired" for a rule, "" for an entry of the list"""
    verdict: Verdict
    limitation: str = ""
    skip_reason: str = ""
    """the pattern in the list of limitations that no skipped test matches"""
    detail: str = ""
    reproduce: str = ""


def expired(matrix: Matrix, cells: Sequence[Cell], today: datetime.date) -> tuple[Unexpected, ...]:
    """The expired rules that can apply to the targets of these cells; each makes a run red.

    They need not apply to one of the cells: an exclusion never does.
    """
    targets = {cell.build.target.id: cell.build.target for cell in cells}.values()
    return tuple(
        Unexpected(
            cell="",
            test="",
            outcome="expired",
            verdict=Verdict.STALE,
            detail=f"rules.toml: {key}: look at it again, its last day was {rule.expires}: {rule.reason}",
        )
        for key, rule in matrix.expired(today).items()
        if reaches(rule.when, matrix, targets)
    )


def unexpected(cell: str, session: str, verdicts: CellVerdicts, *, options: str = "") -> tuple[Unexpected, ...]:
    """The unexpected outcomes, stale entries and conflicts of a cell, each with the command to reproduce it.

    `session` is the nox session. `options` are those without which the cell does not exist, such as a tree's path.
    """
    again = command_again(session, cell, options)
    rows = [
        Unexpected(
            cell=cell,
            test=judged.outcome.test,
            outcome=judged.outcome.status.value,
            verdict=judged.verdict,
            limitation=judged.limitation,
            detail=_seen(judged),
            reproduce=f"{again} {_name(judged.module, judged.outcome.test)}",
        )
        for judged in verdicts.unexpected
    ]
    rows += [
        Unexpected(
            cell=cell,
            test=entry.match,
            outcome="",
            verdict=Verdict.STALE,
            limitation=entry.limitation,
            skip_reason=entry.skip_reason,
            detail=f"the list of limitations: {entry}",
            reproduce=again,
        )
        for entry in verdicts.stale_entries
    ]
    rows += [
        Unexpected(
            cell=cell,
            test=conflict.test,
            outcome="",
            verdict=Verdict.STALE,
            limitation=conflict.entries[0][1],
            detail=f"two entries of the list of limitations claim it: {conflict}",
            reproduce=again,
        )
        for conflict in verdicts.conflicts
    ]
    return tuple(rows)


def _seen(judged: Judged) -> str:
    """What was seen; of a failure that a limitation expects to be another, first what it expects."""
    if judged.verdict is Verdict.REGRESSION:
        return "\n".join(filter(None, (judged.detail, judged.outcome.detail)))
    return judged.detail or judged.outcome.detail


def command_again(session: str, cell: str, options: str) -> str:
    """The command that runs a cell again. A test's name can be appended."""
    return f"nox -s {session} -- --cell {cell}" + (f" {options}" if options else "")


def triage_command(question: str, cell: str, options: str) -> str:
    """The command that asks `triage` something about one test of a cell. Append the test's name.

    `repro` runs it in one guest, with that guest's command line; `bisect` needs an axis, too.
    """
    return f"nox -s triage -- {question} --cell {cell}" + (f" {options}" if options else "")


def _name(module: str, test: str) -> str:
    """The name that selects a test on the command line: its own when it is in its module, else its module's."""
    full = full_name(module)
    inside = test.startswith(full + ".") and all(part.isidentifier() for part in test.split("."))
    return test if inside else module
