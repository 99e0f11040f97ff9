"""What a CPython tree says of its own builds: where the files lie that a build needs, and what the tree is pinned to.

The files moved between versions, also by backports, so each is looked for and no version is asked. From 3.15 on
`Platforms/*/config.toml` has what varies between versions.
See https://github.com/python/cpython/tree/main/Platforms.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from matrix.errors import Unobtainable
from matrix.model import SdkFamily, Series

_HOMES = {
    SdkFamily.WASI_SDK: ("Platforms/WASI", "Tools/wasm/wasi", "Tools/wasm"),
    SdkFamily.EMSCRIPTEN: ("Platforms/emscripten", "Tools/wasm/emscripten", "Tools/wasm"),
}
"""where upstream's script for a platform lies, newest place first"""
EMSCRIPTEN_CONFIG = "Platforms/emscripten/config.toml"
PIN_FILES = ("Platforms/WASI/config.toml", "Platforms/WASI/wasmtime.toml", EMSCRIPTEN_CONFIG)
"""what `pins_of` reads, besides upstream's script"""
_SITES = {
    SdkFamily.WASI_SDK: "config.site-wasm32-wasi",
    SdkFamily.EMSCRIPTEN: "config.site-wasm32-emscripten",
}
_IMPORTED = re.compile(r"""\bfrom\s*["']\./([\w.-]+)["']|\bimport\s*\(?\s*["']\./([\w.-]+)["']""")
"""a module that a launcher imports from beside itself; what the build makes is not among them"""
_BUILT = {"python.mjs", "python.js", "python.wasm"}

_TRIPLE = re.compile(r"""(?:^HOST_TRIPLE\s*=|"--host-triple",[^)]*?default=)\s*["'](wasm32-[\w-]+)["']""", re.MULTILINE)

T = TypeVar("T")


class LibraryPin(msgspec.Struct, frozen=True, kw_only=True):
    """A library that the tree wants to be linked with."""

    version: str
    url: str = ""
    """of upstream's archive; "" where the tree does not say"""
    sha256: str = ""


class Pins(msgspec.Struct, frozen=True, kw_only=True):
    """What a tree asks for; "" and empty where it says nothing."""

    sdk: str = ""
    """the version of the SDK, such as `34` or `6.0.10`"""
    host: str = ""
    """configure's `--host`"""
    node: str = ""
    """the major version of Node"""
    wasm_stack: int = 0
    """bytes; 0 where the tree does not say"""
    libraries: dict[str, LibraryPin] = {}


def pins_of(source: Path, family: SdkFamily) -> Pins:
    """What a tree's own configuration files ask for.

    Raises Unobtainable, with file and key, for a file that is malformed.
    """
    home = source / _HOMES[family][0]
    config = Table(home / "config.toml")
    if family is SdkFamily.EMSCRIPTEN:
        return Pins(
            sdk=config.get(str, "emscripten-version") or "",
            node=config.get(str, "node-version") or "",
            libraries=_libraries(config),
        )
    sdk = config.get(int, "targets", "wasi-sdk")
    return Pins(
        sdk=str(sdk) if sdk is not None else "",
        host=config.get(str, "targets", "host-triple") or _host_of_script(source),
        wasm_stack=Table(home / "wasmtime.toml").get(int, "wasm", "max-wasm-stack") or 0,
    )


def web_examples(tree: Path, build: Path) -> dict[str, Path]:
    """Where the sources of upstream's examples for the web are, by the names of those that a build has made.

    make puts an example's files into the build, but not every one: https://github.com/python/cpython/tree/main/Platforms
    """
    found: dict[str, Path] = {}
    for home in _HOMES[SdkFamily.EMSCRIPTEN]:
        for page in sorted((tree / home).glob("web_example*/index.html")):
            if (build / page.parent.name).is_dir():
                found.setdefault(page.parent.name, page.parent)
    return found


