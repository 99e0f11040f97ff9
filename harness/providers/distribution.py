"""The distribution's archive, by way of a private apt that needs no root and changes no system file.

The mirror is the one that the machine's own apt is configured with; the archive's signatures are
checked with the system's keyring. Each suite has a state of its own, so that one whose index cannot be
had (or has expired) does not take the others with it.

apt.conf(5) describes the `Dir::` options, sources.list(5) the `signed-by` option.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from harness import process
from harness.fetch import file_sha256
from harness.process import CommandFailed
from harness.providers import Obtained
from harness.providers.release import source_defect
from harness.store import Store, digest_of
from harness.unpack import unpack_tar
from matrix.errors import Unobtainable
from matrix.model import ComposedSdk, SuitePackage

NAME = "distribution archive"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_INDEX_AGE = 24 * 3600.0
"""seconds after which a suite's index is fetched again"""
_INRELEASE = re.compile(r"^'(?P<uri>\S+?)/dists/(?P<suite>\S+)/InRelease'")


class Suite:
    """One suite of the archive, with a private apt state in the store."""

    def __init__(self, name: str, store: Store) -> None:
        self.name = name
        self._store = store
        self._home = store.root / "state" / "apt" / name

    @cached_property
    def _environment(self) -> dict[str, str]:
        return process.client_environment() | {"APT_CONFIG": str(self._home / "apt.conf")}

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
            process.capture(["apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any"], env=self._environment)
        except CommandFailed as exc:
            raise Unobtainable(f"suite {self.name}: apt-get update failed: {_last_line(exc.output)}") from None
        stamp.touch()

    def versions(self, packages: Sequence[str], *, source: bool = False) -> dict[str, list[str]]:
        """The versions that the suite has of some packages (or source packages), newest first."""
        text = process.capture(["apt-cache", "madison", *packages], env=self._environment)
        rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
        found: dict[str, list[str]] = {}
        for name, version, place in rows:
            if place.endswith(" Sources") is source:
                found.setdefault(name, []).append(version)
        return found

    def libraries_of(self, packages: Sequence[str]) -> list[str]:
        """The packages of `_LIBRARIES` that some packages need, also by way of others.

        Packages that the suite does not have count for nothing; one that it only mentions counts.
        """
        present = list(self.versions(packages))
        if not present:
            return []
        command = ["apt-cache", "depends", "--recurse", "--important", *present]
        text = process.capture(command, env=self._environment)
        names = {line.split(":")[0].strip("<> ") for line in text.splitlines() if not line.startswith(" ")}
        return sorted(name for name in names if _LIBRARIES.match(name))

    def download(self, packages: Iterable[str], directory: Path) -> None:
        """The .deb files of `name=version` into a directory."""
        self._apt(["apt-get", "download", "-q", *packages], directory)

    def download_source(self, package: str, directory: Path) -> None:
        """The upstream tarball of the source package `name=version` into a directory."""
        command = ["apt-get", "source", "-q", "--download-only", "--tar-only", "--only-source", package]
        self._apt(command, directory)

    def _apt(self, command: list[str], directory: Path) -> None:
        try:
            process.capture(command, env=self._environment, cwd=directory, timeout=1800)
        except CommandFailed as exc:
            raise Unobtainable(f"suite {self.name}: {command[1]} failed: {_last_line(exc.output)}") from None


def mirror_of(suite: str) -> str:
    """The address that the machine's apt has for Debian's archive, of the security one for its suites.

    Read from `apt-get update --print-uris`, which works before the first update, too.
    Raises Unobtainable when this apt knows no Debian archive.
    """
    try:
        listing = process.capture(["apt-get", "update", "--print-uris"], env=process.client_environment())
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


def _indexed(suites: Iterable[Suite], say: Callable[[str], None]) -> None:
    for suite in suites:
        with suite._store.lock(f"apt-{suite.name}", say=say):
            suite.update()


# --- CPython's sources


