"""Runs the probes of limitations in guests of a cell, several probes in one guest.

A probe prints lines of JSON, `{"holds": true | false | "partly" | null, "saw": "..."}`; the last line counts. Null
means that the probe cannot be tried there. Before a probe does something that may end the guest, it prints what such
an end would mean. A line with `"send": "SIGTERM"` (or SIGINT) asks for that signal, which the runtime then gets.

A probe in `pages/` looks at what only a page shows. It runs beside the browser (`runtimes.page_prober`), opens pages
itself, and returns what other probes print.
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
    """What the probe of one limitation saw on one cell."""

    limitation: str
    state: State
    saw: str
    seconds: float = 0.0


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line that a probe prints."""

    holds: bool | Literal["partly"] | None
    saw: str
    send: Literal["", "SIGINT", "SIGTERM"] = ""
    """the signal that the runtime has to get now"""


_STATES = {True: State.HOLDS, False: State.LIFTED, "partly": State.PARTLY, None: State.CANNOT_BE_TRIED}


def run_probes(
    probes: Mapping[str, Path], settings: GuestSettings, adapter: Adapter, store: Store, *, slot: int = 0
) -> list[Probed]:
    """What each probe saw: first the page probes, then the others. `probes` maps limitations to scripts."""
    left = {name: path for name, path in probes.items() if not is_of_pages(path)}
    found = [
        run_page_probe(name, path, settings.wasm.parent, settings.limits, adapter, store)
        for name, path in probes.items()
        if is_of_pages(path)
    ]
    while left:
        some = _run(left, settings, adapter, store, slot)
        found += some
        for one in some:
            del left[one.limitation]
    return found


def _run(
    probes: Mapping[str, Path], settings: GuestSettings, adapter: Adapter, store: Store, slot: int
) -> list[Probed]:
    """Run probes in one guest, as many as it survives: what each of these saw."""
    sources = [{"name": name, "source": path.read_text("utf-8")} for name, path in probes.items()]
    session = GuestSession(settings, adapter, store, (PROBER,), {"probes": sources}, slot=slot)
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
    """The signal that a line of a probe asks for."""
    try:
        said = msgspec.json.decode(line, type=Line)
    except msgspec.DecodeError:
        return None
    return signal.Signals[said.send] if said.send else None


def is_of_pages(probe: Path) -> bool:
    """Whether a probe is a page probe, which runs beside a browser and not in a guest."""
    return probe.parent.name == "pages"


def run_page_probe(name: str, probe: Path, assets: Path, limits: Limits, adapter: Adapter, store: Store) -> Probed:
    """What a page probe saw; `assets` is the build's directory. It cannot be tried where the runtime is no browser."""
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
    """What a probe saw that ended by itself."""
    if done.detail:
        return Probed(limitation=name, state=State.BROKEN, saw=done.detail, seconds=seconds)
    return _judged(name, said, "", seconds)


def judge_end(name: str, said: list[str], ended: str, seconds: float = 0.0) -> Probed:
    """What a probe saw that ended its guest: its last line says what that means."""
    if not said or not said[-1]:
        return Probed(limitation=name, state=State.BROKEN, saw=ended, seconds=seconds)
    return _judged(name, said, ended, seconds)


def _judged(name: str, said: list[str], ended: str, seconds: float) -> Probed:
    try:
        last = msgspec.json.decode(said[-1] if said else "", type=Line)
    except msgspec.DecodeError as exc:
        what = f"its last line is not what a probe says ({exc}): {said[-1][:200]!r}" if said else "it said nothing"
        return Probed(limitation=name, state=State.BROKEN, saw=what, seconds=seconds)
    saw = f"{last.saw}: {ended}" if ended else last.saw
    return Probed(limitation=name, state=_STATES[last.holds], saw=saw, seconds=seconds)
