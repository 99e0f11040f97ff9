"""How a run spent its time. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from matrix.outcome import ModuleResult

_MOST_SLOW = 30


class CellTime(msgspec.Struct, frozen=True, kw_only=True):
    """How a cell spent its time, in seconds. The times of guests are sums over all workers."""

    cell: str
    provision: float
    build: float
    compile: float
    """the runtime's compilation of the WebAssembly module"""
    suite: float
    """wall time"""
    startups: float
    """starting guests, until their drivers were ready"""
    tests: float
    rest: float
    """the rest of the modules' time: imports, fixtures"""
    guests: int
    reused: int
    """modules with the results of an earlier run; their time does not count"""

    @property
    def startup(self) -> float | None:
        """Starting one guest, on average; None when none was started."""
        return round(self.startups / self.guests, 3) if self.guests else None


class SlowModule(msgspec.Struct, frozen=True, kw_only=True):
    """The time of a module in all cells of a run."""

    module: str
    seconds: float
    """sum over all cells"""
    slowest: float
    cell: str
    """the cell where it was slowest"""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A task or a module in the timeline, from `started` to `ended` in seconds since the epoch."""

    name: str
    kind: str
    started: float
    ended: float
    cores: int = 1


class Lanes(msgspec.Struct, frozen=True, kw_only=True):
    """Bars in rows, so that bars of a row do not overlap."""

    rows: tuple[tuple[Bar, ...], ...]
    started: float
    ended: float
    cores: int
    """the largest number of cores in use at the same time"""
    busy: float
    """the share of the cores' time that was used, 0 to 1"""


def cell_time(cell: str, durations: Mapping[str, float], results: Iterable[ModuleResult]) -> CellTime:
    """How a cell spent its time; `durations` are those of its record."""
    startups = tests = modules = 0.0
    guests = reused = 0
    for result in results:
        if result.reused:
            reused += 1
            continue
        startups += result.startup
        guests += bool(result.startup) * result.guests
        modules += result.duration
        tests += min(sum(outcome.duration for outcome in result.outcomes), result.duration)
    return CellTime(
        cell=cell,
        provision=durations.get("provision", 0.0),
        build=durations.get("build", 0.0),
        compile=durations.get("compile", 0.0),
        suite=durations.get("test", 0.0),
        startups=startups,
        tests=tests,
        rest=modules - tests,
        guests=guests,
        reused=reused,
    )


class Slowest:
    """Adds up the time of each module, cell by cell."""

    def __init__(self) -> None:
        self._seconds: dict[str, dict[str, float]] = defaultdict(dict)

    def add(self, cell: str, results: Iterable[ModuleResult]) -> None:
        """Add the results of one cell."""
        for result in results:
            self._seconds[result.module][cell] = result.duration

    def found(self) -> tuple[SlowModule, ...]:
        """The modules with the longest times."""
        rows = [
            SlowModule(
                module=module,
                seconds=sum(cells.values()),
                slowest=max(cells.values()),
                cell=max(cells, key=cells.__getitem__),
            )
            for module, cells in self._seconds.items()
        ]
        return tuple(sorted(rows, key=lambda row: (-row.seconds, row.module))[:_MOST_SLOW])


def lanes(bars: Sequence[Bar]) -> Lanes | None:
    """Bars in rows, each in the first row that is free when the bar begins; None without bars."""
    if not bars:
        return None
    rows: list[list[Bar]] = []
    for bar in sorted(bars, key=lambda bar: (bar.started, bar.name)):
        row = next((row for row in rows if row[-1].ended <= bar.started), None)
        if row is None:
            rows.append([bar])
        else:
            row.append(bar)
    started, ended = min(bar.started for bar in bars), max(bar.ended for bar in bars)
    edges = sorted([(bar.started, bar.cores) for bar in bars] + [(bar.ended, -bar.cores) for bar in bars])
    cores = most = 0
    for _, change in edges:
        cores += change
        most = max(most, cores)
    used = sum((bar.ended - bar.started) * bar.cores for bar in bars)
    busy = used / ((ended - started) * most) if ended > started else 1.0
    return Lanes(rows=tuple(map(tuple, rows)), started=started, ended=ended, cores=most, busy=min(busy, 1.0))
