"""Compiles the libraries that CPython from 3.14 on is linked with under Emscripten, as upstream's script does it.

Each is compiled once for a toolchain, into a prefix of its own below the toolchain's directory and under its lock. All
builds with the toolchain share it.

Sources: `make_emscripten_libffi` and `make_mpdec` in Platforms/emscripten/__main__.py of CPython's main branch.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.build.recipes.emscripten import Toolchain
from harness.build.step import BuildPlan, Step
from matrix.errors import HarnessFault


class Linking(msgspec.Struct, frozen=True, kw_only=True):
    """What CPython's configure is told of a library, and what the library installs."""

    variable: str
    """the beginning of configure's variables for it (PKG_CHECK_MODULES in configure.ac)"""
    flags: str
    installed: tuple[str, ...]
    """files in the prefix that show that it is complete"""


LINKING = {
    "libffi": Linking(variable="LIBFFI", flags="-lffi", installed=("lib/libffi.a", "include/ffi.h")),
    "mpdec": Linking(variable="LIBMPDEC", flags="-lmpdec -lm", installed=("lib/libmpdec.a", "include/mpdecimal.h")),
}
"""every library that there is a recipe for"""


class LinkedLibrary(msgspec.Struct, frozen=True, kw_only=True):
    """A library that a build is linked with."""

    name: str
    version: str
    source: Path
    digest: str
    """of its sources, the toolchain and upstream's script"""
    directory: Path
    """where it is compiled and installed"""
    script: Path | None = None
    """upstream's script that compiles it, in CPython's sources"""

    @property
    def work(self) -> Path:
        """The copy of the sources in which it is compiled."""
        return self.directory / "source"

    @property
    def prefix(self) -> Path:
        return self.directory / "prefix"

    @property
    def own_script(self) -> Path:
        """The copy of upstream's script: all trees with the same one share what it makes."""
        return self.directory / "make.sh"

    @property
    def variables(self) -> dict[str, str]:
        """What CPython's configure finds the library with; it does not look for pkg-config then."""
        linking = linking_of(self.name)
        return {
            f"{linking.variable}_CFLAGS": f"-I{self.prefix}/include",
            f"{linking.variable}_LIBS": f"-L{self.prefix}/lib {linking.flags}",
        }


def linking_of(name: str) -> Linking:
    """How a library is linked with. Raises HarnessFault for one without a recipe."""
    if name not in LINKING:
        raise HarnessFault(
            f"there is no recipe for the library {name}", hint="add it to harness/build/recipes/libraries.py"
        )
    return LINKING[name]


def plan(library: LinkedLibrary, toolchain: Toolchain) -> BuildPlan:
    """The steps from a library's sources to its prefix."""
    emscripten = toolchain.sdk / "emscripten"
    where = library.directory.name
    title = f"{library.name} {library.version}"
    installed = tuple(library.prefix / name for name in linking_of(library.name).installed)
    copy = Step(
        name=f"{where}-sources",
        title=f"copy the sources of {title}",
        # With their times: make would run autoconf for a configure that is older than what it is made from.
        argv=("cp", "-a", "-T", str(library.source), str(library.work)),
        cwd=library.directory,
        inputs=(library.digest,),
        outputs=(library.work / "configure",),
        expected=1,
    )
    if library.script is not None:
        build = Step(
            name=f"{where}-build",
            title=f"compile {title}",
            argv=("bash", str(library.own_script)),
            cwd=library.work,
            path=(emscripten,),
            env={**toolchain.environment, "PREFIX": str(library.prefix)},
            inputs=(library.digest,),
            outputs=installed,
            expected=60,
        )
        return BuildPlan(name=f"library {title}", directory=toolchain.directory, steps=(copy, build))
    configure = Step(
        name=f"{where}-configure",
        title=f"configure {title}",
        argv=(
            str(emscripten / "emconfigure"),
            *("./configure", "CFLAGS=-fPIC", "--prefix", str(library.prefix), "--disable-shared"),
        ),
        cwd=library.work,
        path=(emscripten,),
        env=toolchain.environment,
        inputs=(library.digest,),
        outputs=(library.work / "Makefile",),
        expected=60,
    )
    install = Step(
        name=f"{where}-install",
        title=f"compile {title}",
        argv=("make", "install"),
        cwd=library.work,
        path=(emscripten,),
        env=toolchain.environment,
        inputs=(library.digest,),
        outputs=installed,
        expected=60,
    )
    return BuildPlan(name=f"library {title}", directory=toolchain.directory, steps=(copy, configure, install))
