"""A browser that was started with an address, in the process that serves the address."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from harness.guests.runtimes.browser_specs import USER_JS, BrowserStart
from harness.machine.descendants import has_descendants
from harness.machine.process import STDOUT, Process

_LONGEST = 107 - len("/org.chromium.Chromium.XXXXXX/SingletonSocket")
"""bytes of the longest path of a directory in which Chromium can create its socket"""


class StartedBrowser:
    """A browser with a fresh profile that opens one address. It is killed at the end of the context.

    It shares the process group of this process, so whoever kills the group kills all of its processes. Raises OSError
    when there is no place for the profile, HarnessFault when the command cannot be started.
    """

    def __init__(self, start: BrowserStart, url: str) -> None:
        try:
            shutil.rmtree(start.profile, ignore_errors=True)
            start.profile.mkdir(parents=True)
            if start.user_js:
                (start.profile / USER_JS).write_text(start.user_js, "utf-8")
        except OSError as exc:
            raise OSError(
                f"the browser's profile directory {start.profile} cannot be written: {exc.strerror}"
            ) from None
        self._start = start
        argv = [word.replace("{url}", url) for word in start.argv]
        with start.log.open("wb") as log:
            self._process = Process(
                argv,
                env={**os.environ, **start.env},
                cwd=start.profile.parent,
                stdout=log.fileno(),
                stderr=STDOUT,
                attached=True,
            )

    def poll(self) -> int | None:
        """The exit status of the command, or None while it runs."""
        return self._process.poll()

    def has_left_processes(self) -> bool:
        """Whether something runs that the command has started."""
        return has_descendants()

    def signs(self) -> str:
        """What the browser has left: the end of what it printed, and whether it has not used its profile."""
        return self._start.signs()

    def __enter__(self) -> StartedBrowser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._process.kill()


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
