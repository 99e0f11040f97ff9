from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped
from msgspec.structs import replace

from matrix.limitations import Expectation, Limitation
from matrix.outcome import ModuleResult, Outcome, Status
from reports import junit
from reports.summary import CellStatus, SdkUsed, untested_cell
from reports.verdict import CellVerdicts, Rate, Verdict, judge_cell
from tests.unit import made
from tests.unit.hostile import TEXTS, texts
from tests.unit.made import expecting, listed, outcome, result

hostile = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())


def written(
    path: Path,
    *results: ModuleResult,
    limitations: tuple[Limitation, ...] = (),
    properties: dict[str, str] | None = None,
) -> CellVerdicts:
    by_module = {each.module: each for each in results}
    verdicts = judge_cell(list(by_module), by_module, listed(*limitations), full=False)
    path.write_bytes(junit.document("the-cell", verdicts, by_module, properties or {}))
    return verdicts


def document(path: Path) -> Any:
    return JUnitXml.fromfile(str(path))


def normal(text: str) -> str:
    """The text as an XML parser returns it: with normalised line ends."""
    return junit.xml_text(text).replace("\r\n", "\n").replace("\r", "\n")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "junit.xml"


# --- what is written


def test_the_message_of_a_failure_is_what_was_raised_and_not_the_end_of_a_diff(path: Path) -> None:
    detail = "Traceback (most recent call last):\n  File 'a'\nAssertionError: 'a' != 'b'\n- a\n+ b\n? ^\n"
    written(path, result(outcome(status=Status.FAILED, detail=detail)))
    [[case]] = document(path)
    [found] = case.result
    assert found.message == "AssertionError: 'a' != 'b'"
    assert found.text == detail


def test_each_module_is_a_suite_and_each_outcome_a_case(path: Path) -> None:
    written(
        path,
        result(outcome("test.test_a.A.test_one"), outcome("test.test_a.A.test_two")),
        result(outcome("test.test_b.B.test_one"), module="test_b"),
    )
    assert [(suite.name, [(case.classname, case.name) for case in suite]) for suite in document(path)] == [
        ("the-cell: test_a", [("test.test_a.A", "test_one"), ("test.test_a.A", "test_two")]),
        ("the-cell: test_b", [("test.test_b.B", "test_one")]),
    ]


def test_suites_of_different_cells_stay_apart_when_their_files_are_merged(path: Path) -> None:
    results = {"test_a": result(outcome())}
    verdicts = judge_cell(["test_a"], results, listed(), full=False)
    merged = JUnitXml()
    for cell in ("one-cell", "another-cell", "one-cell"):
        path.write_bytes(junit.document(cell, verdicts, results, {}))
        merged += JUnitXml.fromfile(str(path))
    assert [(suite.name, suite.tests) for suite in merged] == [("one-cell: test_a", 2), ("another-cell: test_a", 1)]


def test_a_planned_module_without_result_is_in_the_file(path: Path) -> None:
    verdicts = judge_cell(["test_a"], {}, listed(), full=False)
    path.write_bytes(junit.document("the-cell", verdicts, {}, {}))
    (suite,) = document(path)
    (case,) = suite
    assert isinstance(case.result[0], Error)
    assert case.result[0].type == "did_not_run"


@pytest.mark.parametrize(
    ("status", "element"),
    [
        (Status.FAILED, Failure),
        (Status.ERRORED, Error),
        (Status.CRASHED, Error),
        (Status.TIMED_OUT, Error),
        (Status.DID_NOT_RUN, Error),
        (Status.SKIPPED, Skipped),
    ],
)
def test_each_outcome_has_its_element(path: Path, status: Status, element: type[Any]) -> None:
    written(path, result(outcome(status=status, detail="first line\nlast line")))
    found: Any = next(iter(next(iter(document(path))))).result[0]
    assert type(found) is element
    assert "last line" in f"{found.message}{found.text}"


def test_a_pass_has_no_result(path: Path) -> None:
    written(path, result(outcome()))
    assert next(iter(next(iter(document(path))))).result == []


def test_a_known_failure_is_a_skip_that_says_why(path: Path) -> None:
    known = outcome(status=Status.FAILED, detail="Traceback\nOSError: [Errno 58] Not supported")
    written(path, result(known), limitations=(expecting("test.test_a.*", Expectation.FAILED, name="no-chmod"),))
    (found,) = next(iter(next(iter(document(path))))).result
    assert isinstance(found, Skipped)
    assert found.message == "known limitation no-chmod: failed: OSError: [Errno 58] Not supported"


@pytest.mark.parametrize("status", [Status.PASSED, Status.SKIPPED])
def test_a_stale_expectation_is_an_error_that_says_why(path: Path, status: Status) -> None:
    written(
        path,
        result(outcome(status=status)),
        limitations=(expecting("test.test_a.*", Expectation.CRASHED, name="no-threads"),),
    )
    (found,) = next(iter(next(iter(document(path))))).result
    assert isinstance(found, Error)
    assert "no-threads expects it to be crashed" in found.message


