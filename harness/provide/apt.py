"""The distribution's archive, through a private apt that needs no root and changes no system file.

It uses the mirror that the machine's own apt is configured with and checks the archive's signatures with the system's
keyring. Each suite has a state of its own, so a suite whose index is missing or has expired does not affect the
others.

apt.conf(5) describes the `Dir::` options, sources.list(5) the `signed-by` option.
"""

from __future__ import annotations

import datetime
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from harness.machine.command import CommandFailed, ask, capture
from harness.machine.process import client_environment
from harness.machine.store import Store
from harness.provide.provider import Say
from matrix.errors import Unobtainable

T = TypeVar("T")

NAME = "distribution archive"
"""the name of every provider that uses this module"""
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_INDEX_AGE = 24 * 3600.0
"""seconds after which a suite's index is fetched again"""
SNAPSHOTS = "CPYTHON_WASM_SNAPSHOTS"
"""The environment variable with the address of a snapshot service, which keeps what suites had on earlier days.

`{archive}` in it stands for the last part of the mirror's address (`debian`, `debian-security`), `{time}` for the
day (`20261126T000000Z`).
"""
_INRELEASE = re.compile(r"^'(?P<uri>\S+?)/dists/(?P<suite>\S+)/InRelease'")
_ARCHIVE = re.compile(r"^ (?P<sha256>[0-9a-f]{64}) \d+ (?P<name>\S+\.orig\.tar\.\w+)$", re.MULTILINE)
"""a line of a source's Checksums-Sha256 (deb-src-control(5)) that names upstream's archive"""


class Suite:
    """One suite of the archive, with a private apt state in the store.

    With `day`, the suite as it was at the end of that day, from the snapshot service.
    """

    def __init__(self, name: str, store: Store, *, day: datetime.date | None = None) -> None:
        self.name = name if day is None else f"{name}@{day}"
        self._suite = name
        self._day = day
        self._store = store
        self._home = store.root / "state" / "apt" / self.name

    @cached_property
    def _environment(self) -> dict[str, str]:
        return client_environment() | {"APT_CONFIG": str(self._home / "apt.conf")}

    def _configure(self) -> None:
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            raise Unobtainable("this machine has no apt-get and dpkg-deb: only Debian's packages are supported")
        if not _KEYRING.is_file():
            raise Unobtainable(
                f"the archive's keys are missing: {_KEYRING}", hint="apt-get install debian-archive-keyring"
            )
        for part in ("state/lists/partial", "cache/archives/partial", "empty"):
            (self._home / part).mkdir(parents=True, exist_ok=True)
        (self._home / "state/status").touch()
        uri = mirror_of(self._suite)
        if self._day is not None:
            uri = _snapshot_of(uri, self._day)
        sources = f"deb [signed-by={_KEYRING}] {uri} {self._suite} main\n"
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
            "Debug::NoLocking": "true",  # the store's lock does that
        }
        if self._day is not None:
            settings["Acquire::Check-Valid-Until"] = "false"  # an old index has expired
        text = "".join(f'{key} "{value}";\n' for key, value in settings.items())
        (self._home / "apt.conf").write_text(text)

    def refresh(self, say: Say) -> None:
        """Fetch the suite's index if there is none or it is a day old. Raises Unobtainable."""
        with self._store.lock(f"apt-{self.name}", say=say):
            stamp = self._home / "updated"
            if stamp.exists() and (self._day is not None or time.time() - stamp.stat().st_mtime < _INDEX_AGE):
                return
            self._configure()
            self._run(["apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any"])
            stamp.touch()

    def forget_index(self, *, before: float) -> bool:
        """Have the next `refresh` fetch the index if the present one is older than a time. Returns whether it will.

        `before` is in seconds since the epoch. A suite of an earlier day does not change, so its index stays.
        """
        stamp = self._home / "updated"
        if self._day is not None or not stamp.exists() or stamp.stat().st_mtime >= before:
            return False
        stamp.unlink()
        return True

    def versions(self, packages: Sequence[str], *, source: bool = False) -> dict[str, list[str]]:
        """The suite's versions of some packages (or source packages), newest first."""
        text = self._run(["apt-cache", "madison", *packages])
        rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
        found: dict[str, list[str]] = {}
        for name, version, place in rows:
            if place.endswith(" Sources") is source:
                found.setdefault(name, []).append(version)
        return found

    def source_archive(self, package: str, version: str) -> tuple[str, str] | None:
        """The name and the sha256 of a source package's upstream archive; None unless it has exactly one."""
        text = self._run(["apt-cache", "showsrc", "--only-source", package])
        for paragraph in text.split("\n\n"):
            if f"\nVersion: {version}\n" in paragraph:
                found = _ARCHIVE.findall(paragraph)
                return (found[0][1], found[0][0]) if len(found) == 1 else None
        return None

    def llvm_of(self, package: str) -> int | None:
        """The major version of the clang that a package depends on."""
        text = self._run(["apt-cache", "depends", package])
        match = re.search(r"Depends: clang-(\d+)$", text, re.MULTILINE)
        return int(match[1]) if match else None

    def needed_by(self, packages: Sequence[str], pattern: re.Pattern[str]) -> list[str]:
        """The packages with matching names that some packages depend on, directly or indirectly.

        Ignores packages that the suite does not contain, but returns names that it only mentions.
        """
        present = list(self.versions(packages))
        if not present:
            return []
        text = self._run(["apt-cache", "depends", "--recurse", "--important", *present])
        names = {line.split(":")[0].strip("<> ") for line in text.splitlines() if not line.startswith(" ")}
        return sorted(name for name in names if pattern.match(name))

    def download(self, packages: Iterable[str], directory: Path) -> None:
        """Download the .deb files of `name=version` packages into a directory."""
        self._run(["apt-get", "download", "-q", *packages], directory)

    def download_source(self, package: str, directory: Path) -> None:
        """Download the upstream tarball of the source package `name=version` into a directory."""
        command = ["apt-get", "source", "-q", "--download-only", "--tar-only", "--only-source", package]
        self._run(command, directory)

    def _run(self, command: list[str], directory: Path | None = None) -> str:
        """The output of an apt command. Raises Unobtainable with apt's reason when it fails."""
        try:
            return capture(command, env=self._environment, cwd=directory, timeout=1800)
        except CommandFailed as exc:
            raise Unobtainable(f"suite {self.name}: {' '.join(command[:2])} failed: {_reason(exc.output)}") from None


