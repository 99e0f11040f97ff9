"""A WASI SDK composed from the distribution's packages."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from harness.machine.store import Store
from harness.provide.apt import Suite, choose, current
from harness.provide.composed import ComposedSdk, Parts, copy_libraries
from matrix.archives import ComposedWasi
from matrix.model import SdkFamily

_LIBRARIES = re.compile(r"^(lib(edit|xml2|icu|z3|bsd|md|tinfo|zstd|lzma|ffi)|zlib)")
"""the libraries of clang and lld that a machine with gcc may lack (it has libc, libstdc++ and libgcc_s)"""
_CLANG = "clang"
_LIBC = "wasi-libc"

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
_WRAPPER = """\
#!/bin/sh
# Made by the harness: the tool lies in llvm/ together with the libraries that it needs.
# {sdk}
sdk=${{0%/bin/*}}
LD_LIBRARY_PATH=$sdk/llvm/lib exec "$sdk/llvm/bin/{tool}"{defaults} "$@"
"""
"""a tool in `bin/`; it names its SDK because sccache identifies a compiler by the bytes of its file"""


class ComposedWasiSdk(ComposedSdk):
    """The distribution's clang, lld, compiler-rt and wasi-libc in the layout of a WASI SDK release.

    The tools are in `llvm/`, with the libraries that they need. `bin/` has a small script for each tool; those of the
    compilers default to the WASI target and the sysroot, as the compilers of a release do.
    """

    family = SdkFamily.WASI_SDK

    def __init__(self, item: str, version: str, composed: ComposedWasi, *, released_libc: str = "") -> None:
        """`released_libc` is the wasi-libc of upstream's release, as in `Sdk.wasi_libc`."""
        super().__init__(item, {_CLANG: composed.version, _LIBC: composed.libc.version}, day=composed.libc.seen)
        self._version = version
        self._composed = composed
        self._released_libc = released_libc

    def _content_key(self) -> str:
        return "\0".join([self._parts[_CLANG], self._parts[_LIBC], self._composed.triple, str(_WRAPPED), _WRAPPER])

    def _suite_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self._composed.suites, self._composed.libc.suite]))

    def _detail(self) -> str:
        return f"clang {self._parts[_CLANG]} + wasi-libc {self._parts[_LIBC]}"

    def _notes(self) -> tuple[str, ...]:
        libc, released = self._parts[_LIBC], self._released_libc
        text = f"{self._item}: composed of clang {self._parts[_CLANG]} and wasi-libc {_day_of(libc)}"
        if released and not libc.endswith(f"git{released}"):
            text += f", where the release has wasi-libc {_day_of(released)}"
        gone = [f"{part} {_day_of(old)}" for part, old in self._wanted.items() if self._parts[part] != old]
        if gone:
            text += f"; the archive no longer has {' and '.join(gone)}"
        return (text,)

    def _current(self, store: Store) -> Parts:
        composed = self._composed
        clang = current(self._suites(store, composed.suites), f"clang-{composed.llvm}", self._wanted[_CLANG])
        libc = current(self._suites(store, [composed.libc.suite]), composed.libc.name, self._wanted[_LIBC])
        return {_CLANG: clang, _LIBC: libc}

    def _packages(self, store: Store) -> dict[Suite, list[str]]:
        llvm = self._composed.llvm
        tools = [f"{name}-{llvm}" for name in ("clang", "lld", "llvm")]
        tools += [f"{name}{llvm}" for name in ("libclang-cpp", "libllvm")]
        tools += [f"libclang-common-{llvm}-dev", f"libclang-rt-{llvm}-dev-wasm32"]
        wanted = dict.fromkeys(tools, self._parts[_CLANG])
        suites = self._suites(store, self._composed.suites)
        for suite in suites:
            for library in suite.needed_by(list(wanted), _LIBRARIES):
                wanted.setdefault(library, "")
        packages = choose(suites, wanted)
        libc = self._composed.libc
        for suite, names in choose(self._suites(store, [libc.suite]), {libc.name: self._parts[_LIBC]}).items():
            packages[suite] = names
        return packages

    def _arrange(self, root: Path, sdk: Path, final: Path) -> None:
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
            copy_libraries(place, libraries)
        shutil.copytree(prefix / "lib/clang", libraries / "clang", ignore_dangling_symlinks=True)

        (sdk / "lib").mkdir()
        (sdk / "lib/clang").symlink_to("../llvm/lib/clang")
        for builtins in libraries.glob("clang/*/lib/wasi/libclang_rt.builtins-wasm32.a"):
            for triple in ("wasm32-unknown-wasi", "wasm32-unknown-wasip1"):
                # Clang looks here since LLVM 17: https://reviews.llvm.org/D159292
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
            triple = self._composed.triple if name in _COMPILERS else ""
            defaults = f' --target={triple} "--sysroot=$sdk/share/wasi-sysroot"' if triple else ""
            command = bin_ / name
            command.write_text(_WRAPPER.format(sdk=self._detail(), tool=name, defaults=defaults))
            command.chmod(0o755)
        for name, tool in _ALIASES.items():
            (bin_ / name).symlink_to(tool)
        (sdk / "VERSION").write_text(
            f"{self._version}.0\ncomposed-from: clang {self._parts[_CLANG]}, wasi-libc {self._parts[_LIBC]}\n"
        )


def _day_of(version: str) -> str:
    """The day in a version of wasi-libc, such as `0.0~git20260423.161b319`: its releases have no numbers."""
    match = re.search(r"(\d{4})(\d{2})(\d{2})\.", version)
    return "-".join(match.groups()) if match else version
