"""`python -m tests.fuzz`: the cases of a row of seeds."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import tests.fuzz
from tests.fuzz.cases import Case, damage_case
from tests.fuzz.edits import EDITS, edit_case
from tests.fuzz.kills import VICTIMS, kill_case
from tests.fuzz.kinds import RUN, SMALL
from tests.fuzz.tabs import VICTIMS as PARTS
from tests.fuzz.tabs import tabs_case


def main() -> int:
    parser = argparse.ArgumentParser(description=tests.fuzz.__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["damage", "kills", "edits", "tabs"])
    parser.add_argument("--count", type=int, default=1, help="how many cases (default: 1)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="of the first case; then the next")
    parser.add_argument("--kind", default="", help="only files, processes or edits with this in their name")
    parser.add_argument("--runtime", default="chromium", help="for tabs: chromium (default), firefox")
    parser.add_argument("--whole", action="store_true", help="damage the files of real runs, too")
    known = parser.parse_args()
    if known.what == "kills":
        victims = named(VICTIMS, known.kind)
        return run(known.seed, known.count, lambda seed, place: kill_case(seed, victims, place))
    if known.what == "tabs":
        parts = named(PARTS, known.kind)
        return run(known.seed, known.count, lambda seed, place: tabs_case(seed, known.runtime, parts, place))
    if known.what == "edits":
        edits = named(EDITS, known.kind)
        return run(known.seed, known.count, lambda seed, place: edit_case(seed, edits))
    kinds = named((*SMALL, *RUN) if known.whole else SMALL, known.kind)
    return run(known.seed, known.count, lambda seed, place: damage_case(seed, kinds, place))


class Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


def named(things: Sequence[T], words: str) -> list[T]:
    """Those with certain words in their names. Exits when there are none."""
    found = [one for one in things if words in one.name]
    return found or sys.exit(f"--kind {words}: there are {', '.join(one.name for one in things)}")


def run(first: int, count: int, case: Callable[[int, Path], Case]) -> int:
    """Run the cases and print each, with what was said in those that are not good; the exit status."""
    print(f"seeds {first} to {first + count - 1}")
    found: Counter[tuple[str, str]] = Counter()
    bad = 0
    started = time.monotonic()
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
            one = case(seed, Path(directory))
        found[one.kind, one.finding.value] += 1
        print(one, flush=True)
        if not one.good:
            bad += 1
            print(one.said, flush=True)
    for (kind, finding), number in sorted(found.items()):
        print(f"{number:6} {kind}: {finding}")
    seconds = time.monotonic() - started
    print(f"{count} cases, {bad} of them bad, {seconds / count:.3f} s each")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
