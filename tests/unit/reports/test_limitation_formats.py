"""The list of limitations in the formats of other tools."""

from __future__ import annotations

import fnmatch

import pytest

from matrix import json_records
from matrix.conditions import Condition
from matrix.limitations import CellLimitations, Expectation, ExpectedTest, Limitation, Limitations
from matrix.versions import Requirement
from reports.limitation_formats import as_deselect, as_ignorefile, as_markdown, as_records, node_of, where
from tests.unit import made


def limitation(*tests: tuple[str, Expectation], id_: str = "no-fork") -> Limitation:
    return Limitation(
        id=id_,
        title="There is no *fork*",
        section="processes",
        when=Condition(target=("wasi",), sdk=(Requirement.parse("wasi-sdk<20"),)) if id_ == "old" else Condition(),
        references=("seed",),
        tests=tuple(ExpectedTest(match=match, expect=expect, reason="seen") for match, expect in tests),
    )


ENTRIES = (
    limitation(
        ("test.test_os.ExecTests.*", Expectation.FAILED),
        ("test.test_os.*Fork*", Expectation.CRASHED),
        ("test.test_a.A.test_b", Expectation.FLAKY),
        ("test.test_c.C.test_d", Expectation.SKIPPED),
    ),
    limitation(("test.test_old.*", Expectation.FAILED), id_="old"),
)
CELL: CellLimitations = Limitations(ENTRIES).for_cell(made.FACTS)


def test_the_ignorefile_has_the_globs_of_tests_that_do_not_pass() -> None:
    globs = as_ignorefile(CELL).splitlines()
    assert globs == ["test.test_os.ExecTests.*", "test.test_os.*Fork*", "test.test_a.A.test_b"]
    assert fnmatch.fnmatchcase("test.test_os.ExecTests.test_execve", globs[0])


def test_pytest_gets_prefixes_and_the_other_globs_are_returned() -> None:
    text, left = as_deselect(CELL)
    assert text == "--deselect=test_os.py::ExecTests\n--deselect=test_a.py::A::test_b\n"
    assert left == ["test.test_os.*Fork*"]


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("test.test_os.FileTests.test_access", "test_os.py::FileTests::test_access"),
        ("test.test_os.FileTests.", "test_os.py::FileTests"),
        ("test.test_os.FileTests.test_acc", "test_os.py::FileTests::test_acc"),
        ("test.test_os.", "test_os.py"),
        ("test.test_json.test_decode.TestC.test_a", "test_json/test_decode.py::TestC::test_a"),
        ("test.test_importlib.builtin.test_finder.A.test_a", "test_importlib/builtin/test_finder.py::A::test_a"),
        ("other.test_os.FileTests.test_access", None),
        ("test.", None),
        ("", None),
    ],
)
def test_names_become_node_ids_of_pytest(name: str, node: str | None) -> None:
    assert node_of(name) == node


def test_empty_fields_are_left_out_of_json() -> None:
    old = as_records(ENTRIES)[1]
    assert old == {
        "id": "old",
        "title": "There is no *fork*",
        "section": "processes",
        "when": {"target": ["wasi"], "sdk": ["wasi-sdk<20"]},
        "references": ["seed"],
        "tests": [{"match": "test.test_old.*", "expect": "failed", "reason": "seen", "run": True}],
    }


def test_every_format_takes_the_real_list() -> None:
    limitations = Limitations.load()
    rows = as_records(limitations.entries)
    assert json_records.indented(rows)
    assert [row["id"] for row in rows] == [entry.id for entry in limitations.entries]
    text = as_markdown(limitations.entries)
    assert all(f"**{entry.id}**" in text for entry in limitations.entries)


def test_the_markdown_has_conditions_and_numbers() -> None:
    text = as_markdown(ENTRIES)
    assert "- **old**: There is no \\*fork\\*\n  target: wasi; sdk: wasi-sdk&lt;20\n  1 known failing" in text
    assert where(Condition()) == "everywhere"
    assert where(Condition(target=("wasi",)), Condition(target=("node",))) == "target: wasi; or target: node"