class SourcePackage:
    """Upstream's release archive out of a source package: the same bytes, so the same sha256."""

    name = NAME

    def __init__(self, item: str, package: SuitePackage, sha256: str | None) -> None:
        self._item = item
        self._package = package
        self._sha256 = sha256

    @property
    def _entry(self) -> str:
        return f"{self._item}-source-{(self._sha256 or '')[:12]}"

    def available(self, store: Store) -> str | None:
        try:
            suite = Suite(self._package.suite, store)
            _indexed([suite], lambda message: None)
            self._version(suite)
        except Unobtainable as exc:
            return exc.message
        return None

    def _version(self, suite: Suite) -> str:
        package = self._package
        if self._sha256 is None:
            raise Unobtainable("no sha256 of upstream's archive is known")
        offered = suite.versions([package.name], source=True).get(package.name, [])
        version = _newest(offered, package.version)
        if version is None:
            raise Unobtainable(f"suite {suite.name} has no source package {package.name} {package.version}")
        return version

    def cached(self, store: Store) -> Obtained | None:
        if self._sha256 is None or (manifest := store.manifest(self._entry)) is None:
            return None
        return _obtained(store.entry(self._entry), manifest.detail, manifest.digest)

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        suite = Suite(self._package.suite, store)

        def make(directory: Path) -> tuple[str, str, str, tuple[str, ...]]:
            _indexed([suite], say)
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
            if defect := source_defect(directory):
                raise Unobtainable(f"{self._package.name} {version}: {defect}")
            return found, self.name, f"{self._package.name} {version} of {suite.name}", ()

        path, manifest = store.obtain(self._entry, make, say=say)
        return _obtained(path, manifest.detail, manifest.digest)


# --- a WASI SDK


_LIBRARIES = re.compile(r"^(lib(edit|xml2|icu|z3|bsd|md|tinfo|zstd|lzma|ffi)|zlib)")
"""what clang and lld link with, beyond what every machine with gcc has (libc, libstdc++, libgcc_s)"""

_WRAPPED = (
    "clang",
    "clang++",
    "clang-cpp",
    "wasm-ld",
    "llvm-ar",
    "llvm-ranlib",
    "llvm-nm",
    "llvm-objdump",
    "llvm-strip",
)
_ALIASES = {"ar": "llvm-ar", "ranlib": "llvm-ranlib", "nm": "llvm-nm", "strip": "llvm-strip"}
_COMPILERS = ("clang", "clang++", "clang-cpp")


class ComposedWasiSdk:
    """clang, lld, compiler-rt and wasi-libc of the distribution in the layout of a WASI SDK release.

    The tools lie in `llvm/` with the libraries they need; `bin/` has a small script for each of them,
    and the compilers' default to the WASI target and the sysroot, as those of a release do.
    """

    name = NAME

    def __init__(self, item: str, version: str, composed: ComposedSdk) -> None:
        self._item = item
        self._version = version
        self._composed = composed

    @property
    def _entry(self) -> str:
        composed = self._composed
        mark = digest_of(composed.version, composed.libc.version, composed.triple, str(_WRAPPED))
        return f"{self._item}-composed-{mark[:12]}"

    def _packages(self, store: Store) -> dict[Suite, list[str]]:
        """What to download from each suite, as `name=version`."""
        llvm = self._composed.llvm
        tools = [f"{name}-{llvm}" for name in ("clang", "lld", "llvm")]
        tools += [f"{name}{llvm}" for name in ("libclang-cpp", "libllvm")]
        tools += [f"libclang-common-{llvm}-dev", f"libclang-rt-{llvm}-dev-wasm32"]
        wanted = dict.fromkeys(tools, self._composed.version)
        suites = [Suite(name, store) for name in self._composed.suites]
        for suite in suites:
            for library in suite.libraries_of(list(wanted)):
                wanted.setdefault(library, "")
        packages = _choose(suites, wanted)
        libc = self._composed.libc
        for suite, names in _choose([Suite(libc.suite, store)], {libc.name: libc.version}).items():
            packages[suite] = names
        return packages

    def available(self, store: Store) -> str | None:
        try:
            _indexed([Suite(name, store) for name in self._suites], lambda message: None)
            self._packages(store)
        except Unobtainable as exc:
            return exc.message
        return None

    @property
    def _suites(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self._composed.suites, self._composed.libc.suite]))

    def cached(self, store: Store) -> Obtained | None:
        if (manifest := store.manifest(self._entry)) is None:
            return None
        return _obtained(store.entry(self._entry), manifest.detail, manifest.digest, manifest.notes)

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        def make(directory: Path) -> tuple[str, str, str, tuple[str, ...]]:
            _indexed([Suite(name, store) for name in self._suites], say)
            packages = self._packages(store)
            names = [name for wanted in packages.values() for name in wanted]
            say(f"{self._item}: composing it from {len(names)} packages")
            with store.scratch("packages") as scratch:
                for suite, wanted in packages.items():
                    if wanted:
                        suite.download(wanted, scratch)
                unpacked = scratch / "root"
                for package in sorted(scratch.glob("*.deb")):
                    process.capture(["dpkg-deb", "--extract", str(package), str(unpacked)])
                self._arrange(unpacked, directory)
            detail = f"clang {self._composed.version} + wasi-libc {self._composed.libc.version}"
            return digest_of(*sorted(names), self._entry), self.name, detail, ()

        path, manifest = store.obtain(self._entry, make, say=say)
        return _obtained(path, manifest.detail, manifest.digest)

    def _arrange(self, root: Path, sdk: Path) -> None:
        llvm = self._composed.llvm
        prefix = root / f"usr/lib/llvm-{llvm}"
        tools, libraries = sdk / "llvm/bin", sdk / "llvm/lib"
        tools.mkdir(parents=True)
        libraries.mkdir()
        for name in _WRAPPED:
            shutil.copy2((prefix / "bin" / name).resolve(), tools / name)
        # Debian's clang looks for the linker under this name.
        (tools / f"wasm-ld-{llvm}").symlink_to("wasm-ld")
        for place in (*root.glob("usr/lib/*-linux-gnu*"), *root.glob("lib/*-linux-gnu*"), prefix / "lib"):
            _copy_libraries(place, libraries)
        shutil.copytree(prefix / "lib/clang", libraries / "clang", ignore_dangling_symlinks=True)

        (sdk / "lib").mkdir()
        (sdk / "lib/clang").symlink_to("../llvm/lib/clang")
        for builtins in libraries.glob("clang/*/lib/wasi/libclang_rt.builtins-wasm32.a"):
            for triple in ("wasm32-unknown-wasi", "wasm32-unknown-wasip1"):
                # where clang looks since LLVM 17: https://reviews.llvm.org/D159292
                place = builtins.parent.parent / triple
                place.mkdir()
                shutil.copy2(builtins, place / "libclang_rt.builtins.a")

        sysroot = sdk / "share/wasi-sysroot"
        for part in ("include", "lib", "share"):
            (sysroot / part).mkdir(parents=True)
            for path in root.glob(f"usr/{part}/wasm32-wasi*"):
                target = sysroot / part / path.name
                if path.is_symlink():
                    target.symlink_to(os.readlink(path))
                else:
                    shutil.copytree(path, target, symlinks=True)
        bin_ = sdk / "bin"
        bin_.mkdir()
        for name in _WRAPPED:
            _wrapper(bin_ / name, name, self._composed.triple if name in _COMPILERS else "")
        for name, tool in _ALIASES.items():
            (bin_ / name).symlink_to(tool)
        (sdk / "VERSION").write_text(
            f"{self._version}.0\ncomposed-from: clang {self._composed.version}, "
            f"wasi-libc {self._composed.libc.version}\n"
        )


