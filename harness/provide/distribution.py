"""The distribution's archive, by way of a private apt that needs no root and changes no system file.

The mirror is the one that the machine's own apt is configured with; the archive's signatures are
checked with the system's keyring. Each suite has a state of its own, so that one whose index cannot be
had (or has expired) does not take the others with it.

apt.conf(5) describes the `Dir::` options, sources.list(5) the `signed-by` option.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from harness.machine.command import CommandFailed, capture
from harness.machine.hashing import file_sha256
from harness.machine.process import client_environment
from harness.machine.store import Store
from harness.machine.unpack import unpack_tar
from harness.provide.checks import source_defect
from harness.provide.obtain import Obtained
from matrix.archives import SuitePackage
from matrix.errors import Unobtainable

NAME = "distribution archive"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_INDEX_AGE = 24 * 3600.0
"""seconds after which a suite's index is fetched again"""
_INRELEASE = re.compile(r"^'(?P<uri>\S+?)/dists/(?P<suite>\S+)/InRelease'")
_ARCHIVE = re.compile(r"^ (?P<sha256>[0-9a-f]{64}) \d+ (?P<name>\S+\.orig\.tar\.\w+)$", re.MULTILINE)
"""a line of a source's Checksums-Sha256 (deb-src-control(5)), of upstream's archive"""


class Suite:
    """One suite of the archive, with a private apt state in the store."""

    def __init__(self, name: str, store: Store) -> None:
        self.name = name
        self._store = store
        self._home = store.root / "state" / "apt" / name

    @cached_property
    def _environment(self) -> dict[str, str]:
        return client_environment() | {"APT_CONFIG": str(self._home / "apt.conf")}

    def _configure(self) -> None:
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            raise Unobtainable("this machine has no apt-get and dpkg-deb")
        if not _KEYRING.is_file():
            raise Unobtainable(f"the archive's keys are not here: {_KEYRING} (package debian-archive-keyring)")
        for part in ("state/lists/partial", "cache/archives/partial", "empty"):
            (self._home / part).mkdir(parents=True, exist_ok=True)
        (self._home / "state/status").touch()
        uri = mirror_of(self.name)
        sources = f"deb [signed-by={_KEYRING}] {uri} {self.name} main\n"
        (self._home / "sources.list").write_text(sources + sources.replace("deb ", "deb-src ", 1))
        settings = {
            "Dir::State": self._home / "state",
            "Dir::State::status": self._home / "state/status",
            "Dir::Cache": self._home / "cache",
            "Dir::Etc::sourcelist": self._home / "sources.list",
            "Dir::Etc::sourceparts": self._home / "empty",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": self._home / "empty",
            "Acquire::Languages": "none",
            "APT::Sandbox::User": "",
            "Debug::NoLocking": "true",  # the store's lock serves instead
        }
        text = "".join(f'{key} "{value}";\n' for key, value in settings.items())
        (self._home / "apt.conf").write_text(text)

    def update(self, *, force: bool = False) -> None:
        """Fetch the suite's index when there is none or it is a day old."""
        stamp = self._home / "updated"
        if not force and stamp.exists() and time.time() - stamp.stat().st_mtime < _INDEX_AGE:
            return
        self._configure()
        try:
            capture(["apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any"], env=self._environment)
        except CommandFailed as exc:
            raise Unobtainable(f"suite {self.name}: apt-get update failed: {_last_line(exc.output)}") from None
        stamp.touch()

    def versions(self, packages: Sequence[str], *, source: bool = False) -> dict[str, list[str]]:
        """The versions that the suite has of some packages (or source packages), newest first."""
        text = capture(["apt-cache", "madison", *packages], env=self._environment)
        rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
        found: dict[str, list[str]] = {}
        for name, version, place in rows:
            if place.endswith(" Sources") is source:
                found.setdefault(name, []).append(version)
        return found

    def source_archive(self, package: str, version: str) -> tuple[str, str] | None:
        """The name and the sha256 of the upstream archive of a source package; None when it has not just one."""
        text = capture(["apt-cache", "showsrc", "--only-source", package], env=self._environment)
        for paragraph in text.split("\n\n"):
            if f"\nVersion: {version}\n" in paragraph:
                found = _ARCHIVE.findall(paragraph)
                return (found[0][1], found[0][0]) if len(found) == 1 else None
        return None

    def llvm_of(self, package: str) -> int | None:
        """The major version of the clang that a package depends on."""
        text = capture(["apt-cache", "depends", package], env=self._environment)
        match = re.search(r"Depends: clang-(\d+)$", text, re.MULTILINE)
        return int(match[1]) if match else None

    def needed_by(self, packages: Sequence[str], pattern: re.Pattern[str]) -> list[str]:
        """The packages whose names match a pattern that some packages need, also by way of others.

        Packages that the suite does not have count for nothing; one that it only mentions counts.
        """
        present = list(self.versions(packages))
        if not present:
            return []
        command = ["apt-cache", "depends", "--recurse", "--important", *present]
        text = capture(command, env=self._environment)
        names = {line.split(":")[0].strip("<> ") for line in text.splitlines() if not line.startswith(" ")}
        return sorted(name for name in names if pattern.match(name))

    def download(self, packages: Iterable[str], directory: Path) -> None:
        """The .deb files of `name=version` into a directory."""
        self._apt(["apt-get", "download", "-q", *packages], directory)

    def download_source(self, package: str, directory: Path) -> None:
        """The upstream tarball of the source package `name=version` into a directory."""
        command = ["apt-get", "source", "-q", "--download-only", "--tar-only", "--only-source", package]
        self._apt(command, directory)

    def _apt(self, command: list[str], directory: Path) -> None:
        try:
            capture(command, env=self._environment, cwd=directory, timeout=1800)
        except CommandFailed as exc:
            raise Unobtainable(f"suite {self.name}: {command[1]} failed: {_last_line(exc.output)}") from None


