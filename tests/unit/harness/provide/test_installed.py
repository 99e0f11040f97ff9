"""Runtimes that are installed already."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.machine.command import CommandFailed
from harness.machine.store import Store
from harness.provide import command_version
from harness.provide.installed import BROWSER_VARIABLE, InstalledBrowser, InstalledCommand, InstalledPackage
from harness.provide.provider import silently
from matrix.browsers import BrowserLine
from matrix.errors import Unobtainable
from matrix.model import Runtime, RuntimeKind
from tests.unit import made


def node(version: str = "20.18.0", executable: Path | None = None) -> Runtime:
    return replace(made.runtime(version, "node"), kind=RuntimeKind.NODE, executable=executable)


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """An executable file."""
    path = tmp_path / "node"
    path.write_text("")
    path.chmod(0o755)
    return path


def prints(monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    """Let every command print this for its version."""
    monkeypatch.setattr(command_version, "ask", lambda argv: output)


def test_the_named_command_is_used(monkeypatch: pytest.MonkeyPatch, store: Store, command: Path) -> None:
    prints(monkeypatch, "v20.18.0\n")
    provider = InstalledCommand(node(executable=command))
    assert provider.obstacle(store) is None
    found = provider.obtain(store, silently)
    assert (found.path, found.provider, found.detail) == (command, "PATH", f"node 20.18.0 at {command}")
    assert provider.cached(store) == found


def test_another_version_is_an_obstacle(monkeypatch: pytest.MonkeyPatch, store: Store, command: Path) -> None:
    prints(monkeypatch, "v18.0.0\n")
    provider = InstalledCommand(node(executable=command))
    assert provider.obstacle(store) == "node says that its version is 18.0.0, not 20.18.0"
    assert provider.cached(store) is None


def test_a_command_that_does_not_exist_is_an_obstacle(store: Store, tmp_path: Path) -> None:
    provider = InstalledCommand(node(executable=tmp_path / "gone"))
    assert f"{tmp_path}/gone does not run" in (provider.obstacle(store) or "")
    assert provider.cached(store) is None
    with pytest.raises(Unobtainable, match="does not run"):
        provider.obtain(store, silently)


def test_a_command_that_fails_is_an_obstacle(monkeypatch: pytest.MonkeyPatch, store: Store, command: Path) -> None:
    def fail(argv: list[str]) -> str:
        raise CommandFailed(argv, 1, "no such library\n")

    monkeypatch.setattr(command_version, "ask", fail)
    provider = InstalledCommand(node(executable=command))
    assert provider.obstacle(store) == f"{command} does not run: no such library"


def test_no_command_on_path_is_an_obstacle(monkeypatch: pytest.MonkeyPatch, store: Store, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert InstalledCommand(node()).obstacle(store) == "there is no `node` on PATH"


def test_another_version_of_the_package_is_an_obstacle(store: Store) -> None:
    assert (InstalledPackage(made.runtime("1.0.0")).obstacle(store) or "").startswith("wasmtime here is ")


LINE = BrowserLine(commands=("chromium",), run=("--in={profile}", "{url}"), says="^Chromium ", debian="chromium")
CHROMIUM = Runtime(name="chromium", version="installed", kind=RuntimeKind.BROWSER, browser=LINE)
FIREFOX = replace(CHROMIUM, name="firefox", browser=replace(LINE, commands=("gecko", "firefox"), says="^Mozilla "))


@pytest.fixture
def browsers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A directory on PATH with two browsers, and a third one that is not on PATH."""
    for name in ("on-path/chromium", "on-path/firefox", "elsewhere/chrome"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
        path.chmod(0o755)
    says = {"chromium": "Chromium 1.2.3 on Debian\n", "firefox": "Mozilla Firefox 4.5esr\n", "chrome": "Chromium 6.7\n"}
    monkeypatch.setattr(command_version, "ask", lambda argv: says[Path(argv[0]).name])
    monkeypatch.setenv("PATH", str(tmp_path / "on-path"))
    monkeypatch.delenv(BROWSER_VARIABLE, raising=False)
    return tmp_path


def test_the_first_browser_on_path_is_used(browsers: Path, store: Store) -> None:
    found = InstalledBrowser(CHROMIUM).obtain(store, silently)
    assert (found.path, found.detail) == (browsers / "on-path/chromium", "chromium 1.2.3")
    found = InstalledBrowser(FIREFOX).obtain(store, silently)
    assert (found.path, found.detail) == (browsers / "on-path/firefox", "firefox 4.5")


def test_a_browser_that_is_named_is_used_for_its_own_row(
    monkeypatch: pytest.MonkeyPatch, browsers: Path, store: Store
) -> None:
    monkeypatch.setenv(BROWSER_VARIABLE, str(browsers / "elsewhere/chrome"))
    found = InstalledBrowser(CHROMIUM).obtain(store, silently)
    assert (found.path, found.notes) == (browsers / "elsewhere/chrome", ())
    other = InstalledBrowser(FIREFOX).obtain(store, silently)
    assert other.path == browsers / "on-path/firefox"
    assert other.notes == (f"${BROWSER_VARIABLE} names {browsers}/elsewhere/chrome, which is no firefox",)


def test_the_executable_of_a_row_counts_before_all_others(browsers: Path, store: Store) -> None:
    row = replace(CHROMIUM, executable=browsers / "elsewhere/chrome")
    assert InstalledBrowser(row).obtain(store, silently).detail == "chrome 6.7"


def test_without_a_browser_its_package_is_named(browsers: Path, store: Store) -> None:
    (browsers / "on-path/firefox").unlink()
    with pytest.raises(Unobtainable, match="no firefox is on PATH") as caught:
        InstalledBrowser(replace(FIREFOX, browser=replace(LINE, commands=("firefox",), debian="firefox-esr"))).obtain(
            store, silently
        )
    assert "apt-get install firefox-esr" in caught.value.hint


def test_a_browser_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch, store: Store, tmp_path: Path) -> None:
    monkeypatch.setenv(BROWSER_VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(Unobtainable, match="which does not exist") as caught:
        InstalledBrowser(CHROMIUM).obtain(store, silently)
    assert str(tmp_path / "gone") in caught.value.message
    assert BROWSER_VARIABLE in caught.value.hint


def test_a_browser_that_is_too_old_is_told_with_both_versions(browsers: Path, store: Store) -> None:
    row = replace(CHROMIUM, browser=replace(LINE, oldest={"Chromium": "1.2.4"}))
    provider = InstalledBrowser(row)
    with pytest.raises(Unobtainable) as caught:
        provider.obtain(store, silently)
    assert caught.value.message == f"{browsers}/on-path/chromium: Chromium 1.2.3 is too old: 1.2.4 or later is needed"
    assert "apt-get install chromium" in caught.value.hint
    assert provider.cached(store) is None
    newer = replace(row, executable=browsers / "elsewhere/chrome")
    assert InstalledBrowser(newer).obtain(store, silently).detail == "chrome 6.7"
