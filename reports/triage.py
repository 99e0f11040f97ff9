"""Groups unexpected outcomes into proposals for entries of the list of limitations. Pure."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from matrix.limitations import NEUTRAL, CellLimitations, Limitation, Limitations
from matrix.model import Cell
from matrix.names import is_within
from matrix.outcome import FAILING_STATUSES, Status
from reports.boundaries import CellVersions, boundaries
from reports.summary import Summary
from reports.tracebacks import raised
from reports.verdict import RED_VERDICTS, Verdict

AXES = ("target", "sdk", "cpython", "runtime")


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Tests with the same outcome on the same cells: one table of an entry."""

    expect: str
    tests: tuple[str, ...]
    cells: tuple[str, ...]
    when: dict[str, tuple[str, ...]]
    """the simplest condition that holds on those cells of the run and on no other; empty for all cells"""
    detail: str
    """what the first test raised, as one line"""


def proposals(summary: Summary, cells: Mapping[str, Cell], wanted: Sequence[str] = ()) -> list[Proposal]:
    """The regressions of a run in groups; only those of the `wanted` tests, classes and modules, if any are given.

    `cells` are the tested cells of the run by their ids.
    """
    rows = [row for row in summary.unexpected if row.verdict is Verdict.REGRESSION and _wanted(row.test, wanted)]
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    details: dict[tuple[str, str], str] = {}
    for row in rows:
        places[row.test, row.outcome].add(row.cell)
        details.setdefault((row.test, row.outcome), row.detail)
    groups: dict[tuple[str, tuple[str, ...], str], list[str]] = defaultdict(list)
    for (test, outcome), where in places.items():
        groups[outcome, tuple(sorted(where)), raised(details[test, outcome])].append(test)
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
    """A name or glob of an entry whose tests did not behave as it says, or a skip reason that no test gave."""

    limitation: str
    match: str = ""
    skip_reason: str = ""
    cells: tuple[str, ...]
    """the cells where it is stale"""
    holds: tuple[str, ...]
    """the cells of the same run where it is right"""

    def __str__(self) -> str:
        return f"{self.limitation}: {self.match or f'skip reason {self.skip_reason!r}'}"


def stale(summary: Summary, limitations: Mapping[str, CellLimitations], wanted: Sequence[str] = ()) -> list[Stale]:
    """The stale parts of the list; only those that name `wanted` tests, classes and modules, if any are given.

    `limitations` are those of each tested cell by its id.
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
                for cell, listed in limitations.items()
                if cell not in cells and _says(listed, limitation, match, reason)
            ),
        )
        for (limitation, match, reason), cells in places.items()
    ]


def _says(listed: CellLimitations, limitation: str, match: str, reason: str) -> bool:
    """Whether a cell's list has this entry: this glob of tests, or this skip reason."""
    if reason:
        return listed.gives(limitation, reason)
    return any((one.limitation, one.match) == (limitation, match) for one in listed.tests)


class Unattributed(msgspec.Struct, frozen=True, kw_only=True):
    """A skip reason that no limitation explains, with the tests that gave it."""

    reason: str
    tests: tuple[str, ...]
    cells: tuple[str, ...]


Skips = Mapping[str, Sequence[tuple[str, str, str]]]
"""module, test and reason of each skipped test, by cell"""


def unattributed(
    skips: Skips, limitations: Mapping[str, CellLimitations], wanted: Sequence[str] = ()
) -> list[Unattributed]:
    """The triage queue: skip reasons that nothing explains, those of most tests first.

    Only reasons of the `wanted` tests, classes and modules, if any are given.
    """
    tests: dict[str, set[str]] = defaultdict(set)
    cells: dict[str, set[str]] = defaultdict(set)
    for cell, given in skips.items():
        listed = limitations[cell]
        for module, test, reason in given:
            if listed.attribute(reason) or listed.expected(test, module) or not _wanted(test, wanted):
                continue
            tests[reason].add(test)
            cells[reason].add(cell)
    found = [
        Unattributed(reason=reason, tests=tuple(sorted(names)), cells=tuple(sorted(cells[reason])))
        for reason, names in tests.items()
    ]
    return sorted(found, key=lambda one: (-len(one.tests), one.reason))


