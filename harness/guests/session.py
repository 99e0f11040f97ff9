"""One guest that runs a script of ours: how it is set up, what it writes down, how it ends."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from harness.guests import events
from harness.guests.adapter import Adapter, GuestRun
from harness.guests.settings import GuestSettings
from harness.machine.guest_process import GuestProcess
from harness.machine.store import Store
from matrix import json_records

_POLL = 0.02
"""seconds between two looks at a guest's events"""


class Session:
    """A guest that runs a script with a plan, and its events."""

    def __init__(
        self,
        settings: GuestSettings,
        adapter: Adapter,
        store: Store,
        script: Path,
        plan: Mapping[str, object],
        *,
        slot: int = 0,
    ) -> None:
        self._limits = settings.limits
        self._adapter = adapter
        self._scratch = store.scratch("guest")
        self.directory = self._scratch.__enter__()
        place = adapter.place(settings.tree, settings.build, self.directory)
        shutil.copyfile(script, place.root / script.name)
        where = {"events": place.guest_events, "work": place.guest_work, "environment": place.environment}
        (place.root / "plan.json").write_bytes(json_records.encode({**where, **plan}))
        words = (f"{place.guest_root}{script.name}", f"{place.guest_root}plan.json")
        self.run = GuestRun(
            wasm=settings.wasm,
            wasm_digest=settings.wasm_digest,
            argv=(place.prefix + settings.executable, *settings.python_flags, *words),
            env={"PYTHONPATH": place.prefix + settings.platform_library},
            preopens=place.preopens,
            wasm_stack=settings.wasm_stack,
            memory_limit=settings.limits.memory,
            slot=slot,
        )
        self.events_file = place.events
        self._events = events.EventReader(place.events)
        command = adapter.command(self.run, settings.compiled, self.directory)
        self.guest = GuestProcess(
            command.argv, env=command.env, cwd=self.directory, output_limit=settings.limits.output
        )
        self._begun = self._heard = time.monotonic()
        self.startup = 0.0
        """seconds until the script first said something"""
        self.ended = ""
        """how the guest ended, once it did without having been told to"""
        self.timed_out = False

    def wait(self) -> list[events.Event]:
        """The next events; an empty list when the guest is over (`ended` says how, "" for exit 0).

        A guest that is silent for longer than its limit is ended.
        """
        while True:
            over = self.guest.poll()
            if found := self._events.read():
                self._heard = time.monotonic()
                self.startup = self.startup or self._heard - self._begun
                return found
            if over is not None:
                code = self.guest.wait(5.0) or 0
                self.ended = self._describe(code)
                return []
            if time.monotonic() - self._heard > self._limits.seconds:
                self.timed_out = True
                self.ended = f"no test ended for {self._limits.seconds:.0f} s: the guest was ended"
                self.guest.kill()
                return []
            time.sleep(_POLL)

    def _describe(self, code: int) -> str:
        if self.guest.overflowed:
            return f"the guest printed more than {self._limits.output >> 20} MiB and was ended"
        if code == 0:
            return ""
        return self._adapter.describe_end(code, self.guest.output)

    def close(self) -> None:
        """End the guest if it still runs, and remove what it left."""
        self.guest.kill()
        self._scratch.__exit__(None, None, None)
