"""What changed between two runs of a cell, or between two cells: tests that newly fail, pass, appear and so on.

Pure. The modules to compare come from the history (`reports.history`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

import msgspec

from matrix.outcome import FAILING_STATUSES, Status
from reports.recorded import RecordedModule

SLOWER_FACTOR = 2.0
SLOWER_SECONDS = 1.0
"""a test got much slower when it takes at least this many times as long and this many seconds longer"""


class ChangeKind(StrEnum):
    """How a test or a module changed."""

    FAILING = "newly failing"
    """more of its outcomes fail than before; also a new test that fails"""
    PASSING = "newly passing"
    """it failed before and passes now"""
    CHANGED = "changed"
    """any other change of outcome: it is skipped now, or fails in another way"""
    APPEARED = "appeared"
    VANISHED = "vanished"
    SLOWER = "much slower"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change of one test, or of one module: then `test` is empty."""

    kind: ChangeKind
    module: str
    test: str = ""
    before: str = ""
    """its outcomes before, "" when it did not exist; both outcomes of a test that the module has twice"""
    after: str = ""
    before_s: float = 0.0
    after_s: float = 0.0


class _Seen(msgspec.Struct):
    """The outcomes of all tests of one name in a module, and the seconds of the longest."""

    statuses: Counter[Status]
    seconds: float = 0.0

    @property
    def failing(self) -> int:
        return sum(count for status, count in self.statuses.items() if status in FAILING_STATUSES)

    @property
    def text(self) -> str:
        return ", ".join(sorted(self.statuses.elements()))


def changes(
    before: Mapping[str, RecordedModule], after: Mapping[str, RecordedModule], *, whole: bool, complete: bool
) -> list[Change]:
    """The changes between the modules of two cells, in order of kind, module and test.

    Only tests that both cells ran count, unless both ran their modules `whole`, that is with all tests. Only modules
    that both cells ran count, unless both are `complete`, that is ran all modules of the suite.
    """
    found: list[Change] = []
    for module in before.keys() | after.keys():
        old, new = before.get(module), after.get(module)
        if old and new:
            found += _of_module(module, old, new)
        elif complete and new:
            found += _appeared(module, new)
        elif complete and old:
            found.append(Change(kind=ChangeKind.VANISHED, module=module, before=_counted(old)))
    if not whole:
        found = [change for change in found if change.before and change.after]
    order = {kind: number for number, kind in enumerate(ChangeKind)}
    return sorted(found, key=lambda change: (order[change.kind], change.module, change.test))


def much_slower(before: float, after: float) -> bool:
    """Whether something that took `before` seconds got much slower."""
    return after >= before * SLOWER_FACTOR and after - before >= SLOWER_SECONDS


def _counted(module: RecordedModule) -> str:
    count = Counter(module.statuses)
    return ", ".join(f"{count[status]} {status.value}" for status in Status if count[status])


def _appeared(module: str, new: RecordedModule) -> Iterator[Change]:
    """A module that appeared, and each of its tests that fails."""
    yield Change(kind=ChangeKind.APPEARED, module=module, after=_counted(new))
    for test, seen in _seen(new, set(new.tests)).items():
        if seen.failing:
            yield Change(kind=ChangeKind.FAILING, module=module, test=test, after=seen.text)


def _of_module(module: str, old: RecordedModule, new: RecordedModule) -> Iterator[Change]:
    if much_slower(old.duration, new.duration):
        yield Change(kind=ChangeKind.SLOWER, module=module, before_s=old.duration, after_s=new.duration)
    wanted = _varying(old, new)
    before, after = _seen(old, wanted), _seen(new, wanted)
    for test in wanted:
        if change := _of_test(module, test, before.get(test), after.get(test)):
            yield change


def _varying(old: RecordedModule, new: RecordedModule) -> set[str]:
    """The names of the tests that may have changed: usually few."""
    if old.tests != new.tests:
        return {*old.tests, *new.tests}
    rows = zip(old.tests, old.statuses, new.statuses, old.durations, new.durations, strict=True)
    return {test for test, was, status, took, takes in rows if was is not status or much_slower(took, takes)}


def _seen(module: RecordedModule, wanted: Collection[str]) -> dict[str, _Seen]:
    seen: dict[str, _Seen] = {}
    for test, status, seconds in zip(module.tests, module.statuses, module.durations, strict=True):
        if test in wanted:
            one = seen.setdefault(test, _Seen(Counter()))
            one.statuses[status] += 1
            one.seconds = max(one.seconds, seconds)
    return seen


def _of_test(module: str, test: str, old: _Seen | None, new: _Seen | None) -> Change | None:
    kind = _kind(old, new)
    if kind is None:
        return None
    return Change(
        kind=kind,
        module=module,
        test=test,
        before=old.text if old else "",
        after=new.text if new else "",
        before_s=old.seconds if old else 0.0,
        after_s=new.seconds if new else 0.0,
    )


def _kind(old: _Seen | None, new: _Seen | None) -> ChangeKind | None:
    if new is None:
        return ChangeKind.VANISHED
    if new.failing > (old.failing if old else 0):
        return ChangeKind.FAILING
    if old is None:
        return ChangeKind.APPEARED
    if old.statuses == new.statuses:
        return ChangeKind.SLOWER if much_slower(old.seconds, new.seconds) else None
    if new.failing < old.failing and new.statuses[Status.PASSED] > old.statuses[Status.PASSED]:
        return ChangeKind.PASSING
    return ChangeKind.CHANGED