@pytest.mark.parametrize("status", [Status.PASSED, Status.FAILED])
def test_a_flaky_test_beyond_its_bound_is_red(path: Path, status: Status) -> None:
    limitations = listed(expecting("test.test_a.*", Expectation.FLAKY, rate=0.2))
    results = {"test_a": result(outcome(status=status))}
    rates = {("test_a", outcome().test): Rate(bad=5, all=10)}
    verdicts = judge_cell(["test_a"], results, limitations, full=False, rates=rates)
    path.write_bytes(junit.document("a-cell", verdicts, results, {}))
    (found,) = next(iter(next(iter(document(path))))).result
    assert isinstance(found, Failure | Error)
    assert "it was bad in 5 of 10 runs" in found.message
    assert [one.status for one in junit.read(path)] == [status]


def test_a_case_has_its_verdict_and_limitation(path: Path) -> None:
    written(
        path,
        result(outcome(status=Status.FAILED)),
        limitations=(expecting("test.test_a.*", Expectation.FAILED, name="no-chmod"),),
    )
    assert 'group="known no-chmod"' in path.read_text()


JENKINS = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "time", "skipped"}, {"properties", "testcase"}),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name", "time", "classname", "group"}, {"skipped", "error", "failure", "system-out"}),
    "skipped": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "failure": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}
"""the attributes and children that we use and Jenkins accepts: junit-10.xsd of jenkinsci/xunit-plugin"""


def test_the_file_is_valid_for_jenkins_and_gitlab(path: Path) -> None:
    """GitLab needs a name, a class and a time: https://docs.gitlab.com/ci/testing/unit_test_reports/"""
    outcomes = [
        Outcome(test=f"test.test_a.A.test_{status}", status=status, detail="x", output="y", duration=0.00001)
        for status in Status
    ]
    limitations = (expecting("test.test_a.A.test_crashed", Expectation.CRASHED, name="no-chmod"),)
    written(path, result(*outcomes), limitations=limitations, properties={"sdk": "24"})
    for element in ElementTree.parse(path).iter():
        attributes, children = JENKINS[element.tag]
        assert set(element.attrib) <= attributes
        assert {child.tag for child in element} <= children
        if element.tag == "testcase":
            assert element.attrib.keys() >= {"name", "classname", "time"}
        if element.tag in ("testsuite", "testsuites"):
            assert re.fullmatch(r"\d+\.\d+", element.attrib["time"])


def test_suites_have_the_cells_properties(path: Path) -> None:
    written(path, result(outcome()), properties={"sdk": "wasi-sdk-24 (<clang> & lld)"})
    (suite,) = document(path)
    assert [(each.name, each.value) for each in suite.properties()] == [("sdk", "wasi-sdk-24 (<clang> & lld)")]


def test_a_suite_has_the_duration_of_its_module(path: Path) -> None:
    slow = Outcome(test="test.test_a.A.test_one", status=Status.PASSED, duration=0.25)
    written(path, result(slow, duration=1.75))
    (suite,) = document(path)
    assert suite.time == 1.75
    assert [case.time for case in suite] == [0.25]


def test_the_file_of_a_cell_has_its_versions_as_properties(path: Path) -> None:
    sdk = SdkUsed(id="wasi-sdk-24", version="24", detail="clang 18")
    cell = replace(untested_cell(made.cell(), CellStatus.OK, ""), sdk=sdk)
    file = junit.cell_file(cell, judge_cell(["test_a"], {}, made.listed(), full=False), {})
    path.write_bytes(file.content)
    (suite,) = document(path)
    assert file.name == f"cells/{cell.id}/junit.xml"
    assert {one.name: one.value for one in suite.properties()} == {
        "cell": cell.id,
        "sdk": "wasi-sdk-24 (clang 18)",
        "cpython": "3.13.5",
        "runtime": "wasmtime 50.0.1",
    }


# --- hostile text


@hostile
def test_a_hostile_detail_is_read_back(path: Path, text: str) -> None:
    for status in (Status.FAILED, Status.ERRORED, Status.CRASHED, Status.SKIPPED):
        written(path, result(outcome(status=status, detail=text)))
        (found,) = junit.read(path)
        assert found.status is status
        assert found.detail in (normal(text), junit.xml_text(text), found.status.value)


@hostile
def test_a_hostile_name_is_read_back(path: Path, text: str) -> None:
    written(path, result(outcome(f"test.test_a.A.{text}")))
    (found,) = junit.read(path)
    assert normal(found.test) == normal(f"test.test_a.A.{text}")


