"""The directories of a cross build, on the host and as its guests see them.

Python finds its library by the path of its executable and the *relative* path of the sources that configure was
given (`VPATH`). So the build directory is `cross-build/<host>` below a directory with a link to every entry of the
sources, and the guests' tree (`guest/`, made by `harness.build.stage`) has the same layout.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.build.step import Step
from harness.build.tree import BuildFiles
from matrix.model import Build, Series
from matrix.rules import Repair

LEFT_OUT = frozenset({".git", "cross-build", "builddir", "__pycache__"})
"""entries of a source tree that are neither linked nor copied"""


LIBRARY = "/Lib"
"""the standard library in a tree, and in a guest whose root is the tree"""


class LinkedVariables(msgspec.Struct, frozen=True, kw_only=True):
    """What configure is told of a library."""

    digest: str
    """of all that the library is made of"""
    variables: dict[str, str]


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The paths of a build's parts, and their digests."""

    source: Path
    source_digest: str
    make_digest: str
    """of the sources' files that `make all` may read: after a change of other files of the library it need not run"""
    configure_digest: str
    """of the sources' files that configure reads: after a change of other files only make runs"""
    entries: tuple[str, ...]
    """the names in the source tree's top directory"""
    sdk: Path
    sdk_digest: str
    pre_js_digest: str = ""
    """of the scripts that the repairs name (`harness.build.pre_js`)"""
    linked: tuple[LinkedVariables, ...] = ()
    """what configure is told of the libraries that the build is linked with"""
    files: BuildFiles
    """the files of the sources that the build names"""
    python: Path
    """the build Python"""
    build_machine: str
    """configure's `--build`, such as x86_64-pc-linux-gnu"""
    directory: Path
    """the work directory"""


class GuestLayout(msgspec.Struct, frozen=True, kw_only=True):
    """What the guest sees: the sources at `/`, the build at `/cross-build/<host>`."""

    host: str
    program: str
    """the file that a runtime runs: `python.wasm`, `python.js` or the script that launches it"""
    executable_name: str = ""
    """the executable's name that a launcher is given, in its own directory; upstream's is `python.sh`"""
    series: str
    in_memory: bool = False
    """whether the guest has files in memory, and sees none of the host's"""
    reduced: bool = False
    """whether these have the reduced library that a build for browsers makes, up to 3.13, and of the tree only tests"""

    @property
    def build(self) -> str:
        return f"/cross-build/{self.host}"

    @property
    def executable(self) -> str:
        return f"{self.build}/{self.program}"

    def told(self, tree: Path) -> tuple[str, ...]:
        """The words before Python's own options, for a guest that sees `tree` under its path on the host."""
        return (f"--this-program={tree}{self.build}/{self.executable_name}",) if self.executable_name else ()

    def platform_library(self, built: str) -> str:
        """Where the guest sees the build's own library; `built` is what the build's `pybuilddir.txt` says."""
        return self.library if self.reduced else f"{self.build}/{built}"

    @property
    def library(self) -> str:
        """Where the guest sees the standard library."""
        return f"/usr/local/lib/python{self.series}" if self.reduced else LIBRARY


def layout_of(build: Build, series: Series) -> GuestLayout:
    in_memory = build.target.in_memory
    launcher = "" if in_memory else series.launcher  # it is for Node; a page loads the program itself
    return GuestLayout(
        host=series.host,
        program=launcher or series.program,
        executable_name="python.sh" if launcher else "",
        series=build.cpython.series,
        in_memory=in_memory,
        reduced=in_memory and not series.is_for_all_targets,
    )


def build_directory(directory: Path, series: Series) -> Path:
    return directory / "cross-build" / series.host


def guest_tree(directory: Path) -> Path:
    """The tree that guests see: a copy of the sources with the build's small files inside."""
    return directory / "guest"


def copied(parts: Parts) -> tuple[str, ...]:
    """The entries of the sources that are linked for the build, and copied into the guest's tree."""
    return tuple(sorted(name for name in parts.entries if name not in LEFT_OUT and not name.startswith(".")))


def link_sources(parts: Parts) -> Step:
    """Link the sources' entries beside `cross-build`."""
    return Step(
        name="link",
        title="lay out the sources",
        argv=("ln", "-sfn", "-t", str(parts.directory), *(str(parts.source / name) for name in copied(parts))),
        cwd=parts.directory,
        outputs=(parts.directory / "configure",),
        expected=1,
    )


def configure_command(build: Build, series: Series, repairs: tuple[Repair, ...], parts: Parts) -> tuple[str, ...]:
    """CPython's configure for a cross build, started in the build directory."""
    return (
        "../../configure",  # relative: see above
        "-q",
        "-C",
        f"--host={series.host}",
        f"--build={parts.build_machine}",
        *(series.configure or build.target.configure),
        f"--with-build-python={parts.python}",
        *(("--with-pydebug",) if build.debug else ()),
        *(flag for repair in repairs for flag in repair.configure),
    )