def mirror_of(suite: str) -> str:
    """The address that the machine's apt has for Debian's archive, of the security one for its suites.

    Read from `apt-get update --print-uris`, which works before the first update, too.
    Raises Unobtainable when this apt knows no Debian archive.
    """
    try:
        listing = capture(["apt-get", "update", "--print-uris"], env=client_environment())
    except CommandFailed as exc:
        raise Unobtainable(f"apt's configuration cannot be read: {_last_line(exc.output)}") from None
    mirrors: dict[bool, str] = {}
    for line in listing.splitlines():
        if match := _INRELEASE.match(line):
            mirrors.setdefault(match["suite"].endswith("-security"), match["uri"])
    security = suite.endswith("-security")
    if security not in mirrors:
        kind = "security archive" if security else "archive"
        raise Unobtainable(f"this machine's apt has no Debian {kind} configured, which suite {suite} is of")
    return mirrors[security]


def upstream_part(version: str) -> str:
    """A Debian version without its epoch and revision (deb-version(7))."""
    return version.split(":", 1)[-1].rsplit("-", 1)[0]


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith(("E:", "W:"))] or text.splitlines()
    return lines[-1].strip() if lines else "it said nothing"


def indexed(suites: Iterable[Suite], say: Callable[[str], None]) -> None:
    """Bring the indexes of some suites up to date."""
    for suite in suites:
        with suite._store.lock(f"apt-{suite.name}", say=say):
            suite.update()


def choose(suites: Sequence[Suite], wanted: Mapping[str, str]) -> dict[Suite, list[str]]:
    """For each package the first suite that has it in the wanted upstream version ("" for any)."""
    offers = {suite: suite.versions(list(wanted)) for suite in suites}
    chosen: dict[Suite, list[str]] = {suite: [] for suite in suites}
    for name, upstream in wanted.items():
        for suite, offered in offers.items():
            if version := newest(offered.get(name, []), upstream):
                chosen[suite].append(f"{name}={version}")
                break
        else:
            had = "; ".join(f"{suite.name}: {', '.join(o.get(name, [])) or 'none'}" for suite, o in offers.items())
            raise Unobtainable(
                f"no {name} {upstream} in the archive ({had})",
                hint="the archive has moved on: correct the version in matrix/data/sdks.toml",
            )
    return chosen


def newest(versions: Iterable[str], upstream: str) -> str | None:
    return next((v for v in versions if not upstream or upstream_part(v) == upstream), None)


# --- sources


class SourcePackage:
    """Upstream's release archive out of a source package: the same bytes, so the same sha256."""

    name = NAME

    def __init__(
        self,
        item: str,
        package: SuitePackage,
        sha256: str | None,
        check: Callable[[Path], str | None] = source_defect,
    ) -> None:
        self._item = item
        self._package = package
        self._sha256 = sha256
        self._check = check

    @property
    def _entry(self) -> str:
        return f"{self._item}-source-{(self._sha256 or '')[:12]}"

    def available(self, store: Store) -> str | None:
        try:
            suite = Suite(self._package.suite, store)
            indexed([suite], lambda message: None)
            self._version(suite)
        except Unobtainable as exc:
            return exc.message
        return None

    def _version(self, suite: Suite) -> str:
        package = self._package
        if self._sha256 is None:
            raise Unobtainable("no sha256 of upstream's archive is known")
        offered = suite.versions([package.name], source=True).get(package.name, [])
        version = newest(offered, package.version)
        if version is None:
            raise Unobtainable(f"suite {suite.name} has no source package {package.name} {package.version}")
        return version

    def cached(self, store: Store) -> Obtained | None:
        if self._sha256 is None or (manifest := store.manifest(self._entry)) is None:
            return None
        return Obtained(path=store.entry(self._entry), provider=NAME, detail=manifest.detail, digest=manifest.digest)

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        suite = Suite(self._package.suite, store)

        def make(directory: Path) -> tuple[str, str, str, tuple[str, ...]]:
            indexed([suite], say)
            version = self._version(suite)
            say(f"{self._item}: fetching source package {self._package.name} {version} of {suite.name}")
            with store.scratch("source") as scratch:
                suite.download_source(f"{self._package.name}={version}", scratch)
                archives = [path for path in scratch.iterdir() if ".orig.tar" in path.name and path.suffix != ".asc"]
                if len(archives) != 1:
                    raise Unobtainable(f"the source package has {len(archives)} upstream archives, not one")
                found = file_sha256(archives[0])
                if found != self._sha256:
                    raise Unobtainable(f"{archives[0].name} has sha256 {found}, but {self._sha256} is pinned")
                unpack_tar(archives[0], directory)
            if defect := self._check(directory):
                raise Unobtainable(f"{self._package.name} {version}: {defect}")
            return found, self.name, f"{self._package.name} {version} of {suite.name}", ()

        path, manifest = store.obtain(self._entry, make, say=say)
        return Obtained(path=path, provider=NAME, detail=manifest.detail, digest=manifest.digest)
