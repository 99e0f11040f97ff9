"""Every combination of the matrix in `data/`, worked out once in a process: that takes a quarter of a second."""

from __future__ import annotations

from functools import cache

from matrix.expand import Expansion, expand
from matrix.load import load


@cache
def whole_expansion(*, known_bad: bool = False) -> Expansion:
    """The expansion of the matrix; `known_bad` as in `expand`. Raises ConfigError as `load` does."""
    return expand(load(), known_bad=known_bad)
