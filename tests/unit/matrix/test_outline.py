"""The names that `nox -l` lists are the cells that the harness runs, and reading them needs nothing but nox."""

from __future__ import annotations

import ast
import shutil
import sys
from pathlib import Path

import pytest

from matrix.errors import ConfigError
from matrix.expand import expand
from matrix.load import DATA, load
from matrix.outline import CellName, plain_cells, usual_cells
from matrix.select import of_options

TOP = Path(__file__).parents[3]
EVERY_AXIS = """
[[exclusion]]
when = { target = ["wasi"], sdk = ["wasi-sdk>=20"], cpython = ["3.13"], runtime = ["wasmtime==50.*"] }
reason = "made up"

[[exclusion]]
when = { sdk = ["wasi-sdk-16"], options = ["debug"] }
reason = "made up"

[[exclusion]]
when = { sdk = ["wasi-sdk-24"], options = ["plain", "debug"], runtime = ["wasmtime-cli"] }
reason = "made up"
"""


def expanded(directory: Path = DATA) -> list[CellName]:
    return [
        CellName(cell.build.target.id, cell.build.sdk.id, cell.build.cpython.id, cell.runtime.id)
        for cell in of_options(expand(load(directory))).cells
    ]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def test_the_names_are_those_of_the_plain_cells_in_the_same_order() -> None:
    assert plain_cells() == expanded()


def test_an_exclusion_may_name_any_axis(data: Path) -> None:
    rules = data / "rules.toml"
    rules.write_text(rules.read_text() + EVERY_AXIS)
    names = plain_cells(data)
    assert names == expanded(data)
    assert len(names) < len(plain_cells())


def test_a_cpython_outside_every_series_has_no_cells(data: Path) -> None:
    cpythons = data / "cpythons.toml"
    cpythons.write_text(cpythons.read_text() + '\n[[cpython]]\nversion = "3.2.1"\n')
    assert plain_cells(data) == expanded(data) == expanded()


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("sdks.toml", "[[sdk]\n", "sdks.toml: not TOML: "),
        ("runtimes.toml", '[[runtime]]\nname = "wasmtime"\n', "KeyError('version')"),
        ("rules.toml", '[[exclusion]]\nwhen = { sdk = ["<"] }\n', "'<' is not a version range"),
        ("rules.toml", '[[exclusion]]\nwhen = { compiler = ["clang"] }\n', "KeyError('compiler')"),
        ("targets.toml", 'target = "wasi"\n', "TypeError"),
    ],
)
def test_data_that_make_no_cells_are_an_error_of_one_line(data: Path, file: str, text: str, message: str) -> None:
    (data / file).write_text(text)
    with pytest.raises(ConfigError) as caught:
        plain_cells(data)
    assert message in caught.value.message
    assert "\n" not in caught.value.message


def test_a_missing_file_is_named(data: Path) -> None:
    (data / "series.toml").unlink()
    with pytest.raises(ConfigError, match=r"series.toml: cannot be read: No such file"):
        plain_cells(data)


def test_the_noxfile_imports_nothing_but_the_standard_library_and_what_nox_requires() -> None:
    allowed = {*sys.stdlib_module_names, "nox", "packaging"}
    waiting, seen = ["noxfile.py"], set()
    while waiting:
        source = waiting.pop()
        seen.add(source)
        for name in _imported(TOP / source):
            if name.split(".")[0] != "matrix":
                assert name.split(".")[0] in allowed, f"{source} imports {name}"
            elif (path := f"{name.replace('.', '/')}.py") not in seen:
                waiting.append(path)
    assert seen >= {"matrix/outline.py", "matrix/versions.py"}


def _imported(path: Path) -> set[str]:
    """The modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_the_usual_cells_are_those_of_the_usual_sdks_and_runtimes(data: Path) -> None:
    matrix = load(data)
    usual = {sdk.id for sdk in matrix.usual_sdks}
    runtimes = {runtime.id for runtime in matrix.usual_runtimes}
    assert usual_cells(data) == [cell for cell in expanded(data) if cell.sdk in usual and cell.runtime in runtimes]
    assert "wasmtime-50.0.1" in runtimes
    assert "wasmtime-30.0.0" not in runtimes
    assert "wasmtime-30.0.0" in {cell.runtime for cell in plain_cells(data)}
    assert {"wasi-sdk-24", "emscripten-3.1.69"} < usual
    assert "emscripten-3.1.25" not in usual
