"""What a tree says of its own builds, in the layouts that CPython has had."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build.tree import LibraryPin, Pins, build_files, fitted, pins_of, wanted_libraries
from matrix.errors import Unobtainable
from matrix.load import load
from matrix.model import Build, CPython, SdkFamily, Series

CONFIG = """
emscripten-version = "6.0.10"
node-version = "24"
test-args = ["-m", "test"]

[{place}libffi]
url = "https://example.org/libffi-{{version}}.tar.gz"
version = "3.4.6"
shasum = "abc"
"""


def put(tree: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tree


def series(family: SdkFamily, *, launcher: bool = False) -> Series:
    return next(one for one in load().series if one.sdk_family is family and bool(one.launcher) is launcher)


@pytest.mark.parametrize("home", ["Tools/wasm", "Tools/wasm/wasi", "Platforms/WASI"])
def test_config_site_is_found_where_each_version_has_it(tmp_path: Path, home: str) -> None:
    tree = put(tmp_path, {f"{home}/config.site-wasm32-wasi": ""})
    assert build_files(series(SdkFamily.WASI_SDK), tree).config_site == f"{home}/config.site-wasm32-wasi"


def test_the_newest_place_wins(tmp_path: Path) -> None:
    tree = put(tmp_path, {f"{home}/config.site-wasm32-wasi": "" for home in ("Tools/wasm", "Platforms/WASI")})
    assert build_files(series(SdkFamily.WASI_SDK), tree).config_site == "Platforms/WASI/config.site-wasm32-wasi"


def test_a_missing_config_site_is_named_with_the_places(tmp_path: Path) -> None:
    with pytest.raises(Unobtainable, match=r"no config\.site-wasm32-wasi .*Platforms/WASI/.*Tools/wasm/wasi/"):
        build_files(series(SdkFamily.WASI_SDK), tmp_path)


def test_the_pins_of_wasi_are_read(tmp_path: Path) -> None:
    tree = put(
        tmp_path,
        {
            "Platforms/WASI/config.toml": '[targets]\nwasi-sdk = 34\nhost-triple = "wasm32-wasip1"\n',
            "Platforms/WASI/wasmtime.toml": "[wasm]\nmax-wasm-stack = 33_554_432\n",
            "Platforms/WASI/config.site-wasm32-wasi": "",
        },
    )
    assert pins_of(tree, SdkFamily.WASI_SDK) == Pins(sdk="34", host="wasm32-wasip1", wasm_stack=32 << 20)
    found = fitted(series(SdkFamily.WASI_SDK), tree)
    assert (found.host, found.wasm_stack) == ("wasm32-wasip1", 32 << 20)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    ("version", "config", "stack"),
    [
        ("3.13.5", "", 8 << 20),  # Tools/wasm/wasi.py: "Make sure the stack size will work for a pydebug build"
        ("3.14.0rc1", "", 16 << 20),  # Tools/wasm/wasi/__main__.py, with the same words
        # Platforms/WASI/wasmtime.toml: "big enough for the test suite to pass under a debug build"
        ("3.16.0a2", "[wasm]\nmax-wasm-stack = 33_554_432\n", 32 << 20),
        ("3.14.7", "[wasm]\nmax-wasm-stack = 33_554_432\n", 32 << 20),  # backported
    ],
)
def test_a_build_has_the_stack_that_upstream_gives_debug_builds(
    tmp_path: Path, version: str, config: str, stack: int, debug: bool
) -> None:
    tree = put(tmp_path, {"Platforms/WASI/wasmtime.toml": config} if config else {})
    matrix = load()
    wasi = next(target for target in matrix.targets if target.id == "wasi")
    sdk = next(sdk for sdk in matrix.sdks if sdk.id == wasi.defaults.sdk)
    build = Build(target=wasi, sdk=sdk, cpython=CPython(version=version), debug=debug)
    usual = matrix.series_of(build)
    assert usual is not None
    assert fitted(usual, tree).wasm_stack == stack


@pytest.mark.parametrize("place", ["", "dependencies."])
def test_the_pins_of_emscripten_are_read_in_both_forms(tmp_path: Path, place: str) -> None:
    tree = put(tmp_path, {"Platforms/emscripten/config.toml": CONFIG.format(place=place)})
    libffi = LibraryPin(version="3.4.6", url="https://example.org/libffi-3.4.6.tar.gz", sha256="abc")
    assert pins_of(tree, SdkFamily.EMSCRIPTEN) == Pins(sdk="6.0.10", node="24", libraries={"libffi": libffi})


@pytest.mark.parametrize("family", list(SdkFamily))
def test_a_tree_without_pins_asks_for_nothing(tmp_path: Path, family: SdkFamily) -> None:
    assert pins_of(tmp_path, family) == Pins()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("targets = [", "cannot be read"),
        ('[targets]\nwasi-sdk = "34"\n', r"targets\.wasi-sdk is '34', not a whole number"),
        ("[targets]\nwasi-sdk = true\n", r"targets\.wasi-sdk is True"),
        ("[targets]\nhost-triple = 1\n", r"targets\.host-triple is 1, not a string"),
    ],
)
def test_a_malformed_config_is_named_with_its_key(tmp_path: Path, text: str, said: str) -> None:
    tree = put(tmp_path, {"Platforms/WASI/config.toml": text})
    with pytest.raises(Unobtainable, match=rf"Platforms/WASI/config\.toml.*{said}"):
        pins_of(tree, SdkFamily.WASI_SDK)


@pytest.mark.parametrize("home", ["Tools/wasm/emscripten", "Platforms/emscripten"])
def test_a_launcher_is_found_with_what_it_imports(tmp_path: Path, home: str) -> None:
    texts = {
        "config.site-wasm32-emscripten": "",
        "make_libffi.sh": "",
        "node_entry.mjs": 'import EmscriptenModule from "./python.mjs";\nimport { init } from "./streams.mjs";\n',
        "streams.mjs": "export * from './deeper.mjs';",
        "deeper.mjs": "",
    }
    tree = put(tmp_path, {f"{home}/{name}": text for name, text in texts.items()})
    assert build_files(series(SdkFamily.EMSCRIPTEN, launcher=True), tree).launcher == tuple(
        f"{home}/{name}" for name in ("node_entry.mjs", "streams.mjs", "deeper.mjs")
    )


def test_a_module_that_the_launcher_imports_and_the_tree_lacks_is_named(tmp_path: Path) -> None:
    home = "Platforms/emscripten"
    texts = {
        "config.site-wasm32-emscripten": "",
        "make_libffi.sh": "",
        "node_entry.mjs": 'import { init } from "./streams.mjs";\n',
    }
    tree = put(tmp_path, {f"{home}/{name}": text for name, text in texts.items()})
    with pytest.raises(Unobtainable, match=r"no Platforms/emscripten/streams\.mjs, which .*node_entry\.mjs imports"):
        build_files(series(SdkFamily.EMSCRIPTEN, launcher=True), tree)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("Tools/wasm/wasi.py", 'HOST_TRIPLE = "wasm32-wasi"\n'),
        ("Tools/wasm/wasi.py", 'x.add_argument("--host-triple", action="store", default="wasm32-wasi",\n help="")'),
        ("Tools/wasm/wasi/__main__.py", "HOST_TRIPLE = 'wasm32-wasi'\n"),
    ],
)
def test_the_host_of_wasi_is_the_one_of_upstream_s_script(tmp_path: Path, place: str, text: str) -> None:
    tree, wasi = put(tmp_path, {place: text}), series(SdkFamily.WASI_SDK)
    assert fitted(wasi, tree) == replace(wasi, host="wasm32-wasi")


def test_a_script_without_a_host_says_nothing(tmp_path: Path) -> None:
    tree = put(tmp_path, {"Tools/wasm/wasi.py": "# HOST_TRIPLE, wasm32-wasi\n"})
    assert pins_of(tree, SdkFamily.WASI_SDK) == Pins()


# --- libraries


@pytest.mark.parametrize("home", ["Tools/wasm/emscripten", "Platforms/emscripten"])
def test_upstream_s_script_for_libffi_is_found(tmp_path: Path, home: str) -> None:
    names = ("config.site-wasm32-emscripten", "node_entry.mjs", "make_libffi.sh")
    tree = put(tmp_path, {f"{home}/{name}": "" for name in names})
    assert build_files(series(SdkFamily.EMSCRIPTEN, launcher=True), tree).libffi_script == f"{home}/make_libffi.sh"


def test_a_missing_script_for_libffi_is_named_where_it_is_needed(tmp_path: Path) -> None:
    names = ("config.site-wasm32-emscripten", "node_entry.mjs")
    tree = put(tmp_path, {f"Platforms/emscripten/{name}": "" for name in names})
    with pytest.raises(Unobtainable, match=r"no make_libffi\.sh \(it compiles libffi\)"):
        build_files(series(SdkFamily.EMSCRIPTEN, launcher=True), tree)
    assert build_files(series(SdkFamily.EMSCRIPTEN), tree).libffi_script == ""


def test_the_libraries_are_those_of_the_series_unless_the_tree_pins_others(tmp_path: Path) -> None:
    one = replace(series(SdkFamily.EMSCRIPTEN, launcher=True), libraries={"libffi": "3.0", "mpdec": "4.0.1"})
    mpdec = LibraryPin(version="4.0.1")
    assert wanted_libraries(one, tmp_path) == {"libffi": LibraryPin(version="3.0"), "mpdec": mpdec}
    put(tmp_path, {"Platforms/emscripten/config.toml": CONFIG.format(place="dependencies.")})
    pinned = LibraryPin(version="3.4.6", url="https://example.org/libffi-3.4.6.tar.gz", sha256="abc")
    assert wanted_libraries(one, tmp_path) == {"libffi": pinned, "mpdec": mpdec}


@pytest.mark.parametrize("family", list(SdkFamily))
def test_no_cpython_before_3_14_is_linked_with_libraries(tmp_path: Path, family: SdkFamily) -> None:
    put(tmp_path, {"Platforms/emscripten/config.toml": CONFIG.format(place="dependencies.")})
    for one in load().series:
        older = any(one.cpython.matches("cpython", version) for version in ("3.11.2", "3.12.0", "3.13.5"))
        if one.sdk_family is family and (older or family is SdkFamily.WASI_SDK):
            assert wanted_libraries(one, tmp_path) == {}
