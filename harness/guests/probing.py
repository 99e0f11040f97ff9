"""Runs the probes of limitations in guests of a cell: several in one, and what ends its guest is named.

A probe prints lines of JSON, `{"holds": true | false | "partly" | null, "saw": "..."}`; the last one counts. Null
means that it cannot be tried there. One that is about to risk the guest says first what it would mean if the guest
ends. With `"send": "SIGTERM"` (or SIGINT) in a line the runtime gets that signal.

A probe in `pages/` is about what only a page shows: it runs beside the browser (`runtimes.page_prober`), with a page
that it opens, and returns what another prints.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from harness.guests.adapter import Adapter
from harness.guests.events import Event
from harness.guests.runtimes.browser import Browser
from harness.guests.session import GuestSession
from harness.guests.settings import GuestSettings, Limits
from harness.machine.guest_process import GuestProcess
from harness.machine.process import describe_exit
from harness.machine.store import Store
from matrix.limitations import State

PROBER = Path(__file__).parent / "inside" / "prober.py"


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    """One limitation on one cell, as its probe saw it."""

    limitation: str
    state: State
    saw: str
    seconds: float = 0.0


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of a probe's."""

    holds: bool | Literal["partly"] | None
    saw: str
    send: Literal["", "SIGINT", "SIGTERM"] = ""
    """what the runtime is to get now"""


_STATES = {True: State.HOLDS, False: State.LIFTED, "partly": State.PARTLY, None: State.CANNOT_BE_TRIED}


def run_probes(
    probes: Mapping[str, Path], settings: GuestSettings, adapter: Adapter, store: Store, *, slot: int = 0
) -> list[Probed]:
    """What each of the probes (scripts by the limitation's id) saw: those of pages first, then in their order."""
    left = {name: path for name, path in probes.items() if not is_of_pages(path)}
    found = [
        run_page_probe(name, path, settings.wasm.parent, settings.limits, adapter, store)
        for name, path in probes.items()
        if is_of_pages(path)
    ]
    while left:
        came = _run(left, settings, adapter, store, slot)
        found += came
        for one in came:
            del left[one.limitation]
    return found


def _run(
    probes: Mapping[str, Path], settings: GuestSettings, adapter: Adapter, store: Store, slot: int
) -> list[Probed]:
    """What the first of the probes saw: all that one guest came to."""
    sources = [{"name": name, "source": path.read_text("utf-8")} for name, path in probes.items()]
    session = GuestSession(settings, adapter, store, PROBER, {"probes": sources}, slot=slot)
    found: list[Probed] = []
    name, said, begun = "", [""], time.monotonic()
    try:
        while received := session.wait():
            for event in received:
                if event.event == "module":
                    name, said, begun = event.module, [], time.monotonic()
                elif event.event == "said":
                    said.append(event.detail)
                    if number := asked_for(event.detail):
                        session.guest.send(number)
                elif event.event == "done":
                    found.append(judge(name, said, event, time.monotonic() - begun))
                    name = ""
        if name or not found:
            ended = session.ended or "the guest ended in the middle, with exit status 0"
            if not name:
                name, ended = next(iter(probes)), f"before any probe: {ended}\n{session.guest.output[-2000:]}"
            found.append(judge_end(name, said, ended, time.monotonic() - begun))
        return found
    finally:
        session.close()


def asked_for(line: str) -> signal.Signals | None:
    """The signal that a probe wants its runtime to get, by a line that it said."""
    try:
        said = msgspec.json.decode(line, type=Said)
    except msgspec.DecodeError:
        return None
    return signal.Signals[said.send] if said.send else None


def is_of_pages(probe: Path) -> bool:
    """Whether a probe runs beside a browser, not in a guest."""
    return probe.parent.name == "pages"


def run_page_probe(name: str, probe: Path, assets: Path, limits: Limits, adapter: Adapter, store: Store) -> Probed:
    """What a probe of pages saw, where the runtime is a browser; `assets` is the build's directory."""
    if not isinstance(adapter, Browser):
        return Probed(limitation=name, state=State.CANNOT_BE_TRIED, saw="there is no page: no browser runs this")
    begun = time.monotonic()
    with store.scratch("page") as directory:
        command = adapter.page_probe(probe, assets, directory)
        prober = GuestProcess(command.argv, env=command.env, cwd=directory, output_limit=limits.output)
        try:
            code = prober.wait(limits.seconds)
        finally:
            prober.kill()
    seconds = time.monotonic() - begun
    if code == 0:
        return _judged(name, prober.output.splitlines(), "", seconds)
    ended = f"it was ended after {limits.seconds:.0f} s" if code is None else describe_exit(code)
    return Probed(limitation=name, state=State.BROKEN, saw=f"{ended}\n{prober.output[-4096:]}", seconds=seconds)


def judge(name: str, said: list[str], done: Event, seconds: float = 0.0) -> Probed:
    """A probe that came to its end."""
    if done.detail:
        return Probed(limitation=name, state=State.BROKEN, saw=done.detail, seconds=seconds)
    return _judged(name, said, "", seconds)


def judge_end(name: str, said: list[str], ended: str, seconds: float = 0.0) -> Probed:
    """A probe that ended its guest: what it had said of that counts."""
    if not said or not said[-1]:
        return Probed(limitation=name, state=State.BROKEN, saw=ended, seconds=seconds)
    return _judged(name, said, ended, seconds)


def _judged(name: str, said: list[str], ended: str, seconds: float) -> Probed:
    try:
        last = msgspec.json.decode(said[-1] if said else "", type=Said)
    except msgspec.DecodeError as exc:
        what = f"its last line is not what a probe says ({exc}): {said[-1][:200]!r}" if said else "it said nothing"
        return Probed(limitation=name, state=State.BROKEN, saw=what, seconds=seconds)
    saw = f"{last.saw}: {ended}" if ended else last.saw
    return Probed(limitation=name, state=_STATES[last.holds], saw=saw, seconds=seconds)
