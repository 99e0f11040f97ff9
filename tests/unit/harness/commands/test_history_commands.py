from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness import __main__ as main
from harness.commands.command import Command
from harness.commands.diff import DIFF
from harness.commands.history import HISTORY
from harness.runs.describing import write_description
from matrix.errors import UsageError
from matrix.outcome import Status
from reports.build_facts import BuildDescription, BuildFacts
from reports.history import NAME, record
from reports.summary import CellStatus
from tests.unit.hostile import TEXTS
from tests.unit.nights import CELL, OTHER, cell_summary, module, observed, record_run, results, summary

P, F = Status.PASSED, Status.FAILED
ONE, TWO = "test.test_a.A.test_one", "test.test_a.A.test_two"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two runs: one test fails now, one passes, one is gone, one is new, one takes longer."""
    slow = "test.test_a.A.test_slow"
    record_run(
        tmp_path / NAME,
        "run-01",
        module(
            observed(P, ONE), observed(F, TWO), observed(test="test.test_a.A.old"), observed(test=slow, seconds=1.0)
        ),
    )
    record_run(
        tmp_path / NAME,
        "run-02",
        module(
            observed(F, ONE), observed(P, TWO), observed(test="test.test_a.A.new"), observed(test=slow, seconds=2.5)
        ),
    )
    return tmp_path


def said(command: Command, *words: str, out: Path) -> tuple[int, str]:
    file = io.StringIO()
    status = command.execute([*words, "--out", str(out)], Console(file=file, width=200, highlight=False))
    return status, file.getvalue()


def answer(command: Command, *words: str, out: Path) -> Any:
    return json.loads(said(command, *words, "--json", out=out)[1])


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


# --- diff


def test_a_diff_shows_what_changed_by_cell(out: Path) -> None:
    status, text = said(DIFF, out=out)
    assert status == 0
    assert lines(text)[:2] == [CELL, "before: run-01, after: run-02"]
    assert lines(text)[3:8] == [
        f"newly failing {ONE} passed failed",
        f"newly passing {TWO} failed passed",
        "appeared test.test_a.A.new - passed",
        "vanished test.test_a.A.old passed -",
        "much slower test.test_a.A.test_slow 1.00 s 2.50 s",
    ]


def describe(out: Path, run: str, **platform: str) -> None:
    write_description(out / run, CELL, BuildDescription(facts=BuildFacts(platform=platform)))


def test_a_diff_shows_what_differs_in_the_builds(out: Path) -> None:
    describe(out, "run-01", recursion="1000", system="wasi")
    describe(out, "run-02", recursion="600", system="wasi")
    _, text = said(DIFF, out=out)
    rows = lines(text)
    assert rows[rows.index("what the build is before after") + 1] == "platform.recursion 1000 600"
    assert "system" not in text
    (cell,) = answer(DIFF, out=out)["cells"]
    assert cell["build"] == [{"key": "platform.recursion", "before": "1000", "after": "600"}]


def test_a_diff_says_which_run_does_not_say_what_its_build_is(out: Path) -> None:
    assert "what the build" not in said(DIFF, out=out)[1]
    describe(out, "run-02", system="wasi")
    assert "note: what the builds are is not compared: run-01 has no readable build.json" in said(DIFF, out=out)[1]
    describe(out, "run-01", system="wasi")
    (out / "run-02/cells" / CELL / "build.json").write_text("{")
    assert "note: what the builds are is not compared: run-02 has no readable build.json" in said(DIFF, out=out)[1]


def test_a_diff_stays_short_when_the_builds_have_little_in_common(out: Path) -> None:
    describe(out, "run-01", **{f"key{number}": "1" for number in range(60)})
    describe(out, "run-02")
    assert "... and 10 more: --json has all" in said(DIFF, out=out)[1]


def test_a_diff_as_json_has_what_was_compared(out: Path) -> None:
    (cell,) = answer(DIFF, "run-01", "run-02", out=out)["cells"]
    assert (cell["before"]["run"], cell["after"]["run"], cell["after"]["cell"]) == ("run-01", "run-02", CELL)
    assert cell["compared"] == 1
    assert cell["changes"][0] == {
        "kind": "newly failing",
        "module": "test_a",
        "test": ONE,
        "before": "passed",
        "after": "failed",
        "before_s": 0.25,
        "after_s": 0.25,
    }


def test_the_exit_status_tells_what_newly_fails_when_asked_for(out: Path) -> None:
    assert said(DIFF, "--exit-code", out=out)[0] == 1
    assert said(DIFF, "--exit-code", "latest", "latest", out=out)[0] == 0
    assert said(DIFF, "--exit-code", "--json", out=out)[0] == 1


def test_nothing_changed_is_said(out: Path) -> None:
    assert "nothing changed in 1 modules" in said(DIFF, "latest", "latest", out=out)[1]


def test_a_cell_that_does_not_build_any_more_fails(out: Path) -> None:
    record(out / NAME, summary("run-03", cell_summary(status=CellStatus.BUILD_FAILED)), {})
    status, text = said(DIFF, "run-02", "run-03", "--exit-code", out=out)
    assert status == 1
    assert "note: the cell was ok and is build-failed" in text
    assert answer(DIFF, "run-02", "run-03", out=out)["cells"][0]["changes"] == []
    assert said(DIFF, "run-03", "run-02", "--exit-code", out=out)[0] == 0, "that is better, not worse"


def test_other_parts_are_told(out: Path) -> None:
    cells = {CELL: results(module(observed()))}
    record(out / NAME, summary("run-03", cell_summary(clang="clang 20")), cells)
    text = said(DIFF, "run-01", "run-03", out=out)[1]
    assert "note: sdk was sdk-24 (a directory: clang 19) and is sdk-24 (a directory: clang 20)" in text
    assert "cpython was" not in text


def test_parts_of_the_suite_are_compared_as_far_as_both_ran_them(out: Path) -> None:
    record_run(out / NAME, "run-03", module(observed(F, ONE)), whole=False, complete=False)
    record_run(out / NAME, "run-04", module(name="test_b"), module(observed(P, ONE)), complete=False)
    text = said(DIFF, "run-01", "run-03", out=out)[1]
    assert "note: only some tests were run: those that only one of them ran are not compared" in text
    assert "vanished" not in text
    assert f"newly failing {ONE} passed failed" in lines(text)
    assert "note: not compared: 1 modules that only one of them ran" in said(DIFF, "run-01", "run-04", out=out)[1]


def test_cells_of_one_run_are_compared(out: Path) -> None:
    cells = {CELL: results(module(observed(P, ONE))), OTHER: results(module(observed(F, ONE)))}
    record(out / NAME, summary("run-03", cell_summary(CELL), cell_summary(OTHER)), cells)
    text = said(DIFF, CELL, OTHER, out=out)[1]
    assert lines(text)[:2] == [OTHER, f"before: run-03 {CELL}, after: run-03"]
    assert f"newly failing {ONE} passed failed" in lines(text)
    assert lines(said(DIFF, "run-02", "run-03", out=out)[1])[-1] == f"only after: {OTHER}"
    assert [cell["after"]["cell"] for cell in answer(DIFF, "run-03", "latest", "--cell", OTHER, out=out)["cells"]] == [
        OTHER
    ]


def test_the_terminal_is_spared_very_many_changes(tmp_path: Path) -> None:
    for run, status in (("run-01", P), ("run-02", F)):
        record_run(
            tmp_path / NAME, run, module(*(observed(status, f"test.test_a.t{number:03}") for number in range(70)))
        )
    text = said(DIFF, out=tmp_path)[1]
    assert "t049" in text
    assert "t050" not in text
    assert "... and 20 more: --json has all" in text
    assert len(answer(DIFF, out=tmp_path)["cells"][0]["changes"]) == 70


@pytest.mark.parametrize("kind", sorted(TEXTS.keys() - {"a lone surrogate"}))  # which no outcomes.jsonl can have
def test_names_do_not_steer_the_terminal(tmp_path: Path, kind: str) -> None:
    hostile = TEXTS[kind]
    for run, status in (("run-01", P), ("run-02", F)):
        record_run(tmp_path / NAME, run, module(observed(status, hostile)))
    for command, words in ((DIFF, ()), (HISTORY, ("--flaky",)), (HISTORY, ("*",))):
        text = said(command, *words, out=tmp_path)[1]
        assert "\x1b" not in text
        assert "\x00" not in text
        assert "\r" not in text
    assert answer(DIFF, out=tmp_path)["cells"][0]["changes"][0]["test"] == hostile


# --- history


def test_a_test_is_shown_in_a_table_of_runs_and_cells(out: Path) -> None:
    record_run(out / NAME, "run-03", module(observed(P, ONE), reused="run-01"), cells=(CELL, OTHER))
    status, text = said(HISTORY, "test_a.A.test_one", out=out)
    assert status == 0
    assert lines(text)[0] == f"{ONE} of test_a"
    assert lines(text)[1] == "run node sdk-3 node-20 wasi sdk-24 wasmtime-50"
    assert lines(text)[2:5] == [
        "run-01 - passed 0.25 s",
        "run-02 - failed 0.25 s",
        "run-03 passed 0.25 s reused passed 0.25 s reused",
    ]


def test_a_test_as_json(out: Path) -> None:
    assert answer(HISTORY, ONE, out=out)["seen"][1] == {
        "test": ONE,
        "module": "test_a",
        "run": "run-02",
        "started": "2026-01-01T00:00:02+00:00",
        "cell": CELL,
        "outcome": "failed",
        "duration": 0.25,
        "reused": False,
    }


def test_one_cell_may_be_chosen(out: Path) -> None:
    record_run(out / NAME, "run-03", module(observed(P, ONE)), cells=(OTHER,))
    assert [one["run"] for one in answer(HISTORY, ONE, "--cell", OTHER, out=out)["seen"]] == ["run-03"]


def test_the_terminal_shows_the_newest_runs(tmp_path: Path) -> None:
    for number in range(40):
        record_run(tmp_path / NAME, f"run-{number:02}", module(observed(P, ONE)))
    text = said(HISTORY, ONE, out=tmp_path)[1]
    assert "run-09" not in text
    assert "run-10" in text
    assert "... and 10 earlier runs: --json has all" in text
    assert len(answer(HISTORY, ONE, out=tmp_path)["seen"]) == 40


def test_many_cells_are_shown_below_each_other(tmp_path: Path) -> None:
    cells = [f"wasi_sdk-{number}_cpython" for number in range(6)]
    record_run(tmp_path / NAME, "run-01", module(observed(P, ONE)), cells=cells)
    headings = [line for line in lines(said(HISTORY, ONE, out=tmp_path)[1]) if line.startswith("run sdk")]
    assert headings == ["run sdk-0 sdk-1 sdk-2 sdk-3", "run sdk-4 sdk-5"]


def test_a_glob_shows_each_test(out: Path) -> None:
    assert [line for line in lines(said(HISTORY, "test_a.*.test_*", out=out)[1]) if " of " in line] == [
        f"{ONE} of test_a",
        "test.test_a.A.test_slow of test_a",
        f"{TWO} of test_a",
    ]


def test_flaky_tests_are_listed_with_their_rate(out: Path) -> None:
    status, text = said(HISTORY, "--flaky", out=out)
    assert status == 0
    assert lines(text)[1:] == [
        f"1 2 50.0% {ONE} test_a {CELL} 1 passed; 1 failed",
        f"1 2 50.0% {TWO} test_a {CELL} 1 failed; 1 passed",
    ]
    assert [one["test"] for one in answer(HISTORY, "--flaky", "*one", out=out)["flaky"]] == [ONE]
    assert answer(HISTORY, "--flaky", out=out)["flaky"][0]["rate"] == {"bad": 1, "all": 2}


def test_no_flakes_are_said(tmp_path: Path) -> None:
    record_run(tmp_path / NAME, "run-01", module(observed()))
    assert said(HISTORY, "--flaky", out=tmp_path)[1] == "no test is flaky\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "needs the name of a test, or --flaky"),
        (("test_a.A.test_oen",), "there is no test 'test_a.A.test_oen' in the history\n  -> did you mean " + ONE),
        (("test_x.A.test_one",), f"did you mean {ONE}"),
        (("test_a.A",), "there are 5 in it: 'test_a.A.*'"),
        (("zzz*",), "there is no test 'zzz*'"),
        ((ONE, "--cell", "wasi_sdk-24"), f"did you mean {CELL}"),
        ((ONE, "--nonsense"), "`history` has no option '--nonsense'"),
    ],
)
def test_what_cannot_be_shown_is_refused(out: Path, words: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        said(HISTORY, *words, out=out)
    assert message in str(caught.value)


def test_a_glob_must_not_match_very_many_tests(tmp_path: Path) -> None:
    record_run(tmp_path / NAME, "run-01", module(*(observed(test=f"test.t{number}") for number in range(51))))
    with pytest.raises(UsageError, match=r"'test\.\*' matches 51 tests"):
        said(HISTORY, "test.*", out=tmp_path)
    assert answer(HISTORY, "--flaky", "test.*", out=tmp_path)["flaky"] == []


# --- the commands of `python -m harness`


@pytest.mark.parametrize("command", ["diff", "history"])
def test_the_commands_are_there(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [command, *(["test_a"] if command == "history" else []), "--out", str(tmp_path)]
    assert main.main(words) == 2
    assert f"there is no history in {tmp_path}" in capsys.readouterr().err.replace("\n", "")


def test_a_damaged_history_is_said_and_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"no database" * 100)
    assert main.main(["diff", "--out", str(tmp_path)]) == 4
    assert "is damaged: file is not a database" in capsys.readouterr().err
    assert path.read_bytes() == b"no database" * 100
