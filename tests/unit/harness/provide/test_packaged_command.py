"""A runtime's command out of the distribution's packages, whose suite moves on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.machine.command import CommandFailed
from harness.machine.store import Store
from harness.provide import composed, packaged_command
from harness.provide.apt import SNAPSHOTS, Suite
from harness.provide.items import runtime_providers
from harness.provide.packaged_command import PackagedCommand
from harness.provide.provider import silently
from matrix.archives import SuitePackage
from matrix.commands import CommandLine
from matrix.errors import Unobtainable
from matrix.model import Runtime, RuntimeKind
from tests.unit.harness.provide.archive import FakeArchive

LINE = CommandLine(run=("{module}",), preopen=(), variable=(), version=("version",))
PACKAGE = SuitePackage(name="mywasm", suite="unstable", version="1.2.0")
RUNTIME = Runtime(name="mywasm", version="1.2.0", kind=RuntimeKind.COMMAND, package=PACKAGE, command=LINE)


def unpacked(argv: Sequence[str], *, timeout: float = 0.0) -> str:
    """What dpkg-deb leaves of the packages; the command itself starts."""
    if argv[0] == "dpkg-deb":
        root = Path(argv[-1])
        libraries = root / "usr/lib/x86_64-linux-gnu"
        libraries.mkdir(parents=True, exist_ok=True)
        (libraries / "libc.so.6").write_bytes(b"libc")
        (libraries / "ld-linux-x86-64.so.2").write_bytes(b"loader")
        (root / "usr/bin").mkdir(exist_ok=True)
        (root / "usr/bin/mywasm").write_bytes(b"mywasm")
    return ""


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> FakeArchive:
    """An archive that has the runtime, its libraries and a name that is only provided."""
    monkeypatch.setattr(composed, "capture", unpacked)
    monkeypatch.setattr(packaged_command, "ask", unpacked)
    monkeypatch.delenv(SNAPSHOTS, raising=False)
    made = FakeArchive({"unstable": {"mywasm": "1.2.0-3", "libc6": "2.43-7", "libc-gconv-modules-extra": "2.43-7"}})
    made.use(monkeypatch)
    names = ["gcc-16-base", "libc6", "libc-gconv-modules-extra", "libvirtual1", "mywasm"]

    def needed_by(suite: Suite, packages: Sequence[str], pattern: re.Pattern[str]) -> list[str]:
        return [name for name in names if pattern.match(name)]

    def download(suite: Suite, packages: Sequence[str], directory: Path) -> None:
        made.downloaded += packages
        (directory / "one.deb").touch()

    monkeypatch.setattr(Suite, "needed_by", needed_by)
    monkeypatch.setattr(Suite, "download", download)
    return made


def provider() -> PackagedCommand:
    return PackagedCommand("mywasm-1.2.0", PACKAGE, LINE)


def test_the_command_is_started_by_the_loader_of_its_suite(archive: FakeArchive, store: Store) -> None:
    found = provider().obtain(store, silently)
    assert found.path.name == "mywasm"
    assert found.path.stat().st_mode & 0o111
    last = found.path.read_text().splitlines()[-1]
    assert last == 'exec "$here/lib/ld-linux-x86-64.so.2" --library-path "$here/lib" "$here/bin/mywasm" "$@"'
    assert (found.path.parent / "lib/libc.so.6").exists()
    assert found.detail == "mywasm 1.2.0 of unstable"
    assert found.notes == ()


def test_packages_are_the_command_and_the_libraries_that_exist(archive: FakeArchive, store: Store) -> None:
    provider().obtain(store, silently)
    assert sorted(archive.downloaded) == ["libc6=2.43-7", "mywasm=1.2.0-3"]


def test_a_suite_that_has_moved_on_is_taken_at_what_it_has(archive: FakeArchive, store: Store) -> None:
    archive.suites["unstable"]["mywasm"] = "1.3.0-1"
    found = provider().obtain(store, silently)
    assert found.detail == "mywasm 1.3.0 of unstable"
    (note,) = found.notes
    assert "composed of mywasm 1.3.0 of unstable, since the archive no longer has mywasm 1.2.0" in note
    assert provider().cached(store) == found


def test_an_archive_without_it_says_so(archive: FakeArchive, store: Store) -> None:
    del archive.suites["unstable"]["mywasm"]
    with pytest.raises(Unobtainable, match=r"the archive has no mywasm 1\.2\.0"):
        provider().obtain(store, silently)
    assert "has no mywasm" in (provider().obstacle(store) or "")


def test_a_command_that_does_not_start_is_not_kept(
    archive: FakeArchive, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(argv: Sequence[str]) -> str:
        assert argv[1:] == ["version"]
        raise CommandFailed(argv, 127, "libz.so.1: cannot open shared object file")

    monkeypatch.setattr(packaged_command, "ask", fails)
    with pytest.raises(Unobtainable, match=r"the packages lack libz\.so\.1: cannot open"):
        provider().obtain(store, silently)
    assert provider().cached(store) is None


def test_a_runtime_with_a_package_is_looked_for_there(store: Store) -> None:
    assert [one.name for one in runtime_providers(RUNTIME, store)] == ["distribution archive"]
