"""Keeps a browser running for guests that follow one another. It is started as a module and runs until it is killed.

    python -m harness.guests.runtimes.browser_keeper SPEC

SPEC is the JSON of `browser_specs.KeeperSpec`. How the browser ends, or why it cannot be started, is written to files.
"""

from __future__ import annotations

import sys
import time

from harness.guests.runtimes.browser_specs import KeeperSpec
from harness.guests.runtimes.started_browser import StartedBrowser, short_temporary_directory
from harness.machine.descendants import adopt_orphans
from harness.machine.files import write_atomically
from matrix import json_records
from matrix.errors import MatrixError

_LOOK = 0.1
"""seconds between checks whether the browser is still there"""


def keep(spec: KeeperSpec) -> None:
    """Start the browser, and return when nothing of it is left."""
    with short_temporary_directory(), StartedBrowser(spec.browser, spec.url) as browser:
        while (code := browser.poll()) is None:
            time.sleep(_LOOK)
        write_atomically(spec.place.ended, str(code).encode())
        while browser.has_left_processes():  # the command was a launcher
            time.sleep(_LOOK)


def main() -> None:
    adopt_orphans()
    spec = json_records.decode(sys.argv[1].encode(), KeeperSpec)
    try:
        keep(spec)
    except (MatrixError, OSError) as exc:
        write_atomically(spec.place.failed, str(exc).encode())


if __name__ == "__main__":
    main()
