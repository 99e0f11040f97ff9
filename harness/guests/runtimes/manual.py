"""A page that a person opens, in a browser that the harness cannot start: on a phone, say, to which the port is led.

One page runs all guests, one after the other, so that the person opens it once: the server of each guest has the same
address, and the page loads itself again when the next one is there.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from harness.guests.runtimes.browser import InPage
from harness.guests.runtimes.browser_specs import BrowserStart
from harness.machine.http_server import PortTaken, Site, serving
from harness.machine.store import Store
from matrix.errors import Unobtainable


class Manual(InPage):
    """Any browser. `address` is a file with the address of the page."""

    one_at_a_time = True

    def __init__(self, address: Path) -> None:
        self._file = address

    @property
    def asks(self) -> str:
        return f"open {self._address()} in a browser on this machine, and leave it open"

    def try_out(self, store: Store, digest: str) -> None:
        port, _ = self.place()
        try:
            with serving(Site({}), port):
                pass
        except PortTaken as exc:
            raise Unobtainable(exc.message, hint="end what uses it, such as another run of this kind") from None

    def start(self, scratch: Path) -> BrowserStart | None:
        return None

    def place(self) -> tuple[int, str]:
        address = urlsplit(self._address())
        return address.port or 0, address.path.split("/")[1]

    def _address(self) -> str:
        return self._file.read_text("utf-8").strip()
