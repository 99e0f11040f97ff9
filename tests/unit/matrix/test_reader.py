"""Reading a TOML file as typed records."""

from __future__ import annotations

from pathlib import Path

import pytest

from matrix.errors import ConfigError
from matrix.files import RulesFile, RuntimesFile
from matrix.limitations import LimitationsFile
from matrix.reader import DESCRIBED, read_rows, read_toml
from matrix.record import Record


def refusal(path: Path, kind: type[Record]) -> str:
    with pytest.raises(ConfigError) as caught:
        read_toml(path, kind)
    return str(caught.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.toml"


def test_an_error_names_file_key_path_and_row(path: Path) -> None:
    path.write_text('[[runtime]]\nname = "node"\nversion = 24\nkind = "node"\n')
    assert refusal(path, RuntimesFile) == (
        f"{path}: runtime[0].version (node): Expected `str`, got `int`\n  -> {DESCRIBED}"
    )


def test_an_unknown_table_is_named(path: Path) -> None:
    path.write_text("[[runtimes]]\n")
    assert refusal(path, RulesFile).startswith(f"{path}: Object contains unknown field `runtimes`")


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("nod", "did you mean node or node-wasi?"),
        ("x", "there are: browser, cli, command, component, embedded, javascript, manual, node, node-wasi"),
    ],
)
def test_a_wrong_name_is_refused_with_the_names_that_are_allowed(path: Path, value: str, hint: str) -> None:
    path.write_text(f'[[runtime]]\nname = "node"\nversion = "24"\nkind = "{value}"\n')
    assert refusal(path, RuntimesFile) == f"{path}: runtime[0].kind (node): '{value}' is not allowed\n  -> {hint}"


def test_the_names_that_are_allowed_are_found_below_alternatives_of_types(path: Path) -> None:
    path.write_text(
        '[[limitation]]\nid = "a"\ntitle = "a"\nsection = "a"\n'
        'skip_reasons = ["x", { match = "y", seen = { options = ["debgu"] } }]\n'
    )
    problem = "limitation[0].skip_reasons[1].seen.options[0] (a): 'debgu' is not allowed"
    assert refusal(path, LimitationsFile) == f"{path}: {problem}\n  -> did you mean debug?"
    assert read_rows(path, LimitationsFile) == ([], [f"{path}: {problem} (did you mean debug?)"])


def test_rows_are_read_each_by_itself(path: Path) -> None:
    row = '[[limitation]]\nid = "{}"\ntitle = {}\nsection = "a"\n'
    path.write_text(row.format("a", '"a"') + row.format("b", "1") + row.format("c", '"c"'))
    rows, problems = read_rows(path, LimitationsFile)
    assert [entry.id for entry in rows] == ["a", "c"]
    assert problems == [f"{path}: limitation[1].title (b): Expected `str`, got `int`"]


def test_another_table_and_a_missing_one_are_problems(path: Path) -> None:
    path.write_text("[[limitations]]\n")
    assert read_rows(path, LimitationsFile) == (
        [],
        [f"{path}: unknown table 'limitations': only [[limitation]] is allowed", f"{path}: no table [[limitation]]"],
    )
