"""Two searches: for the version at which an outcome changes, and for the fewest tests that cause a failure. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class FirstChange(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A change between two versions in a row."""

    before: T
    after: T
    between: tuple[T, ...]
    """the versions between the two, none of which could be observed: the change may be at any of them"""


def find_change(row: Sequence[T], look: Callable[[T], object | None]) -> FirstChange[T] | None:
    """Search by bisection for two neighbours in a row with different results.

    `look` returns the result of an item, or None when it cannot be observed. It is called at most once for each item.
    Returns None when fewer than two items can be observed, or when the first and the last one have the same result.
    When there are several changes, one of them is found: from the first item's result to another one.
    """
    seen: dict[int, object | None] = {}

    def result_of(index: int) -> object | None:
        if index not in seen:
            seen[index] = look(row[index])
        return seen[index]

    first = next((index for index in range(len(row)) if result_of(index) is not None), None)
    last = next((index for index in reversed(range(len(row))) if result_of(index) is not None), None)
    if first is None or last is None or result_of(first) == result_of(last):
        return None
    low, high = first, last
    while (middle := _middle([index for index in range(low, high + 1) if index in seen])) is not None:
        found = result_of(middle)
        if found == seen[first]:
            low = middle
        elif found is not None:
            high = middle
    return FirstChange(before=row[low], after=row[high], between=tuple(row[low + 1 : high]))


def _middle(seen: Sequence[int]) -> int | None:
    """The middle of a stretch between two neighbours of `seen`; None when nothing is left between any.

    Only the first and the last of `seen` could be observed. Between two items that could not, the others often
    cannot either: such a stretch is the last to be looked at.
    """
    stretches = [(low, high) for low, high in itertools.pairwise(seen) if high - low > 1]
    outer = [pair for pair in stretches if pair[0] == seen[0] or pair[1] == seen[-1]]
    low, high = max(outer or stretches, key=lambda pair: pair[1] - pair[0], default=(0, 0))
    return (low + high) // 2 if high > low else None


def fewest(items: Sequence[T], suffices: Callable[[Sequence[T]], bool]) -> tuple[T, ...]:
    """Items that suffice, in their order, none of which can be left out. All items together have to suffice.

    This is delta debugging: https://www.st.cs.uni-saarland.de/papers/tse2002/tse2002.pdf
    """
    kept = list(items)
    parts = 2
    while len(kept) >= 2:
        size = -(-len(kept) // parts)
        chunks = [kept[start : start + size] for start in range(0, len(kept), size)]
        for chunk in chunks:
            if suffices(chunk):
                kept, parts = chunk, 2
                break
        else:
            for index in range(len(chunks)) if len(chunks) > 2 else ():
                rest = [item for number, chunk in enumerate(chunks) if number != index for item in chunk]
                if suffices(rest):
                    kept, parts = rest, max(parts - 1, 2)
                    break
            else:
                if parts >= len(kept):
                    break
                parts = min(2 * parts, len(kept))
    if len(kept) == 1 and suffices(()):
        return ()
    return tuple(kept)
