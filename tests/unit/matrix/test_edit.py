"""The text of a limitations file after an edit: what was asked for changed, and nothing else."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix import edit
from matrix.errors import UsageError
from matrix.limitations import DIRECTORY, Limitations

TEXT = """\
# A file of limitations.

[[limitation]]
id = "no-fork" # said often
title = "There is no fork"
section = "processes"
skip_reasons = [
    "requires fork$", # most of them
]
references = ["seed"]

[[limitation.tests]]
match = ["test.a.A.test_1", "test.a.A.test_2"] # two
expect = "failed"
reason = "seen"

[[limitation.tests]]
match = "test.b.*"
expect = "crashed"
reason = "seen"

# The next one.
[[limitation]]
id = "no-pipe"
title = "There is no pipe"
section = "processes"
"""


def changes(after: str, before: str = TEXT) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


def add(text: str, limitation: str, *match: str, reason: str = "seen", **when: list[str]) -> str:
    return edit.add_tests(text, limitation, match=match, expect="errored", reason=reason, when=when)


def test_tests_are_added_at_the_end_of_an_entry() -> None:
    after = add(TEXT, "no-fork", "test.c.C.test_1", target=["wasi"], cpython=[">=3.13"])
    assert sorted(changes(after)) == [
        "+ ",
        "+ [[limitation.tests]]",
        '+ expect = "errored"',
        '+ match = "test.c.C.test_1"',
        '+ reason = "seen"',
        '+ when = { target = ["wasi"], cpython = [">=3.13"] }',
    ]
    assert after.index("test.b.*") < after.index("test.c.C.test_1") < after.index("# The next one.")


def test_an_entry_without_tests_gets_its_first() -> None:
    after = add(TEXT, "no-pipe", "test.c.C.test_1", "test.c.C.test_2")
    assert tomllib.loads(after)["limitation"][1]["tests"] == [
        {"match": ["test.c.C.test_1", "test.c.C.test_2"], "expect": "errored", "reason": "seen"}
    ]
    assert TEXT.rstrip() in after


def test_a_long_list_has_one_line_per_value() -> None:
    after = add(TEXT, "no-pipe", *(f"test.test_something_long.SomeTests.test_{number}" for number in range(4)))
    assert '\nmatch = [\n    "test.test_something_long.SomeTests.test_0",\n' in after


def test_an_added_skip_reason_is_a_pattern_for_exactly_that_text_on_the_cells_that_gave_it() -> None:
    after = edit.add_skip_reason(TEXT, "no-fork", "needs os.fork() (really)", {"target": ["wasi"]})
    (line,) = changes(after)
    assert line.startswith("+     {")
    assert tomllib.loads(after)["limitation"][0]["skip_reasons"] == [
        "requires fork$",
        {"match": "needs os\\.fork\\(\\) \\(really\\)$", "seen": {"target": ["wasi"]}},
    ]


def test_the_first_skip_reason_of_an_entry_is_added_before_the_other_keys() -> None:
    after = edit.add_skip_reason(TEXT, "no-pipe", "needs a pipe", {"target": ["wasi"], "cpython": ["==3.13.5"]})
    (line,) = changes(after)
    assert line.startswith("+ skip_reasons = [{")
    entry = tomllib.loads(after)["limitation"][1]
    assert entry["skip_reasons"] == [{"match": "needs a pipe$", "seen": {"target": ["wasi"], "cpython": ["==3.13.5"]}}]


def test_a_retired_name_is_removed_from_its_list() -> None:
    after = edit.retire(TEXT, "no-fork", "test.a.A.test_1")
    assert changes(after) == [
        '- match = ["test.a.A.test_1", "test.a.A.test_2"] # two',
        '+ match = ["test.a.A.test_2"] # two',
    ]


def test_a_table_without_names_is_removed() -> None:
    after = edit.retire(TEXT, "no-fork", "test.b.*")
    assert sorted(changes(after)) == [
        "- ",
        "- [[limitation.tests]]",
        '- expect = "crashed"',
        '- match = "test.b.*"',
        '- reason = "seen"',
    ]
    after = edit.retire(edit.retire(after, "no-fork", "test.a.A.test_2"), "no-fork", "test.a.A.test_1")
    assert "tests" not in tomllib.loads(after)["limitation"][0]


@pytest.mark.parametrize(("limitation", "match"), [("no-such", "test.b.*"), ("no-fork", "test.b"), ("no-pipe", "a")])
def test_an_unknown_entry_or_glob_is_refused_by_name(limitation: str, match: str) -> None:
    with pytest.raises(UsageError, match=r"there is no limitation|has no glob"):
        edit.retire(TEXT, limitation, match)


REASONS = TEXT.replace(
    '    "requires fork$", # most of them\n',
    """\
    "requires fork$", # most of them
    { match = "no os\\\\.fork$", seen = { cpython = [">=3.13"] } },
""",
)


@pytest.mark.parametrize(
    ("pattern", "gone"),
    [
        ("requires fork$", '-     "requires fork$", # most of them'),
        ("no os\\.fork$", '-     { match = "no os\\\\.fork$", seen = { cpython = [">=3.13"] } },'),
    ],
)
def test_a_skip_reason_is_retired(pattern: str, gone: str) -> None:
    after = edit.retire_skip_reason(REASONS, "no-fork", pattern)
    assert gone in changes(after, REASONS)
    assert len(tomllib.loads(after)["limitation"][0]["skip_reasons"]) == 1


def test_an_empty_list_of_skip_reasons_is_removed() -> None:
    after = edit.retire_skip_reason(TEXT, "no-fork", "requires fork$")
    assert "skip_reasons" not in tomllib.loads(after)["limitation"][0]
    assert tomllib.loads(after)["limitation"][0]["references"] == ["seed"]


@pytest.mark.parametrize("limitation", ["no-fork", "no-pipe"])
def test_an_unknown_skip_reason_is_refused_by_name(limitation: str) -> None:
    with pytest.raises(UsageError, match="has no skip reason 'needs a fork'"):
        edit.retire_skip_reason(TEXT, limitation, "needs a fork")


@given(st.text(), st.text(min_size=1))
def test_any_text_can_be_added_and_read_again(reason: str, printed: str) -> None:
    reason, printed = (text.encode("utf-8", "replace").decode() for text in (reason, printed))
    after = edit.add_skip_reason(add(TEXT, "no-pipe", "test.c", reason=reason), "no-pipe", printed, {})
    entry = tomllib.loads(after)["limitation"][1]
    assert entry["tests"][0]["reason"] == reason
    assert len(entry["skip_reasons"]) == 1


@pytest.mark.parametrize("name", [path.name for path in sorted(DIRECTORY.glob("*.toml"))])
def test_every_entry_of_the_real_list_can_be_edited_and_read(name: str, tmp_path: Path) -> None:
    text = (DIRECTORY / name).read_text("utf-8")
    for entry in edit.entry_ids(text):
        after = add(text, entry, "test.test_new.NewTests.test_new", target=["wasi"])
        (tmp_path / name).write_text(after, "utf-8")
        (found,) = (one for one in Limitations.load(tmp_path).entries if one.id == entry)
        assert found.tests[-1].match == "test.test_new.NewTests.test_new"
        assert not [line for line in changes(after, text) if line[0] == "-"]
        assert edit.retire(after, entry, "test.test_new.NewTests.test_new") == text
