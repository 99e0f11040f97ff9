"""One guest that runs one of the scripts in `inside/`, from its start to its end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.guests import events
from harness.guests.adapter import Adapter, GuestRun, Lent
from harness.guests.guest_files import GuestFiles
from harness.guests.settings import GuestSettings
from harness.machine.core_wait import CoreWait
from harness.machine.disk_use import DiskUse
from harness.machine.guest_process import GuestProcess
from harness.machine.store import Store
from matrix import json_records

_POLL = 0.02
"""seconds between checks for new events"""
_SILENT = 1.0
"""seconds without events after which it is measured how long the guest waits for a core"""
_BETWEEN_LOOKS = 5.0
"""seconds between two looks at a guest that a loaded machine may take; a harness that takes longer was stopped"""
_NOT_THE_TREE = "\0"
_LONGER = 3.0
"""so many times its limit at most is added for the waits of a guest on a loaded machine"""


class Silence:
    """For how long a guest has been silent while the harness looked.

    When the harness was stopped meanwhile (a suspended machine, say), its guests were, too: that time does not count.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looked = clock()
        self._seconds = 0.0

    def end(self) -> None:
        """The guest has just said something."""
        self._looked = self._clock()
        self._seconds = 0.0

    def seconds(self) -> float:
        """The seconds so far. Between two looks, `_BETWEEN_LOOKS` count at most."""
        before, self._looked = self._looked, self._clock()
        self._seconds += min(self._looked - before, _BETWEEN_LOOKS)
        return self._seconds


def overdue(silent: float, waited: float, limit: float) -> bool:
    """Whether a guest that was silent for so many seconds, and waited for a core in so many of them, is to be ended."""
    return silent - min(waited, _LONGER * limit) > limit


def prefix_of_reads(settings: GuestSettings, files: GuestFiles) -> str:
    """What comes before the tree's paths in what a guest reads. No path begins so where the library is not the tree's.

    What a test module depends on is not known then, and its results stand for the very same tree only.
    """
    return files.prefix if settings.sees_tree else _NOT_THE_TREE


class GuestSession:
    """A guest that runs a script with a plan, and the events that the script writes."""

    def __init__(
        self,
        settings: GuestSettings,
        adapter: Adapter,
        store: Store,
        scripts: Sequence[Path],
        plan: Mapping[str, object],
        *,
        slot: int = 0,
        lent: Lent | None = None,
    ) -> None:
        """Start the first of `scripts` in a guest; the others lie beside it. What is `lent` to it, it gives back."""
        self._limits = settings.limits
        self._adapter = adapter
        self._scratch = store.scratch("guest")
        self.directory = self._scratch.__enter__()
        files = adapter.lay_out(settings.tree, settings.build, self.directory)
        for script in scripts:
            shutil.copyfile(script, files.root / script.name)
        paths = {"events": files.guest_events, "work": files.guest_work, "environment": files.environment}
        paths["tree"] = prefix_of_reads(settings, files)
        # Where the tree is the guest's root, the guest has the build's directory for itself.
        paths["own_library"] = "" if files.prefix else settings.platform_library
        (files.root / "plan.json").write_bytes(json_records.encode({**paths, **plan}))
        words = (f"{files.guest_root}{scripts[0].name}", f"{files.guest_root}plan.json")
        self._lent = lent
        run = GuestRun(
            wasm=settings.wasm,
            wasm_digest=settings.wasm_digest,
            argv=(files.prefix + settings.executable, *settings.python_flags, *words),
            env={"PYTHONPATH": files.prefix + settings.platform_library},
            preopens=files.preopens,
            wasm_stack=settings.wasm_stack,
            memory_limit=settings.limits.memory,
            slot=slot,
            lent=lent,
        )
        self.events_file = files.events
        self._events = events.EventReader(files.events)
        command = adapter.command(run, settings.compiled, self.directory)
        self._disk_use = DiskUse(self.directory)
        self.guest = GuestProcess(
            command.argv,
            env=command.env,
            cwd=self.directory,
            output_limit=settings.limits.output,
            descriptors=command.descriptors,
            companion=command.companion,
        )
        self._processes = (self.guest.pid, *((command.companion,) if command.companion else ()))
        self._wrote_too_much = False
        self._begun = time.monotonic()
        self._silence = Silence()
        self._core_wait: CoreWait | None = None
        self.startup = 0.0
        """seconds until the first event"""
        self.ended = ""
        """how the guest ended, unless it exited with status 0"""
        self.timed_out = False
        self.limit = settings.limits.seconds
        """seconds without events after which the guest is ended"""
        self._counted = 0.0
        """processor seconds that `cpu_since` has returned"""

    def cpu_since(self) -> float:
        """The processor seconds of the guest since the last call, or since its start."""
        before, self._counted = self._counted, self.guest.cpu()
        return self._counted - before

    @property
    def started(self) -> bool:
        """Whether the script in the guest has written an event."""
        return self.startup > 0.0

    def wait(self) -> list[events.Event]:
        """Wait for the next events. An empty list means that the guest has ended; `ended` says how.

        A guest without events for longer than its limit is killed. The time in which it waited for a core does not
        count, up to three times the limit. A guest that fills the disk is killed, too.
        """
        while True:
            over = self.guest.poll()
            if over is None and self._disk_use.exceeds(self._limits.disk, self.guest.pid):
                self._wrote_too_much = True
                self.guest.kill()
            if found := self._events.read():
                self._silence.end()
                self._core_wait = None
                self.startup = self.startup or time.monotonic() - self._begun
                return found
            if over is not None:
                code = self.guest.wait(5.0) or 0
                self.ended = self._describe(code)
                return []
            if self._is_overdue():
                self.timed_out = True
                self.ended = f"no test ended for {self.limit:.0f} s: the guest was ended"
                if not self.started and (silence := self._adapter.describe_silence(self.directory)):
                    self.ended += f": {silence}"
                self.guest.kill()
                return []
            time.sleep(_POLL)

    def _is_overdue(self) -> bool:
        silent = self._silence.seconds()
        if silent > _SILENT and self._core_wait is None:
            self._core_wait = CoreWait(*self._processes)
        if silent <= self.limit:
            return False
        return overdue(silent, self._core_wait.seconds() if self._core_wait else 0.0, self.limit)

    def _describe(self, code: int) -> str:
        if self.guest.overflowed:
            return f"the guest printed more than {self._limits.output >> 20} MiB and was ended"
        if self._wrote_too_much:
            return f"the guest wrote more than {self._limits.disk >> 20} MiB to the disk and was ended"
        if code == 0:
            return ""
        return self._adapter.describe_end(code, self.guest.output)

    def close(self) -> None:
        """Kill the guest if it still runs, and remove its files."""
        self.guest.kill()
        if self._lent:
            self._lent.give_back(sound=not (self.timed_out or self.guest.overflowed or self._wrote_too_much))
        self._scratch.__exit__(None, None, None)