def _copy_libraries(place: Path, directory: Path) -> None:
    """The shared libraries of a place, each once, and the names that are links to them."""
    for path in sorted(place.glob("*.so*"), key=Path.is_symlink):
        if path.is_symlink():
            name = path.resolve().name
            if name != path.name and (directory / name).exists() and not (directory / path.name).exists():
                (directory / path.name).symlink_to(name)
        elif path.is_file():
            shutil.copy2(path, directory / path.name)


def _choose(suites: Sequence[Suite], wanted: Mapping[str, str]) -> dict[Suite, list[str]]:
    """For each package the first suite that has it in the wanted upstream version ("" for any)."""
    offers = {suite: suite.versions(list(wanted)) for suite in suites}
    chosen: dict[Suite, list[str]] = {suite: [] for suite in suites}
    for name, upstream in wanted.items():
        for suite, offered in offers.items():
            if version := _newest(offered.get(name, []), upstream):
                chosen[suite].append(f"{name}={version}")
                break
        else:
            had = "; ".join(f"{suite.name}: {', '.join(o.get(name, [])) or 'none'}" for suite, o in offers.items())
            raise Unobtainable(
                f"no {name} {upstream} in the archive ({had})",
                hint="the archive has moved on: correct the version in matrix/data/sdks.toml",
            )
    return chosen


def _newest(versions: Iterable[str], upstream: str) -> str | None:
    return next((v for v in versions if not upstream or upstream_part(v) == upstream), None)


def _wrapper(path: Path, tool: str, triple: str) -> None:
    """A script that runs a tool of `llvm/` with its libraries; compilers get target and sysroot."""
    defaults = f' --target={triple} "--sysroot=$sdk/share/wasi-sysroot"' if triple else ""
    path.write_text(
        "#!/bin/sh\n"
        "# Made by the harness: the tool lies in llvm/ together with the libraries that it needs.\n"
        "sdk=${0%/bin/*}\n"
        f'LD_LIBRARY_PATH=$sdk/llvm/lib exec "$sdk/llvm/bin/{tool}"{defaults} "$@"\n'
    )
    path.chmod(0o755)


def _obtained(path: Path, detail: str, digest: str, notes: tuple[str, ...] = ()) -> Obtained:
    return Obtained(path=path, provider=NAME, detail=detail, digest=digest, notes=notes)
