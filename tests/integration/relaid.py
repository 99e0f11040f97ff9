"""CPython 3.13's sources laid out as later versions have them: layouts can be tested on every machine."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

MAIN = "3.16.0a0+"
CONFIG = {
    "Platforms/WASI/config.toml": '[targets]\nwasi-sdk = 24\nhost-triple = "wasm32-wasip1"\n',
    "Platforms/WASI/wasmtime.toml": "[wasm]\nmax-wasm-stack = 33_554_432\n",
    "Platforms/emscripten/config.toml": 'emscripten-version = "6.0.5"\nnode-version = "24"\n',
}
LIBFFI = """\
export CFLAGS="-O2 -fPIC -DWASM_BIGINT"
emconfigure ./configure --host=wasm32-unknown-linux --prefix="$PREFIX" --enable-static --disable-shared \\
  --disable-dependency-tracking --disable-builddir --disable-multi-os-directory --disable-raw-api --disable-docs
make install
"""
"""what make_libffi.sh of CPython 3.14 does; no source package of a CPython that has it was there to be used"""
ONE_BUILD = {
    "    EXEEXT=.js ;;": "    EXEEXT=.mjs ;;",
    " --preload-file=\\$(WASM_ASSETS_DIR)": " -sEXPORTED_RUNTIME_METHODS=FS,callMain -sEXIT_RUNTIME -sSTACK_SIZE=5MB",
    "$(WASM_STDLIB) python.html python.worker.js": "",
    "    TEST_MODULES=no ;;": "    TEST_MODULES=yes ;;",
}
"""What 3.13's configure says of a build for browsers, and what makes of it the build that 3.14 has for all targets.

That is a module of JavaScript, without a library, with the modules for tests.
"""


def as_main(source: Path, target: Path) -> Path:
    """The sources as main has them: `Platforms/`, its configuration files, a version that is not released.

    The tree keeps its place and the times of what did not change, so that make finds its earlier work.
    """
    _copied(source, target)
    for platform, home in (("wasi", "WASI"), ("emscripten", "emscripten")):
        _move(target, f"config.site-wasm32-{platform}", f"Platforms/{home}")
    for name, text in CONFIG.items():
        _write(target / name, text)
    _rename_version(target, MAIN)
    return target


def as_314(source: Path, target: Path) -> Path:
    """The sources as 3.14 has them: a folder for each platform in `Tools/wasm`, the version of a candidate."""
    _copied(source, target)
    for platform in ("wasi", "emscripten"):
        _move(target, f"config.site-wasm32-{platform}", f"Tools/wasm/{platform}")
    _rename_version(target, "3.14.0rc1")
    return target


def as_314_for_emscripten(source: Path, target: Path) -> Path:
    """The sources as 3.14 has them, with its one Emscripten build. The tree keeps its place and the times of files."""
    as_314(source, target)
    home = target / "Tools/wasm/emscripten"
    _write(home / "make_libffi.sh", LIBFFI)
    _write(home / "node_entry.mjs", 'import create from "./python.mjs";\nawait create();\n')
    text = (target / "configure").read_text()
    if "EXEEXT=.mjs" in text:
        return target  # laid out by an earlier session
    for old, new in ONE_BUILD.items():
        assert old in text, old
        text = text.replace(old, new)
    _write(target / "configure", text)
    return target


def _copied(source: Path, target: Path) -> None:
    if not target.exists():
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("Doc", "__pycache__"))


def _move(tree: Path, name: str, home: str) -> None:
    (tree / home).mkdir(parents=True, exist_ok=True)
    if (tree / "Tools/wasm" / name).exists():
        (tree / "Tools/wasm" / name).rename(tree / home / name)


def _rename_version(tree: Path, version: str) -> None:
    minor = version.split(".")[1]
    header = tree / "Include/patchlevel.h"
    text = re.sub(r"(#define PY_MINOR_VERSION\s+)\d+", rf"\g<1>{minor}", header.read_text())
    _write(header, re.sub(r'(#define PY_VERSION\s+)"[^"]+"', rf'\g<1>"{version}"', text))
    configure = tree / "configure"
    _write(
        configure, re.sub(r"^((?:PACKAGE_)?VERSION=)'?3\.\d+'?$", rf"\g<1>3.{minor}", configure.read_text(), flags=re.M)
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
