"""The list of limitations explains whole suites that were recorded on versions which the nightly does not build."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from matrix.conditions import Facts
from matrix.limitations import Limitations
from matrix.outcome import ModuleResult, Outcome, Status
from reports.verdict import CellVerdicts, judge_cell

DATA = Path(__file__).parents[2] / "data"
WASI = Facts(
    target="wasi",
    sdk="wasi-sdk",
    sdk_version="24",
    cpython="3.14.0rc1",
    runtime="wasmtime",
    runtime_version="50.0.1",
)
EMSCRIPTEN = Facts(
    target="node-dl",
    sdk="emscripten",
    sdk_version="6.0.5",
    cpython="3.14.0rc1",
    runtime="node",
    runtime_version="24.19.0",
)
CELLS = {"wasi-3.14.0rc1": WASI, "emscripten-3.14.0rc1": EMSCRIPTEN}

FAULTS = {
    # pip's wheel is missing in the tree
    "test.test_ensurepip.TestBootstrap.test_*": 12,
    "test.test_ensurepip.TestBootstrappingMainFunction.test_*": 2,
    # line ends of data files are changed in it
    "test.test_email.test_email.*.test_crlf_*": 3,
    "test.test_email.test_email.TestMiscellaneous.test_BytesGenerator_linend*": 2,
    "test.test_xml_etree*.BugsTest.test_expat224_utf8_bug_file": 2,
}
"""what fails because of the tree: how many tests of a glob"""


CHANGED_WORD = {
    # a word of a data file was changed in it, too; no longer when the suite on Emscripten was recorded
    "test.test_email.test_email.TestIterators.test_typed_subpart_iterator": 1,
}
WITHOUT_DOC = {
    # looks for Doc/, which is missing in the tree; guests on WASI do not see where the sources lie
    "test.test_support.TestSupport.test_copy_python_src_ignore": 1,
}


@cache
def recorded(name: str) -> Mapping[str, ModuleResult]:
    """The results of a recorded suite, by module."""
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return {
        module: ModuleResult(
            module=module,
            duration=0.0,
            outcomes=tuple(
                Outcome(test=test, status=Status(status), detail=reason)
                for status, reason, tests in groups
                for test in tests
            ),
        )
        for module, groups in lines
    }


@cache
def judged(name: str) -> CellVerdicts:
    results = recorded(name)
    return judge_cell(tuple(results), results, Limitations.load().for_cell(CELLS[name]), full=True)


@pytest.mark.parametrize("name", CELLS)
def test_a_recorded_suite_is_whole(name: str) -> None:
    assert len(recorded(name)) == 491
    assert judged(name).counts[Status.PASSED] > 27_000
    assert judged(name).counts[Status.SKIPPED] > 3_000


@pytest.mark.parametrize("name", CELLS)
def test_every_skip_is_explained(name: str) -> None:
    assert Counter(one.outcome.detail for one in judged(name).unattributed) == {}


@pytest.mark.parametrize("name", CELLS)
def test_no_entry_is_stale_and_none_contradicts_another(name: str) -> None:
    assert list(map(str, judged(name).stale_entries)) == []
    assert list(map(str, judged(name).conflicts)) == []


@pytest.mark.parametrize(
    ("name", "faults"), [("wasi-3.14.0rc1", FAULTS | CHANGED_WORD), ("emscripten-3.14.0rc1", FAULTS | WITHOUT_DOC)]
)
def test_nothing_is_red_but_for_the_faults_of_that_tree(name: str, faults: Mapping[str, int]) -> None:
    red = [one.outcome.test for one in judged(name).unexpected]
    named = {glob: sum(fnmatchcase(test, glob) for test in red) for glob in faults}
    assert [test for test in red if not any(fnmatchcase(test, glob) for glob in faults)] == []
    assert named == faults


def test_an_older_version_has_other_reasons() -> None:
    """The entries are not so wide that they would explain the same skips anywhere."""
    results = recorded("wasi-3.14.0rc1")
    older = Limitations.load().for_cell(replace(WASI, cpython="3.13.5"))
    verdicts = judge_cell(tuple(results), results, older, full=True)
    assert {one.outcome.detail for one in verdicts.unattributed} >= {"requires zstd", "Remote debugging is not enabled"}
    assert any("musl libc issue on Emscripten" in str(one) for one in verdicts.stale_entries)
