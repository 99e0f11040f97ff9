"""A browser, driven by Playwright: one process of `browser_host.py`, one browser and one tab for each guest.

The guest's files are in memory, so that nothing of the host is in its reach; it has the build's reduced
library (`python.data`) and beside it the test modules, as one archive (`stage.pack_tests`).
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from harness import TOP
from harness.guests import places
from harness.guests.adapter import TRAPPED, Command, GuestRun
from harness.guests.places import Place
from harness.guests.runtimes.node import describe_v8_end
from harness.machine.process import describe_exit
from harness.machine.store import Store
from matrix import json_records

__all__ = ["FAULT", "PAGES", "TRAPPED", "Browser", "HostSpec", "launch_options"]

FAULT = 125
PAGES = Path(__file__).parent.parent / "pages"
_PAGE = 65536
"""bytes of a page of WebAssembly's memory"""
_LONGEST = 107 - len("/org.chromium.Chromium.XXXXXX/SingletonSocket")
"""bytes of a directory's path, in which Chromium's socket still has room"""


class HostSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What `browser_host.py` is told, as JSON."""

    browser: str
    assets: Path
    """the directory of python.js, python.wasm and python.data"""
    tests: Path
    """the directory of the archive of tests"""
    told: Path
    """what the worker is told, as JSON"""
    events: Path
    memory_limit: int


class PageProbe(msgspec.Struct, frozen=True, kw_only=True):
    """What `page_prober.py` is told, as JSON."""

    browser: str
    assets: Path
    script: Path


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What `suite.worker.js` is told."""

    library: str
    work: str
    events: str
    arguments: tuple[str, ...]
    files: dict[str, str]


def launch_options(browser: str, memory_limit: int) -> dict[str, Any]:
    """Playwright's options: the browser that is installed, quiet, with V8's limit on a memory."""
    flags = [
        f"--js-flags=--wasm-max-mem-pages={memory_limit // _PAGE}",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-quic",
        "--disable-sync",
        "--no-first-run",
    ]
    # Chromium's sandbox refuses to be started by root: https://crbug.com/638180
    return {"executable_path": browser, "headless": True, "args": flags, "chromium_sandbox": os.geteuid() != 0}


@contextlib.contextmanager
def short_temporary_directory() -> Iterator[None]:
    """Have what this process starts keep its temporary files in the working directory, under a name that is short.

    Chromium puts a socket there, whose path may have 107 bytes: https://man7.org/linux/man-pages/man7/unix.7.html
    """
    here = Path.cwd()
    if len(os.fsencode(here)) <= _LONGEST:
        os.environ["TMPDIR"] = str(here)
        yield
        return
    with tempfile.TemporaryDirectory(prefix="wasm-") as directory:
        link = Path(directory) / "t"
        link.symlink_to(here, target_is_directory=True)
        os.environ["TMPDIR"] = str(link)
        yield


class Browser:
    """Chromium as it is installed."""

    confines_writes = True

    def __init__(self, executable: Path) -> None:
        self._executable = executable

    def compile(self, run: GuestRun, store: Store) -> Path:
        return run.wasm  # the browser compiles it

    def place(self, tree: Path, build: str, directory: Path) -> Place:
        return places.memory_place(tree, directory)

    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> Command:
        place = scratch / "files"
        told = Told(
            library=run.env["PYTHONPATH"],
            work=places.MEMORY_WORK,
            events=places.MEMORY_EVENTS,
            arguments=run.argv[1:],
            files={f"/{path.name}": path.read_text("utf-8") for path in sorted(place.iterdir())},
        )
        (scratch / "told.json").write_bytes(json_records.encode(told))
        spec = HostSpec(
            browser=str(self._executable),
            assets=compiled.parent,
            tests=next(preopen.host for preopen in run.preopens),
            told=scratch / "told.json",
            events=scratch / "events.jsonl",
            memory_limit=run.memory_limit,
        )
        return _module("browser_host", spec, scratch)

    def page_probe(self, script: Path, assets: Path, scratch: Path) -> Command:
        """The command that runs a probe of pages, with the build's `assets`."""
        spec = PageProbe(browser=str(self._executable), assets=assets, script=script)
        return _module("page_prober", spec, scratch)

    def describe_end(self, code: int, output: str) -> str:
        if code == FAULT:
            return f"the browser could not be used: {output.strip()[-2000:]}"
        return describe_v8_end(output) or f"the guest ended with {describe_exit(code)}"


def _module(name: str, spec: HostSpec | PageProbe, scratch: Path) -> Command:
    """The command that starts one of the modules beside this one, in `scratch`, where the browser keeps its files."""
    argv = (sys.executable, "-m", f"harness.guests.runtimes.{name}", json_records.encode(spec).decode())
    return Command(argv=argv, env={"PYTHONPATH": str(TOP), "HOME": str(scratch)})
