"""What runs saw that the list of limitations does not say, grouped into entries that could say it. Pure."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from matrix.limitations import NEUTRAL, CellLimitations
from matrix.model import Cell
from matrix.names import is_within
from matrix.outcome import FAILING_STATUSES, Status
from matrix.text import last_line
from reports.boundaries import CellVersions, boundaries
from reports.summary import Summary
from reports.verdict import Verdict

AXES = ("target", "sdk", "cpython", "runtime")


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Tests that came to the same on the same cells: one table of an entry."""

    expect: str
    tests: tuple[str, ...]
    cells: tuple[str, ...]
    when: dict[str, tuple[str, ...]]
    """the narrowest simple condition that holds on those cells of the run and on no other; empty for all of them"""
    detail: str
    """what the first of them said last"""


def proposals(summary: Summary, cells: Mapping[str, Cell], wanted: Sequence[str] = ()) -> list[Proposal]:
    """The regressions of a run, or those of them that are wanted (tests, classes or modules), grouped.

    `cells` are the run's, by id: those that were tested.
    """
    rows = [row for row in summary.unexpected if row.verdict is Verdict.REGRESSION and _wanted(row.test, wanted)]
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    details: dict[tuple[str, str], str] = {}
    for row in rows:
        places[row.test, row.outcome].add(row.cell)
        details.setdefault((row.test, row.outcome), row.detail)
    groups: dict[tuple[str, tuple[str, ...], str], list[str]] = defaultdict(list)
    for (test, outcome), where in places.items():
        groups[outcome, tuple(sorted(where)), last_line(details[test, outcome])].append(test)
    return [
        Proposal(
            expect=outcome,
            tests=tuple(sorted(tests)),
            cells=where,
            when=condition([cells[cell] for cell in where], list(cells.values())),
            detail=detail,
        )
        for (outcome, where, detail), tests in groups.items()
    ]


class Stale(msgspec.Struct, frozen=True, kw_only=True):
    """A name or a glob of an entry that did not do what it says, or a skip reason that no test gave."""

    limitation: str
    match: str = ""
    skip_reason: str = ""
    cells: tuple[str, ...]
    """where it is stale"""
    holds: tuple[str, ...]
    """cells of the same run where it does what it says"""

    def __str__(self) -> str:
        return f"{self.limitation}: {self.match or f'skip reason {self.skip_reason!r}'}"


def stale(summary: Summary, limitations: Mapping[str, CellLimitations], wanted: Sequence[str] = ()) -> list[Stale]:
    """What of the list a run found stale, or that of it which names what is wanted.

    `limitations` are those of each tested cell, by its id.
    """
    places: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in summary.unexpected:
        if row.verdict is not Verdict.STALE or not row.limitation:
            continue
        if row.skip_reason and not wanted:
            places[row.limitation, "", row.skip_reason].append(row.cell)
        elif row.test and _wanted(row.test, wanted):
            entry = limitations[row.cell].expected(row.test)
            places[row.limitation, entry.match if entry else row.test, ""].append(row.cell)
    return [
        Stale(
            limitation=limitation,
            match=match,
            skip_reason=reason,
            cells=tuple(dict.fromkeys(cells)),
            holds=tuple(
                cell
                for cell, known in limitations.items()
                if cell not in cells and _says(known, limitation, match, reason)
            ),
        )
        for (limitation, match, reason), cells in places.items()
    ]


def _says(known: CellLimitations, limitation: str, match: str, reason: str) -> bool:
    """Whether the list says of a cell what an entry names tests or a skip reason for."""
    if reason:
        return known.gives(limitation, reason)
    return any((one.limitation, one.match) == (limitation, match) for one in known.tests)


class Unattributed(msgspec.Struct, frozen=True, kw_only=True):
    """A reason that tests gave to be skipped and that no limitation explains."""

    reason: str
    tests: tuple[str, ...]
    cells: tuple[str, ...]


Skips = Mapping[str, Sequence[tuple[str, str, str]]]
"""module, test and reason of each skipped test, by cell"""


def unattributed(
    skips: Skips, limitations: Mapping[str, CellLimitations], wanted: Sequence[str] = ()
) -> list[Unattributed]:
    """The triage queue: the reasons that nothing explains, or those of what is wanted; those of most tests first."""
    tests: dict[str, set[str]] = defaultdict(set)
    cells: dict[str, set[str]] = defaultdict(set)
    for cell, given in skips.items():
        known = limitations[cell]
        for module, test, reason in given:
            if known.attribute(reason) or known.expected(test, module) or not _wanted(test, wanted):
                continue
            tests[reason].add(test)
            cells[reason].add(cell)
    found = [
        Unattributed(reason=reason, tests=tuple(sorted(names)), cells=tuple(sorted(cells[reason])))
        for reason, names in tests.items()
    ]
    return sorted(found, key=lambda one: (-len(one.tests), one.reason))


