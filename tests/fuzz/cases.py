"""One case: something is made, one of its files is damaged, and it is used again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.fuzz.damage import damaged
from tests.fuzz.judge import GOOD, Finding, judged
from tests.fuzz.kinds import Kind


class Case(NamedTuple):
    """What was done, and what came of it."""

    seed: int
    kind: str
    file: str
    way: str
    finding: Finding
    said: str

    @property
    def good(self) -> bool:
        return self.finding in GOOD

    def __str__(self) -> str:
        return f"seed {self.seed}: {self.kind}: {self.file} {self.way}: {self.finding.value}"


def damage_case(seed: int, kinds: Sequence[Kind], place: Path) -> Case:
    """The case of a seed, in an empty directory."""
    chance = Random(seed)
    kind = chance.choice(list(kinds))
    undisturbed = kind.use(place)
    if not undisturbed.green:
        raise RuntimeError(f"{kind.name} is not green before anything is damaged:\n{undisturbed.said}")
    file = chance.choice(sorted(path for path in place.glob(kind.files) if path.is_file() and path.stat().st_size))
    before, data = file.stat(), file.read_bytes()
    way, now = damaged(data, chance)
    file.write_bytes(now)
    if kind.silently and len(now) == len(data):
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    seen = kind.use(place)
    finding = judged(undisturbed, seen, kind.causes)
    return Case(seed, kind.name, str(file.relative_to(place)), way, finding, seen.said)
