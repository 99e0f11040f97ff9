"""The WASI build, with CPython's own configure and its config.site, as Tools/wasm does it.

Python on WASI finds its library from the place of its executable and the *relative* path to the sources
that configure was given (`VPATH`), so the build directory is `cross-build/<host>` below a directory that
holds a link to every entry of the sources: the guest sees just that layout (`GuestLayout`).

Sources: Tools/wasm/wasi-env (3.11), Tools/wasm/wasi.py (3.13), and docs/wasi.md for what differs.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import msgspec

from harness.recipes import Plan, Step, jobs_flag
from matrix.model import Build, Repair, Series

LEFT_OUT = frozenset({".git", "cross-build", "builddir", "__pycache__"})
"""entries of a source tree that are not linked"""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Where the parts of a build lie, and their digests."""

    source: Path
    source_digest: str
    configure_digest: str
    """of those files of the sources that configure reads, so that an edited module is only made again"""
    entries: tuple[str, ...]
    """the names in the source tree's top directory"""
    sdk: Path
    sdk_digest: str
    python: Path
    """the build Python"""
    build_machine: str
    """configure's `--build`, such as x86_64-pc-linux-gnu"""
    directory: Path
    """the work directory"""


class GuestLayout(msgspec.Struct, frozen=True, kw_only=True):
    """What the guest sees: the sources at `/`, the build at `/cross-build/<host>`."""

    host: str
    series: str
    debug: bool

    @property
    def build(self) -> str:
        return f"/cross-build/{self.host}"

    @property
    def executable(self) -> str:
        return f"{self.build}/python.wasm"

    @property
    def platform_library(self) -> str:
        """Where the build's _sysconfigdata lies; upstream puts it on PYTHONPATH."""
        return f"{self.build}/build/lib.wasi-wasm32-{self.series}" + ("-pydebug" if self.debug else "")


def layout_of(build: Build, series: Series) -> GuestLayout:
    return GuestLayout(host=series.host, series=build.cpython.series, debug=build.debug)


def build_directory(directory: Path, series: Series) -> Path:
    return directory / "cross-build" / series.host


def plan(build: Build, series: Series, repairs: tuple[Repair, ...], parts: Parts, *, jobs: int) -> Plan:
    """The steps from sources, SDK and build Python to `python.wasm`."""
    work = build_directory(parts.directory, series)
    sdk = parts.sdk
    sysroot = sdk / "share/wasi-sysroot"
    names = sorted(name for name in parts.entries if name not in LEFT_OUT and not name.startswith("."))
    link = Step(
        name="link",
        title="lay out the sources",
        argv=("ln", "-sfn", "-t", str(parts.directory), *(str(parts.source / name) for name in names)),
        cwd=parts.directory,
        outputs=(parts.directory / "configure",),
        expected=1,
    )
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
        argv=(
            "../../configure",  # relative: see above
            "-q",
            "-C",
            f"--host={series.host}",
            f"--build={parts.build_machine}",
            f"--with-build-python={parts.python}",
            *(("--with-pydebug",) if build.debug else ()),
            *(flag for repair in repairs for flag in repair.configure),
        ),
        cwd=work,
        env=tools
        | {
            "CONFIG_SITE": "../../Tools/wasm/config.site-wasm32-wasi",
            "HOSTRUNNER": host_runner(layout_of(build, series), series, parts),
        }
        | ({"CFLAGS": cflags} if cflags else {}),
        inputs=(parts.configure_digest, parts.sdk_digest),
        outputs=(work / "config.status",),
        expected=65,
    )
    make = Step(
        name="make",
        title="make python.wasm",
        argv=("make", jobs_flag(jobs), "-s", "all"),
        cwd=work,
        env=tools,
        inputs=(parts.source_digest, parts.sdk_digest),
        outputs=(work / "python.wasm", work / "pybuilddir.txt"),
        expected=90,
    )
    return Plan(name=build.id, directory=parts.directory, steps=(link, configure, make))


def guest_tree(directory: Path) -> Path:
    """The tree that guests see: a copy of the sources with the build's small files inside."""
    return directory / "guest"


def copied(parts: Parts) -> tuple[str, ...]:
    """The entries of the sources that the guest's tree has."""
    return tuple(name for name in parts.entries if name not in LEFT_OUT and not name.startswith("."))


def host_runner(layout: GuestLayout, series: Series, parts: Parts) -> str:
    """The HOSTRUNNER of upstream's `make test`: wasmtime's CLI from PATH, with the guest's layout.

    Upstream maps the sources with the build inside; here a copy of them that looks the same.
    """
    words = ["wasmtime", "run", "--wasm", f"max-wasm-stack={series.wasm_stack}", "--wasi", "preview2"]
    words += ["--argv0", layout.executable, "--dir", f"{guest_tree(parts.directory)}::/"]
    return shlex.join([*words, "--env", f"PYTHONPATH={layout.platform_library}"])
