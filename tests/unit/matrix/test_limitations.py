from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from matrix.conditions import Condition
from matrix.errors import ConfigError
from matrix.limitations import (
    NEUTRAL,
    PROBES,
    Expectation,
    ExpectedTest,
    Limitation,
    Limitations,
    NamedTest,
    SkipReason,
)
from matrix.outcome import FAILING_STATUSES, Status
from matrix.versions import Requirement
from reports.verdict import RED_VERDICTS, judge
from tests.unit.made import FACTS, expecting, explaining, listed, outcome

ENTRY = """
[[limitation]]
id = "{name}"
title = "no processes"
section = "processes"
"""


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., Path]:
    """Writes the files of a list."""

    def write(**texts: str) -> Path:
        for name, text in texts.items():
            (tmp_path / f"{name}.toml").write_text(text)
        return tmp_path

    return write


Files = Callable[..., Path]


def refusal(directory: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        Limitations.load(directory)
    return str(caught.value)


# --- loading


def test_the_entries_of_all_files_are_read(files: Files) -> None:
    directory = files(one=ENTRY.format(name="no-fork"), two=ENTRY.format(name="no-sockets"))
    assert [entry.id for entry in Limitations.load(directory).entries] == ["no-fork", "no-sockets"]


def test_a_test_is_run_unless_it_says_not_to(files: Files) -> None:
    tests = '[[limitation.tests]]\nmatch = "test.test_os.*"\nexpect = "failed"\nreason = "seen"\n'
    loaded = Limitations.load(files(one=ENTRY.format(name="no-fork") + tests))
    assert loaded.entries[0].tests == (
        ExpectedTest(match="test.test_os.*", expect=Expectation.FAILED, reason="seen", run=True),
    )


def test_an_id_that_stands_twice_is_refused_with_both_files(files: Files) -> None:
    message = refusal(files(one=ENTRY.format(name="no-fork"), two=ENTRY.format(name="no-fork")))
    assert "'no-fork'" in message
    assert "one.toml" in message
    assert "two.toml" in message


def test_an_id_that_stands_twice_in_one_file_is_refused(files: Files) -> None:
    assert "'no-fork' is already defined in" in refusal(files(one=ENTRY.format(name="no-fork") * 2))


def test_all_that_does_not_fit_is_named_at_once(files: Files) -> None:
    bad = '[[limitation.tests]]\nmatch = "*"\nexpect = "broken"\nreason = "seen"\n'
    message = refusal(
        files(
            one=ENTRY.format(name="no-fork") + bad + ENTRY.format(name="good") + ENTRY.format(name="no-pipe") + bad,
            two=ENTRY.format(name="no-reason") + 'skip_reasons = ["needs (fork"]\n' + 'probe = "no/such.py"\n',
            three="[[limitations]]\n",
        )
    )
    lines = message.splitlines()
    assert [line.split(": ")[1] for line in lines[:-1] if "one.toml" in line] == [
        "limitation[0].tests[0].expect (no-fork)",
        "limitation[2].tests[0].expect (no-pipe)",
    ]
    assert sum("limitation 'no-reason'" in line for line in lines) == 2
    assert sum("three.toml" in line for line in lines) == 2
    assert "good" not in message


def test_a_skip_reason_that_is_no_pattern_is_refused(files: Files) -> None:
    message = refusal(files(one=ENTRY.format(name="no-fork") + 'skip_reasons = ["needs (fork"]\n'))
    assert "one.toml: limitation 'no-fork': skip_reasons: 'needs (fork' is not a regular expression" in message


@pytest.mark.parametrize(
    ("addition", "key", "problem"),
    [
        ('references = "seed"\n', "limitation[0].references", "array"),
        ('skip_reason = ["x"]\n', "limitation[0]", "skip_reason"),
        ('when = { cpython = [">=x"] }\n', "limitation[0].when.cpython[0]", "not a version range"),
        ('[[limitation.tests]]\nmatch = "*"\nexpect = "failed"\n', "limitation[0].tests[0]", "reason"),
        (
            '[[limitation.tests]]\nmatch = "*"\nexpect = "broken"\nreason = "seen"\n',
            "limitation[0].tests[0].expect",
            "broken",
        ),
        (
            '[[limitation.tests]]\nmatch = "*"\nexpect = "passed"\nreason = "seen"\n',
            "limitation[0].tests[0].expect",
            "passed",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_file_and_key(files: Files, addition: str, key: str, problem: str) -> None:
    message = refusal(files(one=ENTRY.format(name="no-fork") + addition))
    assert "one.toml" in message
    assert key in message
    assert problem in message


def with_rate(files: Files, expect: str, rate: str) -> Path:
    text = f'[[limitation.tests]]\nmatch = "*"\nexpect = "{expect}"\nreason = "seen"\nrate = {rate}\n'
    return files(one=ENTRY.format(name="slow-clock") + text)


@pytest.mark.parametrize(("rate", "bound"), [("0.2", 0.2), ("1", 1.0), ("1e-3", 0.001)])
def test_a_flaky_test_may_have_a_bound(files: Files, rate: str, bound: float) -> None:
    loaded = Limitations.load(with_rate(files, "flaky", rate))
    assert [test.rate for test in loaded.entries[0].tests] == [bound]
    assert [test.rate for test in loaded.for_cell(FACTS).tests] == [bound]


def test_a_flaky_test_may_have_none() -> None:
    assert [test.rate for test in listed(expecting("*", Expectation.FLAKY)).tests] == [None]


@pytest.mark.parametrize("glob", ["", "test.test_os[", "test.test_os]", "test.test_os A", "test.[]x"])
def test_a_glob_that_is_none_is_refused_by_file_and_entry(files: Files, glob: str) -> None:
    text = f'[[limitation.tests]]\nmatch = "{glob}"\nexpect = "failed"\nreason = "seen"\n'
    message = refusal(files(one=ENTRY.format(name="fine") + ENTRY.format(name="no-fork") + text))
    assert "one.toml" in message
    assert "no-fork" in message
    assert "fine" not in message
    assert repr(glob) in message


@pytest.mark.parametrize("glob", ["test.test_os.*", "test.test_[a-c]?.A", "test.test_[!a]*", "*"])
def test_globs_are_those_of_fnmatch(files: Files, glob: str) -> None:
    text = f'[[limitation.tests]]\nmatch = "{glob}"\nexpect = "failed"\nreason = "seen"\n'
    assert Limitations.load(files(one=ENTRY.format(name="no-fork") + text)).entries[0].tests[0].globs == (glob,)


@pytest.mark.parametrize("rate", ["0", "0.0", "-0.1", "1.01", "nan", "inf", "true", '"0.2"'])
def test_a_rate_that_is_none_is_refused_by_file_and_key(files: Files, rate: str) -> None:
    message = refusal(with_rate(files, "flaky", rate))
    assert "one.toml" in message
    assert "limitation[0].tests[0].rate" in message


@pytest.mark.parametrize("expect", [each.value for each in Expectation if each is not Expectation.FLAKY])
def test_only_a_flaky_test_has_a_rate(files: Files, expect: str) -> None:
    message = refusal(with_rate(files, expect, "0.2"))
    assert "one.toml" in message
    assert f"limitation[0].tests[0] (slow-clock): `rate` is for expect = \"flaky\", not '{expect}'" in message


def test_the_projects_own_list_loads() -> None:
    assert Limitations.load().entries


# --- matching tests


def test_an_entry_is_found_by_name_and_by_glob() -> None:
    cell = listed(
        expecting("test.test_os.A.test_one", Expectation.FAILED, name="exact"),
        expecting("test.test_os.B.*", Expectation.ERRORED, name="glob"),
    )
    assert found(cell.expected("test.test_os.A.test_one")) == "exact"
    assert found(cell.expected("test.test_os.B.test_one")) == "glob"
    assert cell.expected("test.test_os.C.test_one") is None


def found(entry: NamedTest | None) -> str | None:
    return entry.limitation if entry else None


def test_an_entry_may_name_several_tests() -> None:
    entry = ExpectedTest(
        match=("test.test_os.A.test_one", "test.test_os.B.*"), expect=Expectation.FAILED, reason="seen"
    )
    cell = listed(Limitation(id="several", title="several", section="tests", tests=(entry,)))
    assert found(cell.expected("test.test_os.A.test_one")) == "several"
    assert found(cell.expected("test.test_os.B.test_one")) == "several"
    assert [test.match for test in cell.tests] == ["test.test_os.A.test_one", "test.test_os.B.*"]


@pytest.mark.parametrize("match", ["test.test_one.A.test_one", "test.test_one.*"])
def test_an_entry_may_be_about_what_one_module_runs(match: str) -> None:
    entry = ExpectedTest(match=match, module="test_one", expect=Expectation.FAILED, reason="seen")
    cell = listed(Limitation(id="one", title="one", section="tests", tests=(entry,)))
    assert found(cell.expected("test.test_one.A.test_one", "test_one")) == "one"
    assert cell.expected("test.test_one.A.test_one", "test_one_c") is None
    assert cell.expects("test.test_one.A.test_one", "failed", "test_one")
    assert not cell.expects("test.test_one.A.test_one", "failed", "test_one_c")


def test_a_glob_matches_the_whole_name() -> None:
    cell = listed(expecting("test.test_os.*.test_one", Expectation.FAILED))
    assert cell.expected("test.test_os.A.test_one") is not None
    assert cell.expected("test.test_os.A.test_one_more") is None
    assert cell.expected("more.test.test_os.A.test_one") is None


def test_case_matters() -> None:
    cell = listed(expecting("test.test_os.execTests.*", Expectation.FAILED))
    assert cell.expected("test.test_os.ExecTests.test_one") is None


@pytest.mark.parametrize("match", ["test.test_os.A.test_one", "test.test_os.*"])
def test_of_two_entries_for_the_same_tests_the_first_counts(match: str) -> None:
    cell = listed(
        expecting(match, Expectation.FAILED, name="first"),
        expecting(match, Expectation.ERRORED, name="second"),
    )
    assert found(cell.expected("test.test_os.A.test_one")) == "first"


@pytest.mark.parametrize("match", ["test.test_os.A.test_one", "test.test_os.*"])
def test_entries_that_expect_different_things_of_a_test_are_rivals(match: str) -> None:
    cell = listed(
        expecting(match, Expectation.FAILED, name="first"),
        expecting(match, Expectation.FAILED, name="agrees"),
        expecting(match, Expectation.ERRORED, name="second"),
    )
    assert [entry.limitation for entry in cell.rivals("test.test_os.A.test_one")] == ["second"]
    assert cell.rivals("test.test_a.A.test_one") == ()


def test_a_name_and_a_glob_are_no_rivals() -> None:
    cell = listed(
        expecting("test.test_os.*", Expectation.FAILED), expecting("test.test_os.A.test_one", Expectation.ERRORED)
    )
    assert cell.rivals("test.test_os.A.test_one") == ()


def test_an_exact_name_counts_before_a_glob() -> None:
    cell = listed(
        expecting("test.test_os.*", Expectation.FAILED, name="glob"),
        expecting("test.test_os.A.test_one", Expectation.ERRORED, name="exact"),
    )
    assert found(cell.expected("test.test_os.A.test_one")) == "exact"


def test_without_entries_nothing_is_expected() -> None:
    assert listed().expected("test.test_os.A.test_one") is None


def test_an_entry_holds_only_where_its_condition_does() -> None:
    elsewhere = replace(
        expecting("test.test_os.*", Expectation.FAILED), when=Condition(sdk=(Requirement.parse("wasi-sdk<20"),))
    )
    assert listed(elsewhere).expected("test.test_os.A.test_one") is None


def test_a_tests_own_condition_narrows_the_limitations() -> None:
    def narrowed(cpython: str) -> Limitation:
        entry = expecting("test.test_os.*", Expectation.FAILED)
        when = Condition(cpython=(Requirement.parse(cpython),))
        return replace(entry, tests=(replace(entry.tests[0], when=when),))

    assert listed(narrowed(">=3.13")).expected("test.test_os.A.test_one") is not None
    assert listed(narrowed("<3.13")).expected("test.test_os.A.test_one") is None


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Condition(), True),
        (Condition(target=("wasi",)), True),
        (Condition(target=("node", "browser")), False),
        (Condition(sdk=(Requirement.parse("16"), Requirement.parse("24"))), True),
        (Condition(sdk=(Requirement.parse("emscripten>=1"),)), False),
        (Condition(cpython=(Requirement.parse("3.13"),)), True),
        (Condition(cpython=(Requirement.parse("cpython>=3.14"),)), False),
        (Condition(runtime=(Requirement.parse("wasmtime-5*"),)), True),
        (Condition(runtime=(Requirement.parse("wasmtime-cli-*"),)), False),
        (Condition(target=("wasi",), cpython=(Requirement.parse("<3.13"),)), False),
    ],
)
def test_a_condition_holds_when_each_axis_that_it_names_matches(condition: Condition, holds: bool) -> None:
    assert condition.holds(FACTS) is holds


# --- what an entry expects


@pytest.mark.parametrize("run", [True, False])
@pytest.mark.parametrize("expect", [None, *Expectation])
@pytest.mark.parametrize("status", sorted(FAILING_STATUSES))
def test_what_is_expected_while_running_is_what_is_judged_later(
    status: Status, expect: Expectation | None, run: bool
) -> None:
    cell = listed() if expect is None else listed(expecting("test.*", expect, run=run))
    one = outcome(status=status)
    assert cell.expects(one.test, one.status) is (judge("test_a", one, cell).verdict not in RED_VERDICTS)


# --- explaining skips


def test_a_skip_is_attributed_by_its_reason() -> None:
    cell = listed(
        explaining(r"requires working os\.fork", name="no-fork"),
        explaining("requires threading", "No sockets", name="no-sockets"),
    )
    assert cell.attribute("requires working os.fork()") == "no-fork"
    assert cell.attribute("No sockets here") == "no-sockets"
    assert cell.attribute("requires zlib") is None


def test_a_reason_is_matched_at_its_start() -> None:
    assert listed(explaining("fork")).attribute("requires fork") is None


def test_a_dot_matches_the_newlines_of_a_reason() -> None:
    assert listed(explaining("requires.*fork")).attribute("requires\na\nfork") == "a-limitation"


def test_of_two_explanations_the_first_counts() -> None:
    cell = listed(explaining("requires", name="first"), explaining("requires fork", name="second"))
    assert cell.attribute("requires fork") == "first"


def test_what_does_not_hold_here_explains_nothing() -> None:
    elsewhere = replace(explaining("requires"), when=Condition(target=("browser",)))
    assert listed(elsewhere).attribute("requires fork") is None


def test_two_modules_may_have_entries_of_their_own_for_one_name() -> None:
    entries = tuple(
        ExpectedTest(match="test.test_x.A.t", module=module, expect=expect, reason="seen")
        for module, expect in (("test_x", Expectation.FAILED), ("test_x_c", Expectation.ERRORED))
    )
    cell = listed(Limitation(id="both", title="both", section="tests", tests=entries))
    assert cell.expects("test.test_x.A.t", "failed", "test_x")
    assert cell.expects("test.test_x.A.t", "errored", "test_x_c")
    assert not cell.expects("test.test_x.A.t", "failed", "test_y")


def test_reasons_count_only_where_tests_give_them() -> None:
    entry = Limitation(
        id="no-tempdir",
        title="There is none",
        section="WASI",
        skip_reasons=("no tempdir$",),
        skip_when=Condition(cpython=(Requirement.parse("<3.12"),)),
    )
    limitations = Limitations((entry,))
    old, new = (limitations.for_cell(replace(FACTS, cpython=version)) for version in ("3.11.2", "3.13.5"))
    assert (old.entries, old.explaining, old.attribute("no tempdir")) == ((entry,), (entry,), "no-tempdir")
    assert (new.entries, new.explaining, new.attribute("no tempdir")) == ((entry,), (), None)


def test_a_probe_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[[limitation]]\nid = "a"\ntitle = "a"\nsection = "a"\nprobe = "no/such.py"\n')
    with pytest.raises(ConfigError, match=r"a\.toml: limitation 'a': there is no probe .*such\.py"):
        Limitations.load(tmp_path)


def test_every_limitation_has_a_probe() -> None:
    entries = Limitations.load().entries
    assert [entry.id for entry in entries if entry.section != NEUTRAL and not entry.probe] == []


def test_every_probe_is_of_an_entry() -> None:
    used = set(Limitations.load().probes().values())
    assert used == set(PROBES.rglob("*.py"))


@pytest.mark.parametrize(
    ("match", "expect", "run", "red"),
    [
        ("test.test_os.A.test_one", Expectation.FAILED, True, True),
        ("test.test_os.*", Expectation.CRASHED, True, True),
        ("test.test_os.*", Expectation.CRASHED, False, False),
        ("test.test_os.*", Expectation.SKIPPED, True, False),
        ("test.test_osx.*", Expectation.FAILED, True, False),
    ],
)
def test_a_module_with_an_entry_for_a_test_that_does_not_pass_is_known(
    match: str, expect: Expectation, run: bool, red: bool
) -> None:
    assert listed(expecting(match, expect, run=run)).expects_red("test_os") is red


# --- skip reasons that no test gives


def reasons(*given: str | SkipReason, section: str = "processes") -> Limitations:
    return Limitations((Limitation(id="no-fork", title="", section=section, skip_reasons=given),))


def test_the_reasons_that_no_test_gave_are_named() -> None:
    known = reasons("needs fork", "no os\\.fork", "nobody says it").for_cell(FACTS)
    assert known.not_given(["no os.fork here", "needs fork(2)"]) == [("no-fork", "nobody says it")]
    assert len(known.not_given([])) == 3


def test_a_reason_is_given_also_where_another_one_explains_it_first() -> None:
    assert reasons("needs", "needs fork").for_cell(FACTS).not_given(["needs fork"]) == []


def test_a_reason_may_be_seen_on_some_cells_only_and_explains_everywhere() -> None:
    late = SkipReason(match="needs fork", seen=Condition(cpython=(Requirement.parse(">=3.13"),)))
    old, new = (reasons(late).for_cell(replace(FACTS, cpython=version)) for version in ("3.11.2", "3.13.5"))
    assert (old.attribute("needs fork"), old.not_given([])) == ("no-fork", [])
    assert (new.attribute("needs fork"), new.not_given([])) == ("no-fork", [("no-fork", "needs fork")])
    assert (old.gives("no-fork", "needs fork"), new.gives("no-fork", "needs fork")) == (False, True)


def test_a_reason_that_depends_on_the_machine_need_not_be_given() -> None:
    known = reasons(SkipReason(match="needs gdb", varies=True)).for_cell(FACTS)
    assert (known.attribute("needs gdb"), known.not_given([])) == ("no-fork", [])


def test_neutral_reasons_need_not_be_given() -> None:
    assert reasons("resource not enabled", section=NEUTRAL).for_cell(FACTS).not_given([]) == []


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        ('{ match = "needs (fork" }', "'needs (fork' is not a regular expression"),
        ('{ seen = { target = ["wasi"] } }', "match"),
        ('{ match = "fork", sean = { target = ["wasi"] } }', "sean"),
        ('{ match = "fork", seen = { cpython = [">=three"] } }', ">=three"),
        ("1", "skip_reasons"),
    ],
)
def test_a_reason_that_does_not_fit_is_refused_by_file_and_key(files: Files, reason: str, problem: str) -> None:
    message = refusal(files(one=ENTRY.format(name="no-fork") + f"skip_reasons = [{reason}]\n"))
    assert "one.toml" in message
    assert problem in message
