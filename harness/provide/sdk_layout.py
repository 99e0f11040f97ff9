"""What the directory of an SDK looks like: which files make it one, its version, its usual place."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from harness.machine.command import ask
from harness.machine.paths import unusable
from matrix.errors import MatrixError, UsageError
from matrix.model import SdkFamily


class SdkLayout(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of every SDK of a family."""

    title: str
    parts: tuple[str, ...]
    """files and directories that an SDK must have, below its root"""
    roots: tuple[str, ...] = ()
    """subdirectories that may be the root; else the directory itself is"""
    variable: str
    """the environment variable in which CPython's Tools/wasm or Emscripten's own tools look for an SDK"""
    usual_place: Path
    directory_hint: str
    """which directory a user should name"""
    version_hint: str
    """where the SDK states its version"""


LAYOUTS = {
    SdkFamily.WASI_SDK: SdkLayout(
        title="a WASI SDK",
        parts=("bin/clang", "bin/llvm-ar", "share/wasi-sysroot"),
        variable="WASI_SDK_PATH",
        usual_place=Path("/opt/wasi-sdk"),
        directory_hint="name the directory that contains bin/clang",
        version_hint="a WASI SDK states it in the first line of its VERSION file; write it there (`24.0`)",
    ),
    SdkFamily.EMSCRIPTEN: SdkLayout(
        title="an Emscripten SDK",
        parts=("emscripten/emcc", "emscripten/emscripten-version.txt", "bin/clang", "bin/wasm-ld", "bin/wasm-opt"),
        roots=("upstream", "install"),  # in an emsdk; in a release archive
        variable="EMSDK",
        usual_place=Path("/opt/emsdk"),
        directory_hint="name an activated emsdk, or the directory that contains emscripten/emcc",
        version_hint="an Emscripten states it in emscripten/emscripten-version.txt",
    ),
}


def family_of(path: Path) -> SdkFamily:
    """The family that a directory belongs to if it is an SDK: Emscripten when anything of Emscripten is in it."""
    traces = ("emscripten", "upstream", "install", "emsdk.py", "emcc")
    return SdkFamily.EMSCRIPTEN if any((path / name).exists() for name in traces) else SdkFamily.WASI_SDK


def usual_directory(family: SdkFamily) -> Path | None:
    """`$WASI_SDK_PATH` or `$EMSDK`, else the usual place below /opt if it exists.

    Raises UsageError when the variable names a directory that does not exist, or in which no build works.
    """
    layout = LAYOUTS[family]
    if path := os.environ.get(layout.variable):
        if not Path(path).is_dir():
            raise UsageError(
                f"${layout.variable} names {path}, and there is no such directory",
                hint=f"set it to the directory of {layout.title}, or unset it",
            )
        if reason := unusable_place(family, Path(path)):
            raise UsageError(f"${layout.variable} names {path}: {reason}", hint="move the SDK, or unset the variable")
        return Path(path)
    return layout.usual_place if layout.usual_place.is_dir() else None


def sdk_root(family: SdkFamily, path: Path) -> Path:
    """The directory within `path` that contains the SDK's parts."""
    return next((path / name for name in LAYOUTS[family].roots if (path / name).is_dir()), path)


def unusable_place(family: SdkFamily, path: Path) -> str | None:
    """Why no build works with an SDK in that directory, whatever is in it; None when that is no obstacle.

    A link to it helps a WASI SDK only: emconfigure, seen in 3.1.69 and 6.0.5, names the compiler by its real path.
    """
    if family is SdkFamily.WASI_SDK:
        return None
    real = sdk_root(family, path).resolve()
    if reason := unusable(path):
        return reason
    return f"it is really {real}: {reason}" if (reason := unusable(real)) else None


def sdk_defect(family: SdkFamily, path: Path) -> str | None:
    """Why a directory cannot be an SDK of that family; None when all its parts are there and fit together."""
    if not path.is_dir():
        return "there is no such directory"
    if reason := unusable_place(family, path):
        return reason
    if missing := missing_parts(family, path):
        return f"{', '.join(missing)} not in it"
    return _llvm_mismatch(sdk_root(family, path)) if family is SdkFamily.EMSCRIPTEN else None


def missing_parts(family: SdkFamily, path: Path) -> list[str]:
    """The parts of an SDK that are not in a directory."""
    root = sdk_root(family, path)
    return [part for part in LAYOUTS[family].parts if not (root / part).exists()]


def _llvm_mismatch(root: Path) -> str | None:
    """Why an Emscripten and the LLVM beside it do not fit together, by the version that Emscripten expects."""
    shared = root / "emscripten/tools/shared.py"
    text = shared.read_text("utf-8", "replace") if shared.is_file() else ""
    expected = re.search(r"^EXPECTED_LLVM_VERSION = (\d+)", text, re.MULTILINE)
    if expected is None:
        return None  # Emscripten before 3.1.8 does not state it as a number
    try:
        output = ask([str(root / "bin/clang"), "--version"])
    except MatrixError as exc:
        return f"its clang does not run: {exc}"
    found = re.search(r"clang version (\d+)", output)
    if found and found[1] != expected[1]:
        return f"this Emscripten wants LLVM {expected[1]}, but its clang is from LLVM {found[1]}"
    return None


def sdk_version(family: SdkFamily, path: Path) -> str | None:
    """The version that an SDK states, or None: `24` for a WASI SDK, `3.1.69` for an Emscripten."""
    match family:
        case SdkFamily.WASI_SDK:
            return _wasi_sdk_version(path)
        case SdkFamily.EMSCRIPTEN:
            return _emscripten_version(sdk_root(family, path))


def _wasi_sdk_version(path: Path) -> str | None:
    """The major version: from the first line of VERSION, else from the directory's name."""
    first_line = _text(path / "VERSION").partition("\n")[0].strip()
    match = re.match(r"(?:wasi-sdk[ -])?(\d+)(?:\.\d+)*", first_line)
    match = match or re.search(r"wasi-sdk-(\d+)(?:\.\d+)?", path.resolve().name)
    return match[1] if match else None


def _emscripten_version(root: Path) -> str | None:
    match = re.match(r'"?(\d+\.\d+\.\d+)', _text(root / "emscripten/emscripten-version.txt"))
    return match[1] if match else None


def _text(path: Path) -> str:
    """A file's text; "" when there is no such file."""
    return path.read_text("utf-8", "replace") if path.is_file() else ""
