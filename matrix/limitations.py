"""The known limitations: what a platform cannot do, the tests that fail because of it, and the skips that it explains.

The list is in the TOML files of `limitations/`, one file per section of upstream's README. `Limitations.for_cell`
returns the entries that hold on one cell, prepared for matching many outcomes.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from msgspec import Meta

from matrix.conditions import Condition, Facts
from matrix.errors import ConfigError
from matrix.names import full_name
from matrix.outcome import Status
from matrix.reader import DESCRIBED, read_rows
from matrix.record import Identifier, Record

DIRECTORY = Path(__file__).parent / "limitations"
PROBES = Path(__file__).parent / "probes"
NEUTRAL = "neutral"
"""the section for causes other than the platform: libraries and options that a build leaves out, other systems"""


_GLOB = re.compile(r"(?:[^\s\[\]]|\[!?\]?[^\]]+\])+")
"""a valid glob: fnmatch would take an unclosed bracket literally"""


class Expectation(StrEnum):
    """The outcome that is expected of a test which a limitation names."""

    FAILED = "failed"
    ERRORED = "errored"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"
    FLAKY = "flaky"
    """passes in some runs and fails in others"""


class State(StrEnum):
    """What a probe found out about a limitation on a cell."""

    HOLDS = "holds"
    LIFTED = "lifted"
    PARTLY = "partly"
    CANNOT_BE_TRIED = "cannot be tried"
    BROKEN = "broken"
    """the probe itself failed: it crashed, hung or printed nothing that the harness understands"""


class ExpectedTest(Record, frozen=True, kw_only=True):
    """Tests that fail because of a limitation."""

    match: str | tuple[str, ...]
    """a glob over names such as test.test_os.ExecTests.test_execve, or several of them"""
    expect: Expectation
    reason: str
    """how the tests fail, and why"""
    rate: Annotated[float, Meta(gt=0, le=1)] | None = None
    """for flaky tests only: the share of runs that may fail; a higher share is a regression"""
    module: str = ""
    """the module that runs the tests, if another module runs tests with the same names (test_xml_etree_c)"""
    run: bool = True
    """false for tests that hang or crash for minutes: they are not run"""
    when: Condition = Condition()
    """restricts the limitation's own condition"""

    def __post_init__(self) -> None:
        for glob in self.globs:
            if not _GLOB.fullmatch(glob):
                raise ValueError(f"`match`: {glob!r} is not a valid glob for names of tests")
        if self.rate is not None and self.expect is not Expectation.FLAKY:
            raise ValueError(f'`rate` is only for expect = "flaky", not {self.expect.value!r}')

    @property
    def globs(self) -> tuple[str, ...]:
        return (self.match,) if isinstance(self.match, str) else self.match


class NamedTest(Record, frozen=True, kw_only=True):
    """One glob of an entry that holds on a cell."""

    match: str
    module: str
    expect: Expectation
    run: bool
    limitation: str
    rate: float | None = None

    def names(self, module: str) -> bool:
        """Whether the entry applies to tests that `module` runs."""
        return self.module in ("", module)


class SkipReason(Record, frozen=True, kw_only=True):
    """A reason that skipped tests give."""

    match: str
    """a regular expression that matches at the start of the reason"""
    seen: Condition = Condition()
    """the cells on which a whole suite has a test with this reason; on these it is stale if no test gives it"""
    varies: bool = False
    """whether the machine also decides if a test gives the reason; such a reason is never stale"""

    def expected(self, facts: Facts) -> bool:
        """Whether a whole suite on a cell must have a test that gives this reason."""
        return not self.varies and self.seen.holds(facts)


class Limitation(Record, frozen=True, kw_only=True):
    """One thing that a platform cannot do."""

    id: Identifier
    title: str
    section: str
    when: Condition = Condition()
    or_when: tuple[Condition, ...] = ()
    """further cells, which no single condition describes together with the others"""
    skip_reasons: tuple[str | SkipReason, ...] = ()
    """the reasons of tests that are skipped because of it; a plain string is expected wherever the limitation holds"""
    skip_when: Condition = Condition()
    """restricts the cells on which tests give these reasons"""
    references: tuple[str, ...] = ()
    probe: str = ""
    """the path in `probes/` of the script that shows whether the limitation holds; a neutral cause needs none"""
    tests: tuple[ExpectedTest, ...] = ()

    def holds(self, facts: Facts) -> bool:
        """Whether the list says that it holds on a cell."""
        return any(condition.holds(facts) for condition in (self.when, *self.or_when))

    @property
    def reasons(self) -> tuple[SkipReason, ...]:
        return tuple(SkipReason(match=one) if isinstance(one, str) else one for one in self.skip_reasons)


class LimitationsFile(Record, frozen=True, kw_only=True):
    """A file of `limitations/`: the entries of one section of upstream's README."""

    limitation: tuple[Limitation, ...]


