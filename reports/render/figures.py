"""The comparison of runtimes in words and figures, the same in every form of a report. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from reports.runtimes import RuntimeDifference, RuntimeRow

EXPLAINED = (
    "Seconds are those of modules that were run: results that were reused do not count. CPU seconds are those of all "
    "guests; start-up is one guest's, on average. The speed compares CPU seconds with those of the first runtime, for "
    "the modules that both ran: 2.00 is twice as fast. The pass rate leaves skipped tests out."
)
"""what the figures are"""
NOTHING = "-"
"""in place of a figure that there is none of"""


def named(row: RuntimeRow) -> str:
    """The runtime with its version, and why it has no figures."""
    name = f"{row.runtime} {row.version}"
    return name if row.areas else f"{name}: {row.status}"


def figures(row: RuntimeRow) -> dict[str, str]:
    """What the comparison says of a runtime, by heading."""
    if not row.areas:
        return dict.fromkeys(_figures(row), NOTHING)
    return _figures(row)


def _figures(row: RuntimeRow) -> dict[str, str]:
    return {
        "modules run": f"{row.modules}" + (f" ({row.reused} reused)" if row.reused else ""),
        "passed": str(row.passed),
        "failed": str(row.failed),
        "known": str(row.known),
        "unexpected": str(row.unexpected),
        "skipped": str(row.skipped),
        "pass rate": _figure(row.pass_rate, "{:.2%}"),
        "wall": _figure(row.wall_s, "{:.1f} s"),
        "CPU": _figure(row.cpu_s, "{:.1f} s"),
        "start-up": _figure(row.startup_s, "{:.2f} s"),
        "speed": _figure(row.speed, "{:.2f}"),
    }


def _figure(value: float | None, form: str) -> str:
    return NOTHING if value is None else form.format(value)


class Explanation(NamedTuple):
    """What differs in one area under one runtime, and how many of its tests each limitation explains."""

    area: str
    tests: tuple[RuntimeDifference, ...]
    limitations: tuple[tuple[str, int], ...]
    """ids with numbers of tests, the most first; "" for tests that none explains"""


def explanations(row: RuntimeRow) -> Iterator[Explanation]:
    """What differs under a runtime, area by area."""
    for area, count in row.areas.items():
        if count.differ:
            tests = tuple(one for one in row.differences if one.area == area)
            limitations = Counter(one.limitation for one in tests)
            yield Explanation(area, tests, tuple(limitations.most_common()))
