"""A browser that shows one page to guests, one after the other: it starts and compiles the module once for them all.

It is a child of a process of `browser_keeper.py`. The server of each guest (`browser_host.py`) gets the socket that the
page connects to, so the page finds the next guest there, and makes a new worker for it.
"""

from __future__ import annotations

import secrets
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec

from harness.guests.adapter import HostCommand, Lent
from harness.guests.runtimes.browser_specs import Kept, Place
from harness.machine.http_server import LOOPBACK, listen
from harness.machine.process import Guard, Process
from harness.machine.store import Store


class KeptBrowser(Lent):
    """A browser that runs until `close`, or until this process ends."""

    def __init__(
        self, store: Store, command: Callable[[Path, str], HostCommand], give_back: Callable[[KeptBrowser], object]
    ) -> None:
        """Start a browser. `command` makes the keeper's command from a directory for its files and an address to open.

        `give_back` is called when a guest does not need the browser any more, and it can serve another one.
        """
        self._give_back = give_back
        self.token = secrets.token_urlsafe(32)
        with ExitStack() as stack:
            directory = stack.enter_context(store.scratch("browser"))
            listening = stack.enter_context(listen())
            keeper = command(directory, f"http://{LOOPBACK}:{listening.getsockname()[1]}/{self.token}/suite.html")
            self._process = Process(keeper.argv, env=keeper.env, cwd=directory, guard=stack.enter_context(Guard()))
            stack.callback(self._process.kill)
            self.told = Kept(place=Place(directory=directory), keeper=self._process.pid, listening=listening.fileno())
            self._end = weakref.finalize(self, stack.pop_all().close)

    def serving(self, command: HostCommand) -> HostCommand:
        """A command that serves a guest in this browser."""
        return msgspec.structs.replace(command, descriptors=(self.told.listening,), companion=self.told.keeper)

    def is_usable(self) -> bool:
        """Whether the browser runs and has lost no guest."""
        gone = (self.told.place.ended, self.told.place.failed, self.told.place.lost)
        return self._process.poll() is None and not any(path.exists() for path in gone)

    def give_back(self, *, sound: bool) -> None:
        if sound and self.is_usable():
            self._give_back(self)
        else:
            self.close()

    def close(self) -> None:
        """End the browser."""
        self._end()