def seen_on(these: Sequence[Cell], everything: Sequence[Cell]) -> dict[str, tuple[str, ...]]:
    """The cells where a skip reason was seen: targets, CPythons, and what else distinguishes them from the others."""
    axes = condition(these, everything)
    return {
        axis: axes.get(axis) or tuple(sorted(_values(axis, these)))
        for axis in AXES
        if axis in axes or axis in ("target", "cpython")
    }


def unused_reasons(
    skips: Mapping[str, Iterable[str]], limitations: Mapping[str, CellLimitations]
) -> list[tuple[str, str]]:
    """Pairs of a neutral cause and one of its skip reasons that no test gave on any cell where the cause applies.

    `skips` are the reasons that tests gave in each full cell, `limitations` those of the cell, both by the cell's id.
    Look at many cells: a reason may be that of another CPython.
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
    """Values of as few axes as possible that hold on these cells and on no other cell of `everything`.

    All axes when no combination distinguishes the cells, and when there is only one cell: it says nothing about others.
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
    """The value of an axis in a condition that means exactly the cell's part."""
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
    """The outcome of a test on one cell."""

    test: str
    cell: str
    module: str
    outcome: Status
    verdict: Verdict
    limitation: str
    detail: str
    since: str = ""
    """the oldest run in the history since which the outcome has been the same on this cell"""
    whole: str = ""
    """the traceback and what was printed"""

    @property
    def fails(self) -> bool:
        """Whether the test failed in any way."""
        return self.outcome in FAILING_STATUSES


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a report about a failing test says of the cell that it is about."""

    sighting: Sighting
    others: tuple[tuple[str, Sighting], ...]
    """what the same build does under the other runtimes of the run, each with the runtime's id"""
    limitation: Limitation | None
    """the one that expects the outcome"""
    harness: str
    """the digest of the harness's files that decide outcomes"""
    by_hand: str
    """the command that runs the test without the harness, as lines for a shell; "" where there is none"""


def subject_of(
    sightings: Sequence[Sighting], cells: Mapping[str, Cell], limitations: Limitations, harness: str, wanted: str = ""
) -> Subject:
    """What a report is about: the cell `wanted`, else the first where the failure is unexpected, or the first failure.

    The command is left empty. Raises ValueError when the test fails nowhere, or not in the cell that is wanted.
    """
    test = sightings[0].test
    failing = [one for one in sightings if one.fails]
    if not failing:
        raise ValueError(f"{test} fails on none of {len(sightings)} cells")
    if wanted and wanted not in {one.cell for one in failing}:
        raise ValueError(f"{test} does not fail on {wanted}, but on {', '.join(one.cell for one in failing)}")
    chosen = next(
        (one for one in failing if one.cell == wanted or (not wanted and one.verdict in RED_VERDICTS)), failing[0]
    )
    build = cells[chosen.cell].build
    return Subject(
        sighting=chosen,
        others=tuple(
            (cells[one.cell].runtime.id, one) for one in sightings if one != chosen and cells[one.cell].build == build
        ),
        limitation=next((entry for entry in limitations.entries if entry.id == chosen.limitation), None),
        harness=harness,
        by_hand="",
    )


def since(seen: Sequence[tuple[str, str]], outcome: str) -> str:
    """The first run of the newest unbroken series of an outcome; `seen` are runs with outcomes, the oldest first."""
    first = ""
    for run, observed in reversed(seen):
        if observed != outcome:
            break
        first = run
    return first


def distinctions(sightings: Sequence[Sighting], versions: Mapping[str, CellVersions]) -> list[str]:
    """What distinguishes the cells where a test fails from those where it passes, in words.

    `versions` are those of the cells by their ids.
    """
    fails = [versions[one.cell] for one in sightings if one.fails]
    passes = [versions[one.cell] for one in sightings if one.outcome is Status.PASSED]
    words = [f"fails {boundary}" for boundary in boundaries(fails, passes)]
    words += [f"passes {boundary}" for boundary in boundaries(passes, fails)]
    targets = {cell.target for cell in fails} - {cell.target for cell in passes}
    if fails and passes and targets:
        words.append(f"fails wherever the target is {', '.join(sorted(targets))}")
    return words
