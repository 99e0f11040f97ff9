"""Whether a directory is what it should be: an SDK, CPython's sources, a port."""

from __future__ import annotations

import re
from pathlib import Path

from harness.machine.command import capture
from matrix.errors import MatrixError
from matrix.model import SdkFamily

_PARTS = {
    SdkFamily.WASI_SDK: ("bin/clang", "bin/llvm-ar", "share/wasi-sysroot"),
    SdkFamily.EMSCRIPTEN: (
        "emscripten/emcc",
        "emscripten/emscripten-version.txt",
        "bin/clang",
        "bin/wasm-ld",
        "bin/wasm-opt",
    ),
}


def sdk_root(family: SdkFamily, path: Path) -> Path:
    """Where an SDK's parts lie: an emsdk has them in `upstream/`, as it has in its release archive's `install/`."""
    if family is SdkFamily.EMSCRIPTEN:
        return next((path / name for name in ("upstream", "install") if (path / name).is_dir()), path)
    return path


def sdk_defect(family: SdkFamily, path: Path) -> str | None:
    """Why a directory cannot be an SDK of that family; None when it has all the parts and they fit."""
    if not path.is_dir():
        return "there is no such directory"
    root = sdk_root(family, path)
    missing = [part for part in _PARTS[family] if not (root / part).exists()]
    if missing:
        return f"{', '.join(missing)} not in it"
    return _misfit(root) if family is SdkFamily.EMSCRIPTEN else None


def _misfit(root: Path) -> str | None:
    """Why an Emscripten and the LLVM beside it do not belong together, by what Emscripten itself expects."""
    shared = root / "emscripten/tools/shared.py"
    text = shared.read_text("utf-8", "replace") if shared.is_file() else ""
    expected = re.search(r"^EXPECTED_LLVM_VERSION = (\d+)", text, re.MULTILINE)
    if expected is None:
        return None  # before 3.1.8 it was written otherwise
    try:
        said = capture([str(root / "bin/clang"), "--version"], timeout=60)
    except MatrixError as exc:
        return f"its clang does not run: {exc}"
    found = re.search(r"clang version (\d+)", said)
    if found and found[1] != expected[1]:
        return f"this Emscripten wants LLVM {expected[1]}, and its clang is of LLVM {found[1]}"
    return None


def sdk_version(family: SdkFamily, path: Path) -> str | None:
    """The version that an SDK says it is: a WASI SDK by its VERSION file or its name, an Emscripten by its own."""
    root = sdk_root(family, path)
    if family is SdkFamily.EMSCRIPTEN:
        text = root / "emscripten/emscripten-version.txt"
        match = re.match(r'"?(\d+\.\d+\.\d+)', text.read_text("utf-8", "replace")) if text.is_file() else None
        return match[1] if match else None
    first = ""
    if (path / "VERSION").is_file():
        first = (path / "VERSION").read_text("utf-8", "replace").partition("\n")[0].strip()
    match = re.match(r"(?:wasi-sdk[ -])?(\d+)(?:\.\d+)*", first) or re.search(
        r"wasi-sdk-(\d+)(?:\.\d+)?", path.resolve().name
    )
    return match[1] if match else None


def source_defect(directory: Path) -> str | None:
    """Why a directory cannot be CPython's sources; None when it can."""
    return None if (directory / "configure").is_file() else "there is no `configure` in it"


def port_defect(directory: Path) -> str | None:
    """Why a directory cannot be the sources of a C library; None when it can."""
    return None if any(directory.glob("*.c")) else "there are no C files in it"