class Limitations:
    """The whole list of limitations."""

    def __init__(self, entries: tuple[Limitation, ...], files: Mapping[str, str] = MappingProxyType({})) -> None:
        self.entries = entries
        self.files = files
        """the names of the files that contain the entries, by the entries' ids"""

    @classmethod
    def load(cls, directory: Path = DIRECTORY) -> Limitations:
        """Read the list. Raises ConfigError with all problems at once, each with its file and entry."""
        entries: list[Limitation] = []
        problems: list[str] = []
        places: dict[str, Path] = {}
        for path in sorted(directory.glob("*.toml")):
            found, unfit = read_rows(path, LimitationsFile)
            problems += unfit
            for entry in found:
                if entry.id in places:
                    problems.append(f"{path}: limitation {entry.id!r} is already defined in {places[entry.id]}")
                places[entry.id] = path
                problems += [f"{path}: limitation {entry.id!r}: {problem}" for problem in _problems(entry)]
            entries += found
        if problems:
            raise ConfigError("\n".join(problems), hint=DESCRIBED)
        return cls(tuple(entries), {name: path.name for name, path in places.items()})

    def probes(self) -> dict[str, Path]:
        """The probes' scripts, by the ids of their limitations."""
        return {entry.id: PROBES / entry.probe for entry in self.entries if entry.probe}

    def for_cell(self, facts: Facts) -> CellLimitations:
        return CellLimitations(self, facts)


def _problems(entry: Limitation) -> Iterator[str]:
    """The problems of an entry that its type cannot express."""
    for reason in entry.reasons:
        try:
            re.compile(reason.match)
        except re.error as exc:
            yield f"skip_reasons: {reason.match!r} is not a regular expression: {exc}"
    if entry.probe and not (PROBES / entry.probe).is_file():
        yield f"probe: there is no script {PROBES / entry.probe}"


class CellLimitations:
    """The limitations that hold on one cell, indexed for matching outcomes."""

    def __init__(self, limitations: Limitations, facts: Facts) -> None:
        self.files = limitations.files
        self.entries = tuple(entry for entry in limitations.entries if entry.holds(facts))
        self.explaining = tuple(entry for entry in self.entries if entry.skip_reasons and entry.skip_when.holds(facts))
        """the entries whose skip reasons tests give on this cell"""
        self.must_explain = tuple(
            entry
            for entry in self.explaining
            if entry.section != NEUTRAL and any(reason.expected(facts) for reason in entry.reasons)
        )
        """those with a reason that a whole suite must have here"""
        # Neutral causes depend on the run's options and on the machine, so their reasons are never stale.
        self._skips = [
            (re.compile(reason.match, re.DOTALL), entry, entry.section != NEUTRAL and reason.expected(facts))
            for entry in self.explaining
            for reason in entry.reasons
        ]
        self.tests = tuple(
            NamedTest(
                match=match,
                module=test.module,
                expect=test.expect,
                run=test.run,
                limitation=entry.id,
                rate=test.rate,
            )
            for entry in self.entries
            for test in entry.tests
            if test.when.holds(facts)
            for match in test.globs
        )
        # In reverse, so that the first of two entries for the same test wins.
        self._exact = {
            (test.match, test.module): test for test in reversed(self.tests) if not re.search(r"[*?\[]", test.match)
        }
        self._globs = [
            (re.compile(fnmatch.translate(test.match)), test)
            for test in self.tests
            if (test.match, test.module) not in self._exact
        ]
        self._any_glob = re.compile("|".join(fnmatch.translate(test.match) for _, test in self._globs) or r"(?!)")
        self._first: dict[str, int | None] = {}

    def expected(self, test: str, module: str = "") -> NamedTest | None:
        """The entry for a test that `module` ran: one with the test's own name, else the first glob that matches."""
        if found := self._exact.get((test, module)) or self._exact.get((test, "")):
            return found
        if not self._any_glob.match(test):
            return None
        return next((entry for regex, entry in self._globs if regex.match(test) and entry.names(module)), None)

    def expects_red(self, module: str) -> bool:
        """Whether an entry expects tests of a module to run and not to pass."""
        name = full_name(module)
        return any(
            entry.run and entry.expect is not Expectation.SKIPPED and entry.match.startswith(f"{name}.")
            for entry in self.tests
            if entry.names(module)
        )

    def rivals(self, test: str, module: str = "") -> tuple[NamedTest, ...]:
        """The entries that match a test as closely as the expected one, but expect another outcome."""
        chosen = self.expected(test, module)
        if chosen is None:
            return ()
        if chosen.match == test:
            same = [entry for entry in self.tests if (entry.match, entry.module) == (chosen.match, chosen.module)]
        else:
            same = [entry for regex, entry in self._globs if regex.match(test) and entry.names(module)]
        return tuple(entry for entry in same if entry.expect is not chosen.expect)

    def expects(self, test: str, status: Status, module: str = "") -> bool:
        """Whether a limitation expects this failing status of a test in a module."""
        if (found := self.expected(test, module)) is None:
            return False
        if status is Status.DID_NOT_RUN:
            return not found.run
        return found.expect in (status, Expectation.FLAKY)

    def attribute(self, reason: str) -> str | None:
        """The id of the first limitation that explains a skip reason; None when no limitation does."""
        place = self._first_match(reason)
        return None if place is None else self._skips[place][1].id

    def not_given(self, reasons: Collection[str]) -> list[tuple[str, str]]:
        """The expected skip reasons, as limitation and pattern, that match no reason in `reasons` of a whole suite."""
        met = {self._first_match(reason) for reason in reasons}
        return [
            (entry.id, regex.pattern)
            for place, (regex, entry, seen) in enumerate(self._skips)
            if seen and place not in met and not any(map(regex.match, reasons))
        ]

    def gives(self, limitation: str, pattern: str) -> bool:
        """Whether a whole suite on this cell must have a test that is skipped with this reason."""
        return any(seen and (entry.id, regex.pattern) == (limitation, pattern) for regex, entry, seen in self._skips)

    def _first_match(self, reason: str) -> int | None:
        if reason not in self._first:
            places = (place for place, (regex, _, _) in enumerate(self._skips) if regex.match(reason))
            self._first[reason] = next(places, None)
        return self._first[reason]
