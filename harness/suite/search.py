"""Two searches of triage: the version at which something changes, the fewest things that bring it about. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Change(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Where a row of versions comes to something else."""

    before: T
    after: T
    between: tuple[T, ...]
    """those in the middle that could not be looked at: the change may be at each of them, too"""


def find_change(row: Sequence[T], look: Callable[[T], object | None]) -> Change[T] | None:
    """Halve the way between the first and the last of a row until two neighbours are left that differ.

    `look` says what one comes to, None when that cannot be told; it is asked once for each that is needed.
    None is returned when fewer than two can be looked at or the ends come to the same. Of several changes
    one is found: from what the first comes to, to anything else.
    """
    seen: dict[int, object | None] = {}

    def came_to(index: int) -> object | None:
        if index not in seen:
            seen[index] = look(row[index])
        return seen[index]

    first = next((index for index in range(len(row)) if came_to(index) is not None), None)
    last = next((index for index in reversed(range(len(row))) if came_to(index) is not None), None)
    if first is None or last is None or came_to(first) == came_to(last):
        return None
    low, high = first, last
    while left := [index for index in range(low + 1, high) if index not in seen]:
        middle = min(left, key=lambda index: abs(2 * index - low - high))
        found = came_to(middle)
        if found == seen[first]:
            low = middle
        elif found is not None:
            high = middle
    return Change(before=row[low], after=row[high], between=tuple(row[low + 1 : high]))


def fewest(items: Sequence[T], suffices: Callable[[Sequence[T]], bool]) -> tuple[T, ...]:
    """A part of the items, in their order, that suffices and of which none can be left out.

    All of them together have to suffice. Larger and larger parts are left out and kept as in delta debugging,
    https://www.st.cs.uni-saarland.de/papers/tse2002/tse2002.pdf.
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
