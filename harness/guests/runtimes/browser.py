"""A browser that is started with an address. Each guest has a process of `browser_host.py` and a worker in a page.

Guests that follow one another share a browser and its page (`kept_browser.py`).

The guest's files are in memory, out of reach of the host's. They come as one archive (`stage.pack`). Up to CPython 3.13
the archive has the test modules, and the program brings its reduced library along (`python.data`).
"""

from __future__ import annotations

import contextlib
import os
import sys
from abc import abstractmethod
from pathlib import Path

from harness import TOP
from harness.build.recipes.layout import guest_tree
from harness.build.stage import ARCHIVE
from harness.build.tree import web_examples
from harness.guests.adapter import Adapter, GuestRun, HostCommand
from harness.guests.guest_files import MEMORY_EVENTS, MEMORY_WORK, GuestFiles, files_in_memory
from harness.guests.runtimes.browser_specs import (
    SHOWN,
    BrowserHostSpec,
    BrowserStart,
    KeeperSpec,
    PageProbe,
    Place,
    WorkerSpec,
)
from harness.guests.runtimes.ends import FAULT, TRAPPED, describe_browser_end, describe_javascript_end
from harness.guests.runtimes.kept_browser import KeptBrowser
from harness.guests.runtimes.try_browser import try_browser
from harness.machine.files import write_atomically
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from matrix import json_records
from matrix.browsers import BrowserLine, user_js, words

PAGES = Path(__file__).parent.parent / "pages"
_OPENED = "opened"
"""the name of the file that tells that the page of a guest was opened"""


def repl_files(assets: Path) -> dict[str, Path]:
    """What a server has for the REPL page of a build and for upstream's examples, by URL path.

    A build up to CPython 3.13 has a worker for the page. Of an example, the build's own files come first.
    """
    files = {"/": assets, "/repl.html": PAGES / "repl.html", "/repl.js": PAGES / "repl.js"}
    if not (assets / "python.worker.js").is_file():
        tree = guest_tree(assets.parents[1])
        files |= {"/python.worker.js": PAGES / "repl.worker.js", "/archive.js": PAGES / "archive.js"}
        files |= {f"/{name}": tree / name for name in ARCHIVE}
    return files | {f"/{name}/": path for name, path in web_examples(assets.parents[1], assets).items()}


class InPage(Adapter):
    """What runs guests in a page, which compiles the module itself for each."""

    confines_writes = True
    has_command_line = False

    @abstractmethod
    def start(self, scratch: Path) -> BrowserStart | None:
        """How the browser is started; None when a person does it. It keeps its files in `scratch`."""

    @property
    def without(self) -> tuple[str, ...]:
        """What the guest's worker is not to have of JavaScript."""
        return ()

    def place(self) -> tuple[int, str]:
        """The port of the server (0 for any) and the token of its addresses ("" for a random one)."""
        return 0, ""

    def lay_out(self, tree: Path, build: str, directory: Path) -> GuestFiles:
        return files_in_memory(tree, directory)

    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> HostCommand:
        files = scratch / "files"
        worker = WorkerSpec(
            program=run.argv[0],
            work=MEMORY_WORK,
            events=MEMORY_EVENTS,
            arguments=run.argv[1:],
            files={f"/{path.name}": path.read_text("utf-8") for path in sorted(files.iterdir())},
            memory=run.memory_limit,
            without=self.without,
        )
        (scratch / "told.json").write_bytes(json_records.encode(worker))
        port, token = self.place()
        kept = run.lent if isinstance(run.lent, KeptBrowser) else None
        if kept:
            for name in ("profile", "profile.log"):
                (scratch / name).symlink_to(kept.told.place.directory / name)
        spec = BrowserHostSpec(
            browser=self.start(scratch),
            kept=kept.told if kept else None,
            port=port,
            token=kept.token if kept else token,
            site=run.wasm_digest if kept else "",
            assets=compiled.parent,
            tree=next(preopen.host for preopen in run.preopens),
            told=scratch / "told.json",
            events=scratch / "events.jsonl",
            opened=scratch / _OPENED,
        )
        command = _module("browser_host", spec, scratch)
        return kept.serving(command) if kept else command

    def describe_end(self, code: int, output: str) -> str:
        if code == FAULT:
            return f"the browser could not be used: {output.strip()[-SHOWN:]}"
        lost = describe_browser_end(output) if code == TRAPPED else ""
        return lost or describe_javascript_end(output) or super().describe_end(code, output)

    def describe_silence(self, scratch: Path) -> str:
        if (scratch / _OPENED).exists():
            return "the page was opened, but its interpreter said nothing"
        start = self.start(scratch)
        if start is None:
            return "nobody opened the page"
        return f"the browser did not open the page\n{start.signs()}".rstrip()


class Browser(InPage):
    """A browser as it is installed."""

    def __init__(self, executable: Path, line: BrowserLine, without: tuple[str, ...] = ()) -> None:
        self._executable = executable
        self._line = line
        self._without = without
        self._kept: list[KeptBrowser] = []
        """browsers that no guest uses now"""

    def lend(self, store: Store) -> KeptBrowser:
        while kept := self._idle():
            if kept.is_usable():
                return kept
            kept.close()
        return KeptBrowser(store, self._keep, self._kept.append)

    def close(self) -> None:
        while kept := self._idle():
            kept.close()

    def _idle(self) -> KeptBrowser | None:
        with contextlib.suppress(IndexError):  # several threads may take the last one
            return self._kept.pop()
        return None

    def _keep(self, directory: Path, url: str) -> HostCommand:
        spec = KeeperSpec(browser=self.start(directory), url=url, place=Place(directory=directory))
        return _module("browser_keeper", spec, directory)

    def page_probe(self, script: Path, assets: Path, scratch: Path) -> HostCommand:
        """The command that runs a page probe with the build's `assets`."""
        return _module("page_prober", PageProbe(browser=self.start(scratch), assets=assets, script=script), scratch)

    def try_out(self, store: Store, digest: str) -> None:
        # Whether it starts may depend on who starts it, as Chromium's sandbox does.
        started = store.root / "state/started" / digest_of(digest, str(self._executable), str(os.geteuid()))
        if not started.exists():
            try_browser(self, str(self._executable), store)
            write_atomically(started, b"")

    @property
    def without(self) -> tuple[str, ...]:
        return self._without

    def start(self, scratch: Path) -> BrowserStart:
        profile = scratch / "profile"
        return BrowserStart(
            argv=(str(self._executable), *words(self._line, profile=str(profile), root=os.geteuid() == 0)),
            env=self._line.environment,
            profile=profile,
            user_js=user_js(self._line.preferences),
        )


def _module(name: str, spec: BrowserHostSpec | KeeperSpec | PageProbe, scratch: Path) -> HostCommand:
    """The command that starts a module of this package; the browser keeps its files in `scratch`."""
    argv = (sys.executable, "-m", f"harness.guests.runtimes.{name}", json_records.encode(spec).decode())
    return HostCommand(argv=argv, env={"PYTHONPATH": str(TOP), "HOME": str(scratch)})
