"""Finds the tests that a word names."""

from __future__ import annotations

import fnmatch
import heapq
import itertools
import re
from collections.abc import Collection

from matrix.errors import UsageError, near
from matrix.names import full_name, spellings

_NEAREST = 300
"""names that are looked at for near misses"""


def matching(names: Collection[str], word: str) -> list[str]:
    """The tests that a word names, with or without `test.`. Raises UsageError, with near misses, when there is none."""
    words = spellings(word)
    if re.search(r"[*?\[]", word):
        pattern = re.compile("|".join(map(fnmatch.translate, words)))
        found = sorted(name for name in names if pattern.match(name))
    else:
        found = [name for name in words if name in names][:1]
    if found:
        return found
    below = sum(name.startswith(tuple(f"{one}." for one in words)) for name in names)
    raise UsageError(
        f"there is no test {word!r} in the history",
        hint=f"there are {below} in it: '{word}.*'"
        if below
        else near(word, _similar(names, word)) or "`*` and `?` match parts of names: 'test_os.*Fork*'",
    )


def _similar(names: Collection[str], word: str) -> list[str]:
    """Names that begin or end like a word: `near` is thorough, and slow with all of a suite's names."""
    full = full_name(word)
    last = "." + word.rpartition(".")[2]

    def begins(name: str) -> int:
        return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(name, full, strict=False)))

    return [
        *heapq.nlargest(_NEAREST, names, key=begins),
        *itertools.islice((name for name in names if name.endswith(last)), _NEAREST),
    ]
