"""Tries a browser with a guest that ends at once: whether it starts, opens the page and lets the worker report."""

from __future__ import annotations

from harness.guests.adapter import Adapter, GuestRun
from harness.guests.guest_files import Preopen
from harness.guests.session import Silence, overdue
from harness.machine.core_wait import CoreWait
from harness.machine.guest_process import GuestProcess
from harness.machine.store import Store
from matrix.errors import Unobtainable

LIMIT = 120.0
"""seconds until the guest has ended, without those in which its process waits for a core"""
_HINT = (
    "start it by hand in a terminal to see more; where it may not write to its profile, let $CPYTHON_WASM_CACHE name "
    "another directory"
)
_OUTPUT = 1 << 20
"""bytes"""
_SHOWN = 2000
"""characters of it that are shown"""
_LOOK = 0.05
"""seconds between checks whether the guest has ended"""


def try_browser(browser: Adapter, name: str, store: Store, limit: float = LIMIT) -> None:
    """Raises Unobtainable, with the browser's `name` and what it printed, when no guest can run in it."""
    with store.scratch("browser") as directory:
        assets, tree = directory / "assets", directory / "tree"
        for made in (assets, tree):
            made.mkdir()
        (assets / "python.js").write_text("end(0);\n", "utf-8")
        browser.lay_out(tree, "", directory)
        run = GuestRun(
            wasm=assets / "python.wasm",
            wasm_digest="",
            argv=("python.js",),
            env={},
            preopens=(Preopen(host=tree, guest="/"),),
            wasm_stack=0,
            memory_limit=1 << 20,
        )
        command = browser.command(run, run.wasm, directory)
        guest = GuestProcess(command.argv, env=command.env, cwd=directory, output_limit=_OUTPUT)
        try:
            code = _end(guest, limit)
            if code != 0:
                how = browser.describe_end(code, guest.output) if code else browser.describe_silence(directory)
                if guest.output.strip()[-_SHOWN:] not in how:
                    how += f"\n{guest.output.strip()[-_SHOWN:]}"
                raise Unobtainable(f"no guest can run in {name}: {how}", hint=_HINT)
        finally:
            guest.kill()


def _end(guest: GuestProcess, limit: float) -> int | None:
    """The guest's exit status; None when it has not ended in time."""
    silence, waits = Silence(), CoreWait(guest.pid)
    while (code := guest.wait(_LOOK)) is None:
        silent = silence.seconds()
        if silent > limit and overdue(silent, waits.seconds(), limit):
            break
    return code
