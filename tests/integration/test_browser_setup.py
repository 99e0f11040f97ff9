"""Browsers that are not there, are too old or cannot run guests here: what is said, before a build and a run."""

from __future__ import annotations

import os
import pwd
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.guests.runtimes.browser_specs import BrowserStart
from harness.guests.runtimes.manual import Manual
from harness.guests.runtimes.started_browser import StartedBrowser
from harness.guests.runtimes.try_browser import try_browser
from harness.guests.session import GuestSession
from harness.guests.settings import GuestSettings, Limits
from harness.machine.store import Store
from harness.suite.batch import DRIVER
from matrix.errors import Unobtainable
from tests.integration.conftest import TOP, Harness, browser_of, summary

pytestmark = pytest.mark.integration

BOTH = pytest.mark.parametrize("name", ["chromium", "firefox"])
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a browser as another user")
NOBODY = pwd.getpwnam("nobody").pw_uid
AS_NOBODY = ("setpriv", "--reuid=nobody", "--clear-groups")


def script(path: Path, body: str) -> Path:
    """An executable shell script."""
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def installed(request: pytest.FixtureRequest, name: str) -> str:
    """The path of a browser that has to be installed."""
    return str(request.getfixturevalue(name))


def refusal(name: str, executable: Path, store: Store, limit: float = 60.0) -> Unobtainable:
    """What is said of a browser in which no guest can run."""
    with pytest.raises(Unobtainable) as caught:
        try_browser(browser_of(name, str(executable)), str(executable), store, limit)
    assert caught.value.message.startswith(f"no guest can run in {executable}: ")
    assert "Traceback" not in caught.value.message
    return caught.value


@BOTH
def test_a_browser_that_runs_guests_is_tried_in_seconds(
    request: pytest.FixtureRequest, store: Store, name: str
) -> None:
    browser = browser_of(name, installed(request, name))
    browser.try_out(store, "1.0")


def test_a_browser_is_tried_until_it_runs_a_guest(request: pytest.FixtureRequest, tmp_path: Path, store: Store) -> None:
    starts = tmp_path / "starts"
    path = script(tmp_path / "browser", f"echo >> {starts}; exit 7")
    browser = browser_of("chromium", str(path))
    with pytest.raises(Unobtainable):
        browser.try_out(store, "1.0")
    script(path, f'echo >> {starts}; exec {installed(request, "chromium")} "$@"')
    for version in ("1.0", "1.0", "1.1"):
        browser.try_out(store, version)
    assert len(starts.read_text().splitlines()) == 3  # not the second time of 1.0


@pytest.mark.parametrize("status", [7, 0])
def test_a_browser_that_ends_at_once_is_told_with_what_it_printed(tmp_path: Path, store: Store, status: int) -> None:
    path = script(tmp_path / "browser", f"echo there is no display >&2\nexit {status}")
    begun = time.monotonic()
    said = refusal("chromium", path, store)
    assert f"the browser does not start: exit status {status}\nthere is no display" in said.message
    assert time.monotonic() - begun < 50


def test_a_browser_that_shows_nothing_is_ended(tmp_path: Path, store: Store) -> None:
    path = script(tmp_path / "browser", "echo there is no display >&2\nexec sleep 3600")
    said = refusal("chromium", path, store, limit=2.0)
    assert "the browser did not open the page\nthere is no display" in said.message


def test_a_browser_that_opens_no_page_is_told(tmp_path: Path, store: Store) -> None:
    command = tmp_path / "browser"
    command.write_text("#!/bin/sh\necho there is no display >&2\nexec sleep 3600\n")
    command.chmod(0o755)
    wasm = tmp_path / "python.wasm"
    settings = GuestSettings(
        wasm=wasm,
        wasm_digest="",
        compiled=wasm,
        executable="/python.js",
        python_flags=(),
        wasm_stack=0,
        limits=Limits(seconds=2),
        tree=tmp_path,
        build="/",
        platform_library="/lib",
        resources=(),
        verbose=False,
        fail_env_changed=False,
        timeout=0,
    )
    session = GuestSession(settings, browser_of("chromium", str(command)), store, DRIVER, {})
    try:
        assert session.wait() == []
    finally:
        session.close()
    assert session.timed_out
    assert session.ended == (
        "no test ended for 2 s: the guest was ended: the browser did not open the page\nthere is no display\n"
        f"it has written nothing to its profile directory {session.directory}/profile"
    )


@ROOT
def test_root_is_told_that_chromium_wants_no_root(tmp_path: Path, store: Store, chromium: str) -> None:
    """The row for Chromium has an option for root. This browser does not get it."""
    path = script(
        tmp_path / "browser",
        f'for word; do shift; [ "$word" = --no-sandbox ] || set -- "$@" "$word"; done\nexec {chromium} "$@"',
    )
    assert "Running as root without --no-sandbox is not supported" in refusal("chromium", path, store).message


