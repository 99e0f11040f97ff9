"""The versions from which on something happens."""

from __future__ import annotations

from msgspec.structs import replace

from reports.boundaries import Boundary, CellVersions, boundaries, versions_of
from tests.unit import made


def place(detail: str = "", **changes: str) -> CellVersions:
    return versions_of(replace(made.FACTS, **changes), detail)


def test_a_cell_has_the_versions_of_its_parts() -> None:
    found = place("clang 19.1.7 + wasi-libc 0.0~git20241209.574b88d")
    assert found.target == "wasi"
    assert found.versions == {
        "wasi-sdk": "24",
        "CPython": "3.13.5",
        "wasmtime": "50.0.1",
        "clang": "19.1.7",
        "wasi-libc": "20241209",
    }
    emscripten = place("emscripten 6.0.5+dfsg+~1.41.5, LLVM 21.1.8, binaryen 131").versions
    assert (emscripten["LLVM"], emscripten["binaryen"]) == ("21.1.8", "131")


def test_a_version_that_separates_cells_is_a_boundary() -> None:
    yes = [place(sdk_version="24"), place(sdk_version="33", cpython="3.11.2")]
    no = [place(sdk_version="16"), place(sdk_version="9", cpython="3.11.2")]
    assert boundaries(yes, no) == [Boundary(name="wasi-sdk", first="24", last="16", target="wasi")]
    assert str(boundaries(yes, no)[0]) == "from wasi-sdk 24 on (not with 16)"


def test_parts_of_a_composed_sdk_have_boundaries() -> None:
    yes = [place("clang 19.1.7 + wasi-libc 0.0~git20241209.a"), place("clang 16.0.6 + wasi-libc 0.0~git20240708.b")]
    no = [place("clang 19.1.7 + wasi-libc 0.0~git20220510.c")]
    assert [(one.name, one.first, one.last) for one in boundaries(yes, no)] == [("wasi-libc", "20240708", "20220510")]


def test_cells_that_are_mixed_have_no_boundary() -> None:
    assert boundaries([place(sdk_version="16")], [place(sdk_version="9"), place(sdk_version="33")]) == []
    assert boundaries([place()], []) == []


def test_other_targets_and_parts_are_not_compared() -> None:
    assert boundaries([place(target="node", sdk_version="33")], [place(sdk_version="16")]) == []
    assert boundaries([place(runtime="node", runtime_version="99")], [place()]) == []