class BuildFiles(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a tree that a build names, as paths in the tree."""

    config_site: str
    """upstream's answers to configure for this platform"""
    launcher: tuple[str, ...] = ()
    """the script that loads the program, and every module that it imports from beside itself"""
    libffi_script: str = ""
    """upstream's script that compiles libffi; "" where the build is not linked with it"""


def fitted(series: Series, source: Path) -> Series:
    """A series with what a tree pins in place of what the data say. Raises Unobtainable as `pins_of` does."""
    pins = pins_of(source, series.sdk_family)
    return msgspec.structs.replace(
        series, host=pins.host or series.host, wasm_stack=pins.wasm_stack or series.wasm_stack
    )


def wanted_libraries(series: Series, source: Path) -> dict[str, LibraryPin]:
    """The libraries that a tree is to be linked with, by their names: as the tree pins them, else as the series does.

    Raises Unobtainable as `pins_of` does.
    """
    if not series.libraries:
        return {}
    pins = pins_of(source, series.sdk_family).libraries
    return {name: pins.get(name, LibraryPin(version=version)) for name, version in series.libraries.items()}


def build_files(series: Series, source: Path) -> BuildFiles:
    """Where a tree has the files that a build names.

    Raises Unobtainable, before anything is configured, for a file that the tree lacks.
    """
    family = series.sdk_family
    launcher = _found(source, family, series.launcher, "Node runs it") if series.launcher else ""
    script = _found(source, family, "make_libffi.sh", "it compiles libffi") if "libffi" in series.libraries else ""
    return BuildFiles(
        config_site=_found(source, family, _SITES[family], "configure reads upstream's answers from it"),
        launcher=launcher_files(source, launcher) if launcher else (),
        libffi_script=script,
    )


def launcher_files(source: Path, launcher: str) -> tuple[str, ...]:
    """A launcher and every module that it imports from beside itself, as paths in the tree.

    Raises Unobtainable for a module that is not there.
    """
    files, pending = [], [launcher]
    while pending:
        name = pending.pop()
        files.append(name)
        for found in _IMPORTED.finditer((source / name).read_text("utf-8", "replace")):
            module = found[1] or found[2]
            path = str(Path(name).parent / module)
            if module in _BUILT or path in files or path in pending:
                continue
            if not (source / path).is_file():
                raise Unobtainable(f"{source} has no {path}, which {name} imports", hint="is the tree complete?")
            pending.append(path)
    return tuple(files)


def _host_of_script(source: Path) -> str:
    """The host triple that upstream's script for WASI passes to configure; "" where there is no such script.

    Alphas of 3.13 do not know `wasm32-wasip1` yet: https://github.com/python/cpython/issues/121634.
    """
    for place in ("Tools/wasm/wasi/__main__.py", "Tools/wasm/wasi.py"):
        script = source / place
        if script.is_file() and (found := _TRIPLE.search(script.read_text("utf-8", "replace"))):
            return found[1]
    return ""


def _found(source: Path, family: SdkFamily, name: str, why: str) -> str:
    places = [f"{home}/{name}" for home in _HOMES[family]]
    for place in places:
        if (source / place).is_file():
            return place
    raise Unobtainable(
        f"{source} has no {name} ({why}): looked for {', '.join(places)}",
        hint="is it a CPython from 3.11 on? A newer CPython may have moved it: harness/build/tree.py has the places",
    )


def _libraries(config: Table) -> dict[str, LibraryPin]:
    found = {}
    for name in ("libffi", "mpdec"):
        for place in (("dependencies", name), (name,)):  # older trees have them at the top
            version = config.get(str, *place, "version")
            if version is None:
                continue
            url = (config.get(str, *place, "url") or "").replace("{version}", version)
            found[name] = LibraryPin(version=version, url=url, sha256=config.get(str, *place, "shasum") or "")
            break
    return found


class Table:
    """A TOML file of a tree, which may not be there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._value = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            self._value = {}
        except (OSError, ValueError, RecursionError) as exc:  # no UTF-8, no TOML, or nested too deeply
            raise Unobtainable(f"{path} cannot be read: {exc}", hint="repair the file, or check it out again") from None

    def get(self, kind: type[T], *keys: str) -> T | None:
        """A value by its path of keys; None when there is none. Raises Unobtainable when it is of another type."""
        value: object = self._value
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                return None
            value = value[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self._other(keys, value, "a string" if kind is str else "a whole number")
        return value

    def words(self, key: str) -> tuple[str, ...] | None:
        """A list of strings; None when there is none. Raises Unobtainable when it is something else."""
        value = self._value.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise self._other((key,), value, "a list of strings")
        return tuple(value)

    def _other(self, keys: Sequence[str], value: object, wanted: str) -> Unobtainable:
        return Unobtainable(
            f"{self._path}: {'.'.join(keys)} is {value!r}, not {wanted}",
            hint="the harness reads there what the tree wants to be built and tested with",
        )