def seen_on(these: Sequence[Cell], everything: Sequence[Cell]) -> dict[str, tuple[str, ...]]:
    """Where a skip reason was seen: targets and CPythons, and what else tells these cells from others of the run."""
    axes = condition(these, everything)
    return {
        axis: axes.get(axis) or tuple(sorted(_values(axis, these)))
        for axis in AXES
        if axis in axes or axis in ("target", "cpython")
    }


def unused_reasons(
    skips: Mapping[str, Iterable[str]], limitations: Mapping[str, CellLimitations]
) -> list[tuple[str, str]]:
    """Neutral causes with those of their skip reasons that no test gave, on any of the cells where they count.

    `skips` are the reasons that tests of each full cell gave, `limitations` what holds there, both by the cell's id.
    One cell says little: a reason may be that of another CPython.
    """
    unused: dict[tuple[str, str], bool] = {}
    for cell, given in skips.items():
        reasons = set(given)
        for entry in limitations[cell].explaining:
            for pattern in (reason.match for reason in entry.reasons if entry.section == NEUTRAL):
                key = (entry.id, pattern)
                regex = re.compile(pattern, re.DOTALL)
                unused[key] = unused.get(key, True) and not any(regex.match(reason) for reason in reasons)
    return [key for key, nowhere in unused.items() if nowhere]


def _wanted(test: str, wanted: Sequence[str]) -> bool:
    return not wanted or any(is_within(test, word) for word in wanted)


def condition(these: Sequence[Cell], everything: Sequence[Cell]) -> dict[str, tuple[str, ...]]:
    """Values of as few axes as possible that hold on these cells and on no other of `everything`.

    When no combination of axes tells them apart, that of all axes; so, too, of the only cell that there is: it says
    nothing of others.
    """
    wanted = {cell.id for cell in these}
    for count in range(len(AXES) + 1 if len(everything) > 1 else 0):
        for chosen in itertools.combinations(AXES, count):
            values = {axis: _values(axis, these) for axis in chosen}
            if {cell.id for cell in everything if _holds(cell, values)} == wanted:
                return {axis: tuple(sorted(found)) for axis, found in values.items()}
    return {axis: tuple(sorted(_values(axis, these))) for axis in AXES}


def _values(axis: str, cells: Sequence[Cell]) -> set[str]:
    return {_value(axis, cell) for cell in cells}


def _value(axis: str, cell: Cell) -> str:
    """What a condition says of an axis to mean a cell's part."""
    build = cell.build
    if axis == "target":
        return build.target.id
    if axis == "sdk":
        return f"{build.sdk.family}=={build.sdk.version}"
    if axis == "cpython":
        return f"=={build.cpython.version}"
    return f"{cell.runtime.name}=={cell.runtime.version}"


def _holds(cell: Cell, values: Mapping[str, set[str]]) -> bool:
    return all(_value(axis, cell) in found for axis, found in values.items())


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """What a test came to on one cell."""

    test: str
    cell: str
    module: str
    outcome: Status
    verdict: Verdict
    limitation: str
    detail: str
    since: str = ""
    """the oldest run from which on it has come to the same there, as far as the history goes"""
    whole: str = ""
    """all that was seen: the traceback, and what was printed"""

    @property
    def fails(self) -> bool:
        return self.outcome in FAILING_STATUSES


def since(seen: Sequence[tuple[str, str]], outcome: str) -> str:
    """The first run of the last unbroken row of an outcome; `seen` is runs with outcomes, oldest first."""
    first = ""
    for run, came in reversed(seen):
        if came != outcome:
            break
        first = run
    return first


def parting(sightings: Sequence[Sighting], places: Mapping[str, CellVersions]) -> list[str]:
    """What is different between the cells where a test fails and those where it passes, in words."""
    fails = [places[one.cell] for one in sightings if one.fails]
    passes = [places[one.cell] for one in sightings if one.outcome is Status.PASSED]
    words = [f"fails {boundary}" for boundary in boundaries(fails, passes)]
    words += [f"passes {boundary}" for boundary in boundaries(passes, fails)]
    targets = {place.target for place in fails} - {place.target for place in passes}
    if fails and passes and targets:
        words.append(f"fails wherever the target is {', '.join(sorted(targets))}")
    return words
