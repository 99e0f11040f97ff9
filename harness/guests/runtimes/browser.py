"""A browser, driven by Playwright. Each guest has a process of `browser_host.py`, a browser and a tab of its own.

The guest's files are in memory, out of reach of the host's. They are the build's reduced library (`python.data`) and
the test modules, which come as one archive (`stage.pack_tests`).
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
from harness.guests.adapter import Adapter, GuestRun, HostCommand
from harness.guests.guest_files import MEMORY_EVENTS, MEMORY_WORK, GuestFiles, files_in_memory
from harness.guests.runtimes.ends import FAULT, describe_v8_end
from harness.guests.runtimes.v8_options import memory_option
from matrix import json_records

PAGES = Path(__file__).parent.parent / "pages"
_LONGEST = 107 - len("/org.chromium.Chromium.XXXXXX/SingletonSocket")
"""bytes of the longest path of a directory in which Chromium can create its socket"""


class BrowserHostSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What `browser_host.py` gets, as JSON."""

    browser: str
    assets: Path
    """the directory with python.js, python.wasm and python.data"""
    tests: Path
    """the directory with the archive of tests"""
    told: Path
    """a file with the JSON of `WorkerSpec`"""
    events: Path
    memory_limit: int


class PageProbe(msgspec.Struct, frozen=True, kw_only=True):
    """What `page_prober.py` gets, as JSON."""

    browser: str
    assets: Path
    script: Path


class WorkerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What `suite.worker.js` gets, as JSON."""

    library: str
    work: str
    events: str
    arguments: tuple[str, ...]
    files: dict[str, str]


def launch_options(browser: str, memory_limit: int) -> dict[str, Any]:
    """Playwright's options to start the installed browser, without background traffic and with a memory limit."""
    flags = [
        f"--js-flags={memory_option(memory_limit)}",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-quic",
        "--disable-sync",
        "--no-first-run",
    ]
    # Chromium's sandbox does not start as root: https://crbug.com/638180
    return {"executable_path": browser, "headless": True, "args": flags, "chromium_sandbox": os.geteuid() != 0}


@contextlib.contextmanager
def short_temporary_directory() -> Iterator[None]:
    """Make the working directory the TMPDIR of child processes, by a short path.

    Chromium creates a socket there, whose path may have 107 bytes: https://man7.org/linux/man-pages/man7/unix.7.html
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


class Browser(Adapter):
    """Chromium as it is installed. It compiles the module itself for each guest."""

    confines_writes = True
    has_command_line = False

    def __init__(self, executable: Path) -> None:
        self._executable = executable

    def lay_out(self, tree: Path, build: str, directory: Path) -> GuestFiles:
        return files_in_memory(tree, directory)

    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> HostCommand:
        files = scratch / "files"
        worker = WorkerSpec(
            library=run.env["PYTHONPATH"],
            work=MEMORY_WORK,
            events=MEMORY_EVENTS,
            arguments=run.argv[1:],
            files={f"/{path.name}": path.read_text("utf-8") for path in sorted(files.iterdir())},
        )
        (scratch / "told.json").write_bytes(json_records.encode(worker))
        spec = BrowserHostSpec(
            browser=str(self._executable),
            assets=compiled.parent,
            tests=next(preopen.host for preopen in run.preopens),
            told=scratch / "told.json",
            events=scratch / "events.jsonl",
            memory_limit=run.memory_limit,
        )
        return _module("browser_host", spec, scratch)

    def page_probe(self, script: Path, assets: Path, scratch: Path) -> HostCommand:
        """The command that runs a page probe with the build's `assets`."""
        spec = PageProbe(browser=str(self._executable), assets=assets, script=script)
        return _module("page_prober", spec, scratch)

    def describe_end(self, code: int, output: str) -> str:
        if code == FAULT:
            return f"the browser could not be used: {output.strip()[-2000:]}"
        return describe_v8_end(output) or super().describe_end(code, output)


def _module(name: str, spec: BrowserHostSpec | PageProbe, scratch: Path) -> HostCommand:
    """The command that starts a module of this package; the browser keeps its files in `scratch`."""
    argv = (sys.executable, "-m", f"harness.guests.runtimes.{name}", json_records.encode(spec).decode())
    return HostCommand(argv=argv, env={"PYTHONPATH": str(TOP), "HOME": str(scratch)})
