"""What processes of the harness are told about a browser and its pages, as JSON in their command lines."""

from __future__ import annotations

from pathlib import Path

import msgspec

USER_JS = "user.js"
"""the file of a profile that the harness writes"""
SHOWN = 2000
"""characters of what a browser printed"""


class BrowserStart(msgspec.Struct, frozen=True, kw_only=True):
    """How a process of the harness starts a browser."""

    argv: tuple[str, ...]
    """the command, with the placeholder {url}"""
    env: dict[str, str]
    profile: Path
    """a directory to make for it"""
    user_js: str
    """the text of a file in the profile; "" for none"""

    @property
    def log(self) -> Path:
        """The file with what the browser prints."""
        return self.profile.with_suffix(".log")

    def printed(self) -> str:
        """The end of what the browser printed."""
        return self.log.read_text("utf-8", "backslashreplace")[-SHOWN:] if self.log.exists() else ""

    def signs(self) -> str:
        """What a browser that shows no page has left: what it printed, and whether it has not used its profile."""
        printed = self.printed().rstrip()
        if self.profile.is_dir() and not {path.name for path in self.profile.iterdir()} - {USER_JS}:
            printed += f"\nit has written nothing to its profile directory {self.profile}"
        return printed.lstrip()


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What the processes of a kept browser tell each other, as files in a directory."""

    directory: Path

    @property
    def ended(self) -> Path:
        """The exit status of the browser's command, once it has ended."""
        return self.directory / "ended"

    @property
    def failed(self) -> Path:
        """Why the browser could not be started."""
        return self.directory / "failed"

    @property
    def shown(self) -> Path:
        """Nothing: it is there when a guest has had the page."""
        return self.directory / "shown"

    @property
    def lost(self) -> Path:
        """Nothing: it is there when a guest has lost its tab or the browser."""
        return self.directory / "lost"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that runs and shows the page of its next guest."""

    place: Place
    keeper: int
    """the number of the process of `browser_keeper.py`"""
    listening: int
    """the descriptor of the socket that the page connects to"""


class KeeperSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What `browser_keeper.py` gets, as JSON."""

    browser: BrowserStart
    url: str
    place: Place


class BrowserHostSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What `browser_host.py` gets, as JSON."""

    browser: BrowserStart | None
    """None when a person opens the page"""
    kept: Kept | None
    """the browser is running, and shows the page; None for one to start"""
    port: int
    """of the server; 0 for any free one"""
    token: str
    """of the server; "" for a random one"""
    site: str
    """what the page has loaded: one that has something else loads itself again; "" for nothing that fits"""
    assets: Path
    """the directory with the program"""
    tree: Path
    """the directory with the archive of the guest's files"""
    told: Path
    """a file with the JSON of `WorkerSpec`"""
    events: Path
    opened: Path
    """a file to create when the page has been opened"""


class PageProbe(msgspec.Struct, frozen=True, kw_only=True):
    """What `page_prober.py` gets, as JSON."""

    browser: BrowserStart
    assets: Path
    script: Path


class WorkerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What `suite.worker.js` gets, as JSON."""

    program: str
    """the program's path in the guest; a script of this name lies beside the page"""
    work: str
    events: str
    arguments: tuple[str, ...]
    files: dict[str, str]
    memory: int
    """bytes of linear memory"""
    without: tuple[str, ...]
    """what the worker removes of JavaScript before it loads the program"""
