"""The areas of CPython's test suite: which area each test module belongs to. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate
from functools import cache
from typing import Annotated

from msgspec import Meta

from matrix.names import full_name
from matrix.record import Identifier, Record

OTHER = "other"
"""the area of the modules that no row names"""


class Area(Record, frozen=True, kw_only=True):
    """A part of the suite that tests one thing: files, the network, ..."""

    name: Identifier
    modules: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Names of test modules, or globs over them, as regrtest writes them. A package stands for its modules, too."""

    def has(self, module: str) -> bool:
        """Whether a name or a glob of this area matches a module."""
        return _pattern(self.modules).match(full_name(module)) is not None


@cache
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """What matches the full names of the modules that globs match, and of those in the packages that they match."""
    full = [full_name(glob) for glob in globs]
    return re.compile("|".join(translate(glob) for one in full for glob in (one, f"{one}.*")))


def by_area(areas: Sequence[Area], modules: Iterable[str]) -> dict[str, list[str]]:
    """The modules of each area, in the order of the areas, OTHER last. A module is in the first area that has it."""
    found: dict[str, list[str]] = {name: [] for name in (*(area.name for area in areas), OTHER)}
    for module in modules:
        found[next((area.name for area in areas if area.has(module)), OTHER)].append(module)
    return found
