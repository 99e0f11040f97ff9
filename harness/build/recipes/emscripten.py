"""The Emscripten builds, with CPython's own configure and its config.site, as Tools/wasm/wasm_build.py does it.

Emscripten compiles its system libraries and ports when something first links with them. Here a plan of its own
does that (`libraries`), one per SDK, and all builds with the SDK share the results: each step links a small program
with the flags of a flavour of CPython.

Sources: Tools/wasm/wasm_build.py and configure.ac of 3.11 to 3.13, Tools/wasm/emscripten/__main__.py from 3.14
on, and docs/explanation/emscripten.md for what differs.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import msgspec

from harness.build.recipes.layout import Parts, build_directory, configure_command, link_sources
from harness.build.recipes.native import INTERPRETER, MODULES
from harness.build.step import CACHE, BuildPlan, Step
from matrix.model import Build, Series, Target
from matrix.rules import Repair

PORTS = ("-sUSE_ZLIB", "-sUSE_BZIP2")
"""the flags with which configure finds zlib and bzip2 (PY_CHECK_EMSCRIPTEN_PORT in configure.ac)"""


class Toolchain(msgspec.Struct, frozen=True, kw_only=True):
    """An Emscripten SDK that is ready to compile: the programs that it runs with, and its cache."""

    sdk: Path
    digest: str
    """of the SDK, its ports and the Node it is run with"""
    node: Path
    python: str
    """the Python that runs Emscripten's scripts"""
    directory: Path
    """the directory of its configuration and its cache of compiled libraries"""

    @property
    def config(self) -> Path:
        return self.directory / "emscripten.config"

    @property
    def cache(self) -> Path:
        return self.directory / "cache"

    @property
    def program(self) -> Path:
        """The small program that is linked so that Emscripten compiles its libraries."""
        return self.directory / "program.c"

    @property
    def pre_js(self) -> Path:
        """The directory of the scripts that repairs name."""
        return self.directory / "pre_js"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "EM_CONFIG": str(self.config),
            "EMSDK_PYTHON": self.python,
            "TZ": "UTC",  # https://github.com/emscripten-core/emscripten/issues/17635
        }

    def configuration(self) -> str:
        """The text of `config`, which is Python: https://emscripten.org/docs/tools_reference/emsdk.html"""
        rows = {
            "LLVM_ROOT": str(self.sdk / "bin"),
            "BINARYEN_ROOT": str(self.sdk),
            "NODE_JS": str(self.node),
            "CACHE": str(self.cache),
            "FROZEN_CACHE": False,
        }
        return "".join(f"{name} = {value!r}\n" for name, value in rows.items())


def libraries(name: str, target: Target, series: Series, toolchain: Toolchain) -> BuildPlan:
    """The steps that make Emscripten compile its libraries for a target."""
    variants: dict[str, tuple[str, ...]] = {"plain": ("-O0",), "optimised": ("-O2",)}
    if flags := series.sdk_libraries or target.libraries:
        variants[target.id] = ("-O2", *flags)
    steps = [
        Step(
            name=f"libraries-{variant}",
            title=f"compile the SDK's libraries ({' '.join(flags)})",
            argv=(
                str(toolchain.sdk / "emscripten/emcc"),
                str(toolchain.program),
                *PORTS,
                *flags,
                "-o",
                str(toolchain.directory / f"{variant}.js"),
            ),
            cwd=toolchain.directory,
            env=toolchain.environment,
            inputs=(toolchain.digest,),
            outputs=(toolchain.directory / f"{variant}.js",),
            expected=60,
        )
        for variant, flags in variants.items()
    ]
    return BuildPlan(name=name, directory=toolchain.directory, steps=tuple(steps))


def plan(
    build: Build, series: Series, repairs: tuple[Repair, ...], parts: Parts, toolchain: Toolchain, *, jobs: int
) -> BuildPlan:
    """The steps from sources, SDK and build Python to `python.js` and `python.wasm`."""
    work = build_directory(parts.directory, series)
    emscripten = toolchain.sdk / "emscripten"
    scripts = tuple(name for repair in repairs for name in repair.pre_js)
    flags = {
        "CFLAGS": " ".join((*series.cflags, *(flag for repair in repairs for flag in repair.cflags))),
        "LDFLAGS": " ".join(flag for repair in repairs for flag in repair.ldflags),
        # For the program alone: LDFLAGS also link what configure tries, and extension modules.
        "LINKFORSHARED": " ".join(f"--pre-js {name}" for name in scripts),
    }
    linked = [library.digest for library in parts.linked]
    configure = Step(
        name="configure",
        title=f"configure for {build.target.id}",
        argv=(
            str(emscripten / "emconfigure"),
            *configure_command(build, series, repairs, parts),
        ),
        cwd=work,
        path=(emscripten,),  # configure asks `emcc -dumpversion` for the platform's name
        env=toolchain.environment
        | {"CONFIG_SITE": f"../../{parts.files.config_site}"}
        | ({} if build.target.in_memory else {"HOSTRUNNER": str(toolchain.node)})
        | {name: value for name, value in flags.items() if value}
        | {name: value for library in parts.linked for name, value in library.variables.items()},
        inputs=(parts.configure_digest, toolchain.digest, *linked),
        needs=INTERPRETER,
        outputs=(work / "config.status",),
        remembers=(work / "config.cache",),
        expected=400,
    )
    make = Step(
        name="make",
        title=f"make {series.program}",
        argv=(str(emscripten / "emmake"), "make", "-s", "all"),
        jobs=jobs,
        cwd=work,
        path=(emscripten,),
        env=toolchain.environment,
        inputs=(parts.source_digest, toolchain.digest, *linked),
        needs=MODULES,
        outputs=(work / series.program, work / "python.wasm", work / "pybuilddir.txt"),
        # make exports what stands on its command line: https://www.gnu.org/software/make/manual/html_node/Environment.html
        through_cache=(f"EM_COMPILER_WRAPPER={CACHE}",),
        compiler=toolchain.digest,
        expected=90,
    )
    steps = [link_sources(parts), *pre_js(scripts, series, parts, toolchain), configure, make]
    if parts.files.launcher:
        steps.append(launcher(series, parts))
    return BuildPlan(name=build.id, directory=parts.directory, steps=tuple(steps))


def pre_js(scripts: tuple[str, ...], series: Series, parts: Parts, toolchain: Toolchain) -> tuple[Step, ...]:
    """Put the scripts that repairs name where the program is linked: a name without a path has no blanks in it."""
    if not scripts:
        return ()
    work = build_directory(parts.directory, series)
    step = Step(
        name="pre-js",
        title=f"copy {', '.join(scripts)}",
        argv=("cp", *(str(toolchain.pre_js / name) for name in scripts), "."),
        cwd=work,
        inputs=(parts.pre_js_digest,),
        outputs=tuple(work / name for name in scripts),
        expected=1,
    )
    return (step,)


def launcher(series: Series, parts: Parts) -> Step:
    """Put the script that loads the program beside it, with what it imports, as upstream's build script does."""
    work = build_directory(parts.directory, series)
    files = parts.files.launcher
    return Step(
        name="launcher",
        title=f"copy {series.launcher}",
        argv=("cp", *(f"../../{file}" for file in files), "."),
        cwd=work,
        inputs=(parts.source_digest,),
        outputs=tuple(work / PurePosixPath(file).name for file in files),
        expected=1,
    )
