"""Asks a cell's interpreter what it is, in one guest: its own words, and CPython's `test.pythoninfo`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.guests.adapter import Adapter
from harness.guests.session import GuestSession
from harness.guests.settings import GuestSettings
from harness.machine.store import Store

DESCRIBER = Path(__file__).parent / "inside" / "describer.py"
_LONGEST = 60.0
"""seconds that a part may take; pythoninfo, the longest, takes about one"""

_Pairs = dict[str, str]


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest said of itself, as far as it went."""

    platform: _Pairs = {}
    sysconfig: _Pairs = {}
    pythoninfo: str = ""
    """the standard output of `python -m test.pythoninfo`"""
    notes: tuple[str, ...] = ()
    """what could not be gathered, and why"""


def describe_guest(settings: GuestSettings, adapter: Adapter, store: Store) -> Described:
    """Start a guest that describes itself. A guest that ends in the middle is a note, and what it said before counts.

    Raises what starting a guest raises, msgspec.DecodeError for a line that is not an event.
    """
    seconds = min(_LONGEST, settings.limits.seconds)
    limited = msgspec.structs.replace(settings, limits=msgspec.structs.replace(settings.limits, seconds=seconds))
    session = GuestSession(limited, adapter, store, (DESCRIBER,), {})
    found: dict[str, str] = {}
    notes: list[str] = []
    doing = "the start of the guest"
    try:
        while received := session.wait():
            for event in received:
                if event.event == "begins":
                    doing = event.detail
                elif event.event == "failed":
                    notes.append(f"not gathered: {event.detail.strip()}")
                else:
                    found[event.event] = event.detail
        if "end" not in found:
            ended = "no answer in time" if session.timed_out else session.ended or "it exited with status 0"
            notes.append(f"not gathered: {doing}: the guest ended: {ended}")
    finally:
        session.close()
    return described(found, notes)


def described(found: dict[str, str], notes: list[str]) -> Described:
    """The details of events, by the event's name, as a record; what is not of the expected form becomes a note."""
    pairs: dict[str, _Pairs] = {}
    for name in ("platform", "sysconfig"):
        try:
            pairs[name] = msgspec.json.decode(found.get(name, "{}"), type=_Pairs)
        except (msgspec.DecodeError, UnicodeError) as exc:
            pairs[name] = {}
            notes = [*notes, f"not gathered: {name}: it is not a record of words: {exc}"]
    return Described(**pairs, pythoninfo=found.get("pythoninfo", ""), notes=tuple(notes))