@hostile
def test_hostile_output_is_read_back(path: Path, text: str) -> None:
    noisy = Outcome(test="test.test_a.A.test_one", status=Status.FAILED, output=text)
    written(path, result(noisy))
    (suite,) = document(path)
    (case,) = suite
    assert (case.system_out or "") == normal(text)


@hostile
def test_a_hostile_property_is_read_back(path: Path, text: str) -> None:
    written(path, result(outcome()), properties={"sdk": text})
    (suite,) = document(path)
    assert [normal(each.value) for each in suite.properties()] == [normal(text)]


@hostile
def test_a_hostile_fault_is_read_back(path: Path, text: str) -> None:
    written(path, result(outcome(status=Status.ERRORED, detail="x"), fault=f"fault {text}"))
    (suite,) = document(path)
    (case,) = suite
    assert normal(case.result[0].message) == normal(f"fault {text}")


def test_ten_megabytes_of_output_are_shortened_to_what_a_server_shows(path: Path) -> None:
    text = "begin " + "x\x1b" * (5 << 20) + " end"
    noisy = Outcome(test="test.test_a.A.test_one", status=Status.FAILED, detail=text, output=text)
    written(path, result(noisy))
    assert path.stat().st_size < 2 << 20
    (suite,) = document(path)
    (case,) = suite
    for shown in (case.system_out, case.result[0].text):
        assert shown.startswith("begin ")
        assert shown.endswith(" end")
        assert "characters left out; see outcomes.jsonl" in shown


@given(texts)
def test_text_becomes_valid_xml_with_escapes(text: str) -> None:
    made = junit.xml_text(text)
    assert all(c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000" for c in made)
    assert made == text or "\\x" in made
    made.encode()


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]), max_size=40))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert junit.xml_text(text) == text


@given(
    st.lists(
        st.builds(
            Outcome,
            test=texts.map("test.test_a.A.{}".format),
            status=st.sampled_from(list(Status)),
            duration=st.floats(0, 1e6),
            detail=texts,
            output=texts,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_the_statuses_of_any_module_are_read_back(outcomes: list[Outcome]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "junit.xml"
        written(path, result(*outcomes))
        found = junit.read(path)
    assert [each.status for each in found] == [each.status for each in outcomes]
    assert [normal(each.test) for each in found] == [normal(each.test) for each in outcomes]


# --- counts


def test_the_counts_are_those_of_the_verdicts(path: Path) -> None:
    statuses = [*Status, *Status, Status.PASSED]
    one = result(*(outcome(f"test.test_a.A.test_{n}", status) for n, status in enumerate(statuses)))
    verdicts = written(path, one)
    found, counts = document(path), verdicts.counts
    assert found.tests == len(verdicts.judged) == 15
    assert found.failures == counts[Status.FAILED] == 2
    assert found.skipped == counts[Status.SKIPPED] == 2
    assert found.errors == sum(
        counts[each] for each in (Status.ERRORED, Status.CRASHED, Status.TIMED_OUT, Status.DID_NOT_RUN)
    )


def test_no_case_is_red_when_no_verdict_is(path: Path) -> None:
    one = result(
        outcome("test.test_a.A.test_one"),
        outcome("test.test_a.A.test_two", Status.SKIPPED, "requires fork"),
        outcome("test.test_a.B.test_one", Status.CRASHED),
        outcome("test.test_a.C.test_one", Status.FAILED),
    )
    limitations = (
        expecting("test.test_a.B.*", Expectation.CRASHED, name="b"),
        expecting("test.test_a.C.*", Expectation.FLAKY, name="c"),
    )
    verdicts = written(path, one, limitations=limitations)
    assert verdicts.green
    assert (document(path).failures, document(path).errors) == (0, 0)


@given(
    st.lists(st.tuples(st.sampled_from(list(Status)), st.sampled_from([None, *Expectation])), min_size=1, max_size=8)
)
def test_as_many_cases_are_red_as_verdicts(cases: list[tuple[Status, Expectation | None]]) -> None:
    outcomes = [outcome(f"test.test_a.A.test_{n}", status) for n, (status, _) in enumerate(cases)]
    limitations = [
        expecting(f"test.test_a.A.test_{n}", expect, name=f"limitation-{n}")
        for n, (_, expect) in enumerate(cases)
        if expect
    ]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "junit.xml"
        verdicts = written(path, result(*outcomes), limitations=tuple(limitations))
        found = document(path)
    assert found.failures + found.errors == len(verdicts.unexpected)
    assert found.tests == len(cases)


def test_a_known_failure_is_read_back_as_a_skip(path: Path) -> None:
    verdicts = written(
        path,
        result(outcome(status=Status.FAILED)),
        limitations=(expecting("test.test_a.*", Expectation.FAILED),),
    )
    assert verdicts.verdicts == {Verdict.KNOWN: 1}
    assert [each.status for each in junit.read(path)] == [Status.SKIPPED]
