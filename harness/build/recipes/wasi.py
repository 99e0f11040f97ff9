"""The WASI build, with CPython's own configure and its config.site, as Tools/wasm does it.

Sources: Tools/wasm/wasi-env (3.11), Tools/wasm/wasi.py (3.13), and docs/explanation/wasi.md for what differs.
"""

from __future__ import annotations

import shlex

from harness.build.recipes.layout import (
    GuestLayout,
    Parts,
    build_directory,
    configure_command,
    guest_tree,
    layout_of,
    link_sources,
)
from harness.build.recipes.native import INTERPRETER, MODULES
from harness.build.step import CACHE, BuildPlan, Step
from matrix.model import Build, Series
from matrix.rules import Repair

NO_DATE = "0"
"""1970-01-01, in seconds since the epoch: what `sys.version` has as the date of every build"""


def plan(build: Build, series: Series, repairs: tuple[Repair, ...], parts: Parts, *, jobs: int) -> BuildPlan:
    """The steps from sources, SDK and build Python to `python.wasm`."""
    work = build_directory(parts.directory, series)
    sdk = parts.sdk
    sysroot = sdk / "share/wasi-sysroot"
    cflags = " ".join(flag for repair in repairs for flag in repair.cflags)
    tools = {
        "CC": f"{sdk}/bin/clang --sysroot={sysroot}",
        "CPP": f"{sdk}/bin/clang-cpp --sysroot={sysroot}",
        "CXX": f"{sdk}/bin/clang++ --sysroot={sysroot}",
        "AR": f"{sdk}/bin/llvm-ar",
        "RANLIB": f"{sdk}/bin/ranlib",
        "WASI_SDK_PATH": str(sdk),
        "WASI_SYSROOT": str(sysroot),
        "PKG_CONFIG_PATH": "",
        "PKG_CONFIG_LIBDIR": f"{sysroot}/lib/pkgconfig:{sysroot}/share/pkgconfig",
        "PKG_CONFIG_SYSROOT_DIR": str(sysroot),
    }
    configure = Step(
        name="configure",
        title=f"configure for {series.host}",
        argv=configure_command(build, series, repairs, parts),
        cwd=work,
        env=tools
        | {
            "CONFIG_SITE": f"../../{parts.files.config_site}",
            "HOSTRUNNER": host_runner(layout_of(build, series), series, parts),
        }
        | ({"CFLAGS": cflags} if cflags else {}),
        inputs=(parts.configure_digest, parts.sdk_digest),
        needs=INTERPRETER,
        outputs=(work / "config.status",),
        remembers=(work / "config.cache",),
        expected=65,
    )
    # What is linked says when it was compiled, and so would differ each time, though nothing else does.
    # https://reproducible-builds.org/specs/source-date-epoch/ (clang reads it from version 16 on)
    dated = {"SOURCE_DATE_EPOCH": NO_DATE}
    date = Step(
        name="date",
        title="forget the object that holds the date",  # make keeps it when only the variable changes
        argv=("rm", "-f", "Modules/getbuildinfo.o"),
        cwd=work,
        env=dated,
        expected=1,
    )
    make = Step(
        name="make",
        title="make python.wasm",
        argv=("make", "-s", "all"),
        jobs=jobs,
        cwd=work,
        env=tools | dated,
        inputs=(parts.make_digest, parts.sdk_digest),
        needs=MODULES,
        outputs=(work / "python.wasm", work / "pybuilddir.txt"),
        through_cache=(f"CC={CACHE} {tools['CC']}",),
        compiler=parts.sdk_digest,
        expected=90,
    )
    return BuildPlan(name=build.id, directory=parts.directory, steps=(link_sources(parts), configure, date, make))


def host_runner(layout: GuestLayout, series: Series, parts: Parts) -> str:
    """The HOSTRUNNER of upstream's `make test`: wasmtime's CLI from PATH, with the guest's layout.

    Upstream maps the sources with the build inside; this maps the guests' tree, which looks the same.
    """
    words = ["wasmtime", "run", "--wasm", f"max-wasm-stack={series.wasm_stack}", "--wasi", "preview2"]
    words += ["--argv0", layout.executable, "--dir", f"{guest_tree(parts.directory)}::/"]
    # As upstream's script guesses it: the build that knows the name comes later. Only `make test` uses it.
    library = f"{layout.build}/build/lib.wasi-wasm32-{layout.series}"
    return shlex.join([*words, "--env", f"PYTHONPATH={library}"])
