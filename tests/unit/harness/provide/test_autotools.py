"""A `configure` that is made with unpacked autotools. apt, dpkg-deb and autoreconf are replaced."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.machine.command import CommandFailed
from harness.machine.store import Provenance, Store
from harness.provide import autotools
from harness.provide.autotools import GeneratedSource, environment, relocate
from harness.provide.items import library_providers
from harness.provide.provider import Say, silently
from harness.provide.source_package import SourcePackage
from matrix.archives import Archive, SuitePackage
from matrix.errors import Unobtainable
from matrix.model import Library
from tests.unit.harness.provide.archive import FakeArchive

PACKAGE = SuitePackage(name="libffi", suite="trixie", version="3.4.8")
HASH = "c" * 64
SOURCES = {"libffi": "3.4.8-2"}
TOOLS = {
    "autoconf": "2.71-3",
    "automake": "1:1.16.5-1.3",
    "libtool": "2.4.7-7~deb12u1",
    **dict.fromkeys(("libltdl-dev", "autotools-dev", "m4", "libsigsegv2"), "1.0-1"),
}
LIBRARY = Library(
    name="libffi",
    version="3.4.8",
    archive=Archive(url="https://example.org/libffi.tar.gz", sha256={"any": "a" * 64}),
    source_package=PACKAGE,
    source_sha256=HASH,
    autotools="bookworm",
)


def provider() -> GeneratedSource:
    return GeneratedSource("libffi-3.4.8", PACKAGE, HASH, "bookworm")


class Tools:
    """Stands for dpkg-deb and autoreconf."""

    def __init__(self, makes: str = "configure", problem: str = "") -> None:
        self.makes = makes
        self.problem = problem
        self.environment: Mapping[str, str] = {}

    def __call__(
        self, argv: list[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None, timeout: float = 0
    ) -> str:
        assert Path(argv[0]).name == "autoreconf"
        assert cwd is not None
        self.environment = env or {}
        if self.problem:
            raise CommandFailed(argv, 1, self.problem)
        (cwd / self.makes).write_text("#!/bin/sh\n")
        (cwd / "autom4te.cache").mkdir()
        return ""

    def use(self, monkeypatch: pytest.MonkeyPatch, suites: dict[str, dict[str, str]] | None = None) -> FakeArchive:
        def download(source: SourcePackage, directory: Path, store: Store, say: Say) -> Provenance:
            (directory / "configure.ac").write_text("AC_INIT\n")
            return Provenance(provider="p", detail="libffi 3.4.8-2 of trixie", digest=HASH)

        archive = FakeArchive(suites if suites is not None else {"trixie": SOURCES, "bookworm": TOOLS})
        archive.use(monkeypatch)
        monkeypatch.setattr(SourcePackage, "fill", download)
        monkeypatch.setattr(autotools, "capture", self)
        monkeypatch.setattr(autotools, "environment", lambda root: {"ROOT": str(root)})
        monkeypatch.setattr(autotools, "require", lambda tool: tool)
        return archive


def test_configure_is_made_in_the_sources_and_said_with_the_versions(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = Tools()
    archive = tools.use(monkeypatch)
    found = provider().obtain(store, silently)
    assert sorted(path.name for path in found.path.iterdir()) == [".manifest.json", "configure", "configure.ac"]
    made = "autoconf 2.71, automake 1.16.5, libtool 2.4.7 of bookworm"
    assert found.detail == f"libffi 3.4.8-2 of trixie, configure by {made}"
    assert sorted(archive.downloaded) == sorted(f"{name}={version}" for name, version in TOOLS.items())
    assert not Path(tools.environment["ROOT"]).exists()


def test_other_tools_make_another_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = []
    for number, libtool in enumerate(("2.4.7-7", "2.5.4-4")):
        Tools().use(monkeypatch, {"trixie": SOURCES, "bookworm": TOOLS | {"libtool": libtool}})
        digests.append(provider().obtain(Store(tmp_path / str(number)), silently).digest)
    assert len({*digests, HASH}) == 3


def test_the_sources_alone_have_another_entry(store: Store) -> None:
    assert provider().entry(store) != SourcePackage("libffi-3.4.8", PACKAGE, HASH).entry(store)


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        (Tools(problem="configure.ac:219: error: possibly undefined macro"), "possibly undefined macro"),
        (Tools(makes="nothing"), "made no configure"),
    ],
)
def test_tools_that_fail_are_named_and_leave_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, tools: Tools, said: str
) -> None:
    tools.use(monkeypatch)
    with pytest.raises(Unobtainable, match=rf"libffi-3\.4\.8: .*autoconf 2\.71.*{said}"):
        provider().obtain(store, silently)
    assert list((store.root / "entries").iterdir()) == []


def test_a_tool_that_the_suite_lacks_is_an_obstacle(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = {name: version for name, version in TOOLS.items() if name != "m4"}
    Tools().use(monkeypatch, {"trixie": SOURCES, "bookworm": lacking})
    assert "no m4" in (provider().obstacle(store) or "")
    Tools().use(monkeypatch)
    assert provider().obstacle(store) is None


def test_scripts_look_for_each_other_where_they_lie_and_macros_stay_as_they_are(tmp_path: Path) -> None:
    texts = {
        "usr/bin/autoconf": ": ${AUTOM4TE='/usr/bin/autom4te'}\ntrailer=/usr/share/autoconf/trailer.m4\n",
        "usr/share/automake-1.16/Automake/Config.pm": "our $libdir = '/usr/share/automake-1.16';\n",
        "usr/share/autoconf/autom4te.cfg": "args: --prepend-include '/usr/share/autoconf'\n",
        "usr/bin/libtoolize": '#! /usr/bin/env sh\naclocaldir="/usr/share/aclocal"\nPATH=/usr/bin:/usr/share\n',
        "usr/share/autoconf/general.m4": "dnl /usr/share/autoconf\n",
        "usr/share/aclocal/libtool.m4": "# in /usr/share/aclocal/libtool.m4\n",
        "usr/bin/m4": "\0/usr/share/autoconf",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    relocate(tmp_path)
    found = {name: (tmp_path / name).read_text().replace(str(tmp_path), "HERE") for name in texts}
    changed = {name: text for name, text in found.items() if text != texts[name]}
    assert changed == {
        "usr/bin/autoconf": ": ${AUTOM4TE='HERE/usr/bin/autom4te'}\ntrailer=HERE/usr/share/autoconf/trailer.m4\n",
        "usr/share/automake-1.16/Automake/Config.pm": "our $libdir = 'HERE/usr/share/automake-1.16';\n",
        "usr/share/autoconf/autom4te.cfg": "args: --prepend-include 'HERE/usr/share/autoconf'\n",
        "usr/bin/libtoolize": '#! /usr/bin/env sh\naclocaldir="HERE/usr/share/aclocal"\nPATH=/usr/bin:/usr/share\n',
    }


def test_the_programs_with_a_version_are_the_ones_that_are_called(tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    with pytest.raises(Unobtainable, match=r"no usr/bin/automake-\*"):
        environment(tmp_path)
    for name in ("automake-1.16", "aclocal-1.16"):
        (tmp_path / "usr/bin" / name).touch()
    found = environment(tmp_path)
    assert (found["AUTOMAKE"], found["ACLOCAL"], found["M4"]) == tuple(
        str(tmp_path / "usr/bin" / name) for name in ("automake-1.16", "aclocal-1.16", "m4")
    )


@pytest.mark.parametrize("suite", ["", "bookworm"])
def test_only_a_row_with_autotools_has_its_configure_made(suite: str) -> None:
    library = Library(name="x", version="1", source_package=PACKAGE, source_sha256=HASH, autotools=suite)
    (found,) = library_providers(library)
    assert isinstance(found, GeneratedSource) is bool(suite)


def test_upstream_s_release_is_preferred(store: Store) -> None:
    release, source = library_providers(LIBRARY)
    assert [release.name, source.name] == ["release archive", "distribution archive"]
    assert isinstance(source, GeneratedSource)
    assert HASH[:12] in source.entry(store)