@ROOT
@BOTH
def test_a_browser_that_may_not_write_its_profile_is_told_with_the_directory(
    request: pytest.FixtureRequest, tmp_path: Path, store: Store, name: str
) -> None:
    """As one out of a snap, which may not write to hidden directories. Here it is one of another user."""
    path = script(tmp_path / "browser", f'exec setpriv --reuid=nobody --clear-groups {installed(request, name)} "$@"')
    for parent in (*store.root.parents, store.root, store.root / "scratch"):
        if parent.stat().st_uid == os.geteuid() and parent.is_relative_to(tmp_path.parents[1]):
            parent.chmod(0o755)
    said = refusal(name, path, store, limit=20.0)
    assert re.search(rf"profile directory {re.escape(str(store.root))}/scratch/browser-\S+/profile$", said.message)
    assert "$CPYTHON_WASM_CACHE" in said.hint


def test_a_profile_without_a_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    start = BrowserStart(argv=("true",), env={}, profile=tmp_path / "file/profile", user_js="")
    with pytest.raises(OSError, match=r"^the browser's profile directory .*/file/profile cannot be written: Not a dir"):
        StartedBrowser(start, "http://127.0.0.1:1/")


def test_a_page_that_a_person_opens_needs_its_port(tmp_path: Path, store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "by-hand.txt").write_text(f"http://127.0.0.1:{port}/a-token/suite.html")
        with pytest.raises(Unobtainable, match=rf"port {port} on 127\.0\.0\.1 cannot be used: Address already in use"):
            Manual(tmp_path / "by-hand.txt").try_out(store, "")
    Manual(tmp_path / "by-hand.txt").try_out(store, "")


TRY = """
import sys
from pathlib import Path
from harness.guests.runtimes.browser import Browser
from harness.machine.store import Store
from matrix.load import load
(row,) = (row for row in load().runtimes if row.name == sys.argv[1])
Browser(Path(sys.argv[2]), row.browser).try_out(Store(Path(sys.argv[3])), "")
print("it runs")
"""


def python_of_anybody(home: Path) -> Path:
    """A Python that may be started by anybody and finds the harness."""
    there = "import os, sys; sys.exit(not os.access(sys.executable, os.X_OK))"
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info[1]}"):
        if Path(python).exists() and subprocess.run([*AS_NOBODY, python, "-c", there], check=False).returncode == 0:
            break
    else:
        pytest.skip("there is no Python of this version that anybody may start")
    subprocess.run([python, "-m", "venv", "--without-pip", home / "python"], check=True)
    (packages,) = (home / "python/lib").glob("python*/site-packages")
    (packages / "harness.pth").write_text(f"{TOP}\n{Path(psutil.__file__).parents[1]}\n")
    return home / "python/bin/python"


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory of the user `nobody`. pytest's own are for one user only."""
    with tempfile.TemporaryDirectory(prefix="browser-") as directory:
        os.chown(directory, NOBODY, -1)
        yield Path(directory)


@ROOT
@BOTH
def test_an_ordinary_user_runs_guests_too_in_chromiums_sandbox(
    request: pytest.FixtureRequest, home: Path, name: str
) -> None:
    path = script(home / "browser", f'echo "$@" >> {home}/words\nexec {installed(request, name)} "$@"')
    env = {"PATH": os.defpath, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*AS_NOBODY, python_of_anybody(home), "-c", TRY, name, path, home / "cache"],
        cwd=TOP,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout == "it runs\n", done.stderr
    assert "--no-sandbox" not in (home / "words").read_text()


# --- a whole run

CELLS = ("--target", "browser", "--runtime", "firefox", "--target", "wasi", "--runtime", "wasmtime-50.0.1", "test_bool")


def run_of_two(harness: Harness, tmp_path: Path, browser: str) -> tuple[str, dict[str, str]]:
    """What a run of two cells says, of which one has no browser, and the reasons of cells that were not tested."""
    done = harness("test", *CELLS, env={"CPYTHON_WASM_BROWSER": browser})
    assert done.returncode == 3, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    cells = {cell["target"]: cell for cell in summary(tmp_path)["cells"]}
    assert {target: cell["status"] for target, cell in cells.items()} == {"browser": "unobtainable", "wasi": "ok"}
    return done.stdout, {target: cell["reason"] for target, cell in cells.items()}


def test_without_a_browser_it_is_said_what_to_install_and_other_cells_go_on(harness: Harness, tmp_path: Path) -> None:
    said, _ = run_of_two(harness, tmp_path, "no-such-browser")
    assert "$CPYTHON_WASM_BROWSER names 'no-such-browser', which does not exist" in said
    assert "apt-get install firefox-esr" in said


def test_a_browser_that_is_too_old_is_told_and_other_cells_go_on(harness: Harness, tmp_path: Path) -> None:
    path = script(tmp_path / "old", "echo 'Mozilla Firefox 102.15.1esr'")
    _, reasons = run_of_two(harness, tmp_path, str(path))
    assert f"{path}: Mozilla Firefox 102.15.1 is too old: 114 or later is needed" in reasons["browser"]


def test_a_browser_that_does_not_start_is_told_and_other_cells_go_on(harness: Harness, tmp_path: Path) -> None:
    says = "case $1 in --version) echo 'Mozilla Firefox 153.8.0esr';; *) echo there is no display; exit 1;; esac"
    path = script(tmp_path / "broken", says)
    _, reasons = run_of_two(harness, tmp_path, str(path))
    assert "the browser does not start: exit status 1\nthere is no display" in reasons["browser"]
