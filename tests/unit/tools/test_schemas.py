"""The published schemas are up to date, accept the project's own files, and refuse unknown keys."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types of its own

from matrix import json_records
from matrix.limitations import DIRECTORY as LIMITATIONS
from matrix.load import DATA
from matrix.outcome import Status
from reports.differences import Comparison, Difference
from reports.summary import CellStatus, CellSummary, CPythonUsed, RuntimeUsed, SdkUsed, Summary
from reports.unexpected import Unexpected
from reports.verdict import Verdict
from tools import schemas

FILES = sorted([*DATA.glob("*.toml"), *LIMITATIONS.glob("*.toml")])
EVERY_FILE = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((schemas.DIRECTORY / f"{name}.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def validator_of(path: Path) -> Draft202012Validator:
    return validator("limitations" if path.parent == LIMITATIONS else path.stem)


def content_of(path: Path) -> dict[str, Any]:
    """A TOML file with its dates as strings: JSON has no dates."""
    content = msgspec.to_builtins(tomllib.loads(path.read_text("utf-8")))
    assert isinstance(content, dict)
    return content


def problems(validator: Draft202012Validator, content: object) -> list[str]:
    return [error.message for error in validator.iter_errors(content)]


def test_the_schemas_are_up_to_date() -> None:
    assert schemas.main(["--check"]) == 0, "run `python -m tools.schemas`"


def test_every_toml_file_has_a_schema() -> None:
    assert {path.stem for path in DATA.glob("*.toml")} == schemas.KINDS.keys() - {"limitations", "summary", "latest"}


@EVERY_FILE
def test_a_file_names_its_schema_for_editors(path: Path) -> None:
    first = path.read_text("utf-8").partition("\n")[0]
    name = "limitations" if path.parent == LIMITATIONS else path.stem
    assert (path.parent / first.removeprefix("#:schema ")).resolve() == schemas.DIRECTORY / f"{name}.json"


@EVERY_FILE
def test_the_projects_own_files_are_valid(path: Path) -> None:
    assert problems(validator_of(path), content_of(path)) == []


@EVERY_FILE
def test_an_unknown_key_is_refused_at_the_top(path: Path) -> None:
    assert problems(validator_of(path), content_of(path) | {"titel": "x"}) == [
        "Additional properties are not allowed ('titel' was unexpected)"
    ]


@pytest.mark.parametrize("path", [path for path in FILES if path.name != "sources.toml"], ids=lambda path: path.name)
def test_an_unknown_key_is_refused_in_a_row(path: Path) -> None:
    content = content_of(path)
    for rows in content.values():
        rows[0]["titel"] = "x"
    found = problems(validator_of(path), content)
    assert found == ["Additional properties are not allowed ('titel' was unexpected)"] * len(content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("sdks", {"sdk": [{"id": "a", "family": "wasm-sdk", "version": "1"}]}),
        ("sdks", {"sdk": [{"id": "../a", "family": "wasi-sdk", "version": "1"}]}),
        ("sdks", {"sdk": [{"id": "a", "family": "wasi-sdk", "version": 1}]}),
        ("rules", {"exclusion": [{"when": {"options": ["debgu"]}, "reason": "r"}]}),
        ("rules", {"exclusion": [{"when": {"sdk": [""]}, "reason": "r"}]}),
        ("limitations", {"limitation": [{"id": "a", "title": "t"}]}),
        ("summary", {"schema": 1}),
    ],
)
def test_a_wrong_value_is_refused(name: str, content: object) -> None:
    assert problems(validator(name), content)


SUMMARY = Summary(
    run_id="20260102-030405-wasi-abcd",
    started="2026-01-02T03:04:05+00:00",
    duration_s=1.5,
    exit_status=1,
    cells=(
        CellSummary(
            id="wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-50.0.1",
            target="wasi",
            sdk=SdkUsed(id="wasi-sdk-24", version="24"),
            cpython=CPythonUsed(version="3.13.5"),
            runtime=RuntimeUsed(name="wasmtime", version="50.0.1"),
            status=CellStatus.UNEXPECTED,
            counts={Status.PASSED: 3, Status.FAILED: 1},
            durations_s={"test": 0.5},
        ),
    ),
    unexpected=(Unexpected(cell="", test="test.test_a.A.test_b", outcome="failed", verdict=Verdict.REGRESSION),),
    comparisons=(
        Comparison(
            cpython="cpython-3.13.5",
            cells=("one", "two"),
            tests=1,
            differences=(Difference(module="test_a", test="test.test_a.A.test_b", outcomes={"one": "passed"}),),
        ),
    ),
)


def test_a_summary_is_valid() -> None:
    assert problems(validator("summary"), json.loads(json_records.indented(SUMMARY))) == []


def test_a_field_has_its_docstring_as_its_description() -> None:
    fields = schemas.schema(schemas.KINDS["sdks"])["$defs"]["Sdk"]["properties"]
    assert fields["node"]["description"] == "the id of the runtime that runs Emscripten itself"


def test_a_stale_a_missing_and_a_surplus_file_are_found_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schemas, "DIRECTORY", tmp_path)
    monkeypatch.setattr(schemas, "TOP", tmp_path)
    assert schemas.main([]) == 0
    assert schemas.main(["--check"]) == 0
    (tmp_path / "sdks.json").write_text("{}\n")
    (tmp_path / "rules.json").unlink()
    (tmp_path / "other.json").write_text("{}\n")
    capsys.readouterr()
    assert schemas.main(["--check"]) == 1
    assert [line.split(" ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "sdks.json",
        "rules.json",
        "other.json",
    ]
    assert schemas.main([]) == 0
    assert schemas.main(["--check"]) == 0
    assert not (tmp_path / "other.json").exists()