def with_present_indexes(suites: Sequence[Suite], obtain: Callable[[], T]) -> T:
    """What `obtain` returns, which refreshes these suites first: after a failure, once more with new indexes.

    The archive deletes a package's file when a newer one takes its place, so an index of this morning can list what is
    gone by now. Raises Unobtainable when the indexes were not the reason.
    """
    started = time.time()
    try:
        return obtain()
    except Unobtainable:
        older = [suite for suite in suites if suite.forget_index(before=started)]
        if not older:
            raise
        return obtain()


def mirror_of(suite: str) -> str:
    """The mirror in this machine's apt configuration: Debian's archive, or the security archive for its suites.

    Read from `apt-get update --print-uris`, which works before the first update, too.
    Raises Unobtainable when apt's configuration contains no Debian archive.
    """
    try:
        listing = ask(["apt-get", "update", "--print-uris"], env=client_environment())
    except CommandFailed as exc:
        raise Unobtainable(f"apt's configuration cannot be read: {_reason(exc.output)}") from None
    mirrors: dict[bool, str] = {}
    for line in listing.splitlines():
        if match := _INRELEASE.match(line):
            mirrors.setdefault(match["suite"].endswith("-security"), match["uri"])
    security = suite.endswith("-security")
    if security not in mirrors:
        kind = "security archive" if security else "archive"
        raise Unobtainable(f"apt on this machine has no Debian {kind} configured, but suite {suite} needs it")
    return mirrors[security]


def _snapshot_of(mirror: str, day: datetime.date) -> str:
    """The address of a mirror's archive as it was at the end of a day. Raises Unobtainable without a service."""
    service = os.environ.get(SNAPSHOTS, "")
    if not service:
        raise Unobtainable(f"no snapshot service is known: ${SNAPSHOTS} is not set")
    archive = mirror.rstrip("/").rsplit("/", 1)[-1]
    return service.replace("{archive}", archive).replace("{time}", f"{day:%Y%m%d}T235959Z")


def _reason(output: str) -> str:
    """The last error or warning that apt printed, else its last line."""
    lines = [line for line in output.splitlines() if line.startswith(("E:", "W:"))] or output.splitlines()
    return lines[-1].strip() if lines else "it printed nothing"


def upstream_part(version: str) -> str:
    """A Debian version without its epoch and revision (deb-version(7))."""
    return version.split(":", 1)[-1].rsplit("-", 1)[0]


def choose(suites: Sequence[Suite], wanted: Mapping[str, str]) -> dict[Suite, list[str]]:
    """Choose for each package the first suite that has it in the wanted upstream version ("" for any).

    Returns `name=version` packages by suite. Raises Unobtainable when no suite has one of them.
    """
    offers = {suite: suite.versions(list(wanted)) for suite in suites}
    chosen: dict[Suite, list[str]] = {suite: [] for suite in suites}
    for name, upstream in wanted.items():
        for suite, offered in offers.items():
            if version := newest(offered.get(name, []), upstream):
                chosen[suite].append(f"{name}={version}")
                break
        else:
            raise _lacking(name, upstream, offers)
    return chosen


def current(suites: Sequence[Suite], package: str, wanted: str) -> str:
    """The upstream version of a package to take: the wanted one if a suite has it, else what the first one has.

    Suites change what they have, some each week: what was wanted once is gone then, and what follows it stands in.
    Raises Unobtainable when no suite has the package.
    """
    offers = {suite: suite.versions([package]) for suite in suites}
    for upstream in (wanted, ""):
        for offered in offers.values():
            if version := newest(offered.get(package, []), upstream):
                return upstream_part(version)
    raise _lacking(package, wanted, offers)


def _lacking(package: str, upstream: str, offers: Mapping[Suite, Mapping[str, Sequence[str]]]) -> Unobtainable:
    had = "; ".join(f"{suite.name}: {', '.join(o.get(package, [])) or 'none'}" for suite, o in offers.items())
    return Unobtainable(
        f"the archive has no {package} {upstream} ({had})",
        hint=f"try another SDK, or set ${SNAPSHOTS} to the address of a snapshot service",
    )


def newest(versions: Iterable[str], upstream: str) -> str | None:
    """The first version with that upstream part ("" for any); None when there is none."""
    return next((v for v in versions if not upstream or upstream_part(v) == upstream), None)
