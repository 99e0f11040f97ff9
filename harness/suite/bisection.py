"""What was seen of a test at the commits of a checkout: kept, so that a search that is started again goes on."""

from __future__ import annotations

import statistics
from pathlib import Path

import msgspec

from harness.machine.files import write_atomically
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from matrix import json_records
from matrix.outcome import Status


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen at one commit."""

    status: Status | None
    """None when it could not be tested"""
    why: str = ""
    """why it could not be tested"""
    seconds: float = 0.0
    """how long it took to build and run it"""
    key: str = ""
    """of the test and everything but the commit that decides its outcome"""


class SeenCommits:
    """The commits at which a test was looked at, in one way of building and running it.

    `place` names that way, such as `wasi_wasi-sdk-24_wasmtime-50.0.1`: times of one are a measure for the next time.
    `marks` are what else decides an outcome: the test, the digests of the SDK and the runtime, the harness's code.
    """

    def __init__(self, store: Store, place: str, *marks: str) -> None:
        self._path = store.root / "state" / "bisections" / f"{place}.json"
        self._key = digest_of(*marks)
        self._commits = _read(self._path)

    def known(self, commit: str) -> Seen | None:
        """What was seen at a commit, by this search or an earlier one for the same."""
        return next((seen for seen in self._commits.get(commit, ()) if seen.key == self._key), None)

    def note(self, commit: str, seen: Seen) -> None:
        """Keep what was seen at a commit."""
        others = [one for one in self._commits.get(commit, ()) if one.key != self._key]
        self._commits[commit] = [*others, msgspec.structs.replace(seen, key=self._key)]
        write_atomically(self._path, json_records.encode(self._commits))

    def seconds(self) -> float | None:
        """The median time of a step, in seconds; None when none was measured."""
        times = [one.seconds for found in self._commits.values() for one in found]
        return statistics.median(times) if times else None


def _read(path: Path) -> dict[str, list[Seen]]:
    try:
        return json_records.decode(path.read_bytes(), dict[str, list[Seen]])
    except (OSError, msgspec.DecodeError):
        return {}
