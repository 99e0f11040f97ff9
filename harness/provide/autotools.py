"""Makes the `configure` of sources that come without one, with the distribution's autoconf, automake and libtool.

The packages are unpacked, not installed: no root, and no change to the system. Their scripts name each other by
absolute paths below /usr, which are changed to where the scripts lie. Perl, which runs them, must be installed.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.machine.command import CommandFailed, capture
from harness.machine.files import remove_tree
from harness.machine.hashing import digest_of
from harness.machine.process import base_environment, require
from harness.machine.store import Provenance, Store
from harness.provide.apt import Suite, choose, upstream_part
from harness.provide.provider import Say
from harness.provide.source_package import SourcePackage
from matrix.archives import SuitePackage
from matrix.errors import MatrixError, Unobtainable

_NAMED = ("autoconf", "automake", "libtool")
"""the packages whose versions determine what is made"""
_PACKAGES = (*_NAMED, "libltdl-dev", "autotools-dev", "m4", "libsigsegv2")
"""those, the rest of libtool's macros, what they call, and the library of m4"""
_SCRIPTS = ("usr/bin", "usr/share/autoconf", "usr/share/automake-*")
"""where the scripts lie; macros become part of what is made, so that they stay as they are"""
_OWN_PATH = re.compile(rb"/usr/(?=(?:bin|share)/(?:auto|aclocal|libtool|m4\b))")
"""the beginning of a path of the packages' own files in one of their scripts"""


class GeneratedSource(SourcePackage):
    """A source package whose upstream archive has no `configure`: one is made with the autotools of a suite."""

    def __init__(self, item: str, package: SuitePackage, sha256: str | None, tools: str) -> None:
        super().__init__(item, package, sha256, lambda directory: None)
        self._tools = tools

    def obstacle(self, store: Store) -> str | None:
        try:
            require("perl")
            suite = Suite(self._tools, store)
            suite.refresh(lambda message: None)
            choose([suite], dict.fromkeys(_PACKAGES, ""))
        except MatrixError as exc:
            return exc.message
        return super().obstacle(store)

    def entry(self, store: Store) -> str:
        return f"{super().entry(store)}-autotools-{self._tools}"

    def fill(self, directory: Path, store: Store, say: Say) -> Provenance:
        """As `SourcePackage.fill`. Raises HarnessFault without perl, Unobtainable when the tools fail."""
        require("perl")
        found = super().fill(directory, store, say)
        with store.scratch("autotools") as scratch:
            tools = self._unpack(scratch, store, say)
            try:
                capture([str(scratch / "usr/bin/autoreconf"), "-i"], env=environment(scratch), cwd=directory)
            except CommandFailed as exc:
                raise Unobtainable(f"{self._item}: configure cannot be made with {tools}: {exc.output}") from None
        remove_tree(directory / "autom4te.cache")
        if not (directory / "configure").is_file():
            raise Unobtainable(f"{self._item}: {tools} made no configure")
        digest = digest_of(found.digest, tools)
        return Provenance(provider=self.name, detail=f"{found.detail}, configure by {tools}", digest=digest)

    def _unpack(self, root: Path, store: Store, say: Say) -> str:
        """Unpack the tools so that they work where they lie; returns their names and versions."""
        suite = Suite(self._tools, store)
        suite.refresh(say)
        packages = choose([suite], dict.fromkeys(_PACKAGES, ""))[suite]
        suite.download(packages, root)
        for package in sorted(root.glob("*.deb")):
            capture(["dpkg-deb", "--extract", str(package), str(root)])
        relocate(root)
        versions = dict(package.split("=", 1) for package in packages)
        return ", ".join(f"{name} {upstream_part(versions[name])}" for name in _NAMED) + f" of {suite.name}"


def relocate(root: Path) -> None:
    """Change the scripts of packages that are unpacked in `root` to look for each other there."""
    here = str(root).encode()
    for place in _SCRIPTS:
        for directory in root.glob(place):
            for path in directory.rglob("*"):
                if not path.is_file() or path.is_symlink() or path.suffix == ".m4":
                    continue
                text = path.read_bytes()
                if b"\0" not in text and (changed := _OWN_PATH.sub(lambda found: here + found[0], text)) != text:
                    path.write_bytes(changed)


def environment(root: Path) -> dict[str, str]:
    """The environment in which the unpacked tools find each other.

    Debian's `automake` and `aclocal` are links that only an installation makes, beside programs with a version.
    """
    names = {"autoconf", "autoheader", "autom4te", "libtoolize", "m4"}
    variables = {name.upper(): str(root / "usr/bin" / name) for name in names}
    for name in ("automake", "aclocal"):
        versions = sorted((root / "usr/bin").glob(f"{name}-*"))
        if not versions:
            raise Unobtainable(f"the packages have no usr/bin/{name}-*", hint="say so in an issue")
        variables[name.upper()] = str(versions[-1])
    libraries = ":".join(str(path) for path in sorted(root.glob("usr/lib/*-linux-gnu*")))
    return base_environment() | variables | {"LD_LIBRARY_PATH": libraries}
