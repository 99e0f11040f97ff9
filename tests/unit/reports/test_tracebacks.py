"""Where an exception was raised, and a traceback in parts."""

from __future__ import annotations

import traceback

import pytest
from hypothesis import given

from reports.tracebacks import failures, raised, raised_at
from tests.unit.hostile import texts
from tests.unit.reports.test_raised import CHILD, SUBTESTS, detail_of

IN_LIBRARY = """\
Traceback (most recent call last):
  File "/guest/Lib/unittest/case.py", line 58, in testPartExecutor
    yield
  File "/guest/Lib/test/test_glob.py", line 217, in test_glob_symlinks
    eq(self.glob("sym3"), [])
  File "<frozen os>", line 539, in _fwalk
NotADirectoryError: [Errno 54] Not a directory: 7
"""


def test_the_place_is_the_innermost_frame_and_frozen_modules_are_named_by_their_files() -> None:
    assert str(raised_at(IN_LIBRARY)) == "os.py, line 539, in _fwalk"


@pytest.mark.parametrize("library", ["/Lib", "/cache/builds/x/guest/Lib", "/usr/local/lib/python3.13"])
def test_a_file_of_the_library_has_the_same_name_in_every_build(library: str) -> None:
    place = raised_at(IN_LIBRARY.replace("<frozen os>", f"{library}/test/test_os.py"))
    assert place is not None
    assert place.file == "test/test_os.py"


def test_an_assertion_is_placed_where_it_is_made_and_not_in_unittest() -> None:
    inner = '  File "/guest/Lib/unittest/case.py", line 885, in assertEqual\n    raise\n'
    place = raised_at(IN_LIBRARY.replace('  File "<frozen os>", line 539, in _fwalk\n', inner))
    assert str(place) == "test/test_glob.py, line 217, in test_glob_symlinks"


def test_of_a_chain_the_place_is_that_of_the_last_exception() -> None:
    try:
        try:
            raise KeyError(1)
        except KeyError:
            int("x")
    except ValueError as exc:
        text = "".join(traceback.format_exception(exc))
    place = raised_at(text)
    assert place is not None
    assert place.text.splitlines()[1].strip() == 'int("x")'


@pytest.mark.parametrize("text", ["", "the guest ended with exit status 1", "Traceback (most recent call last):\n"])
def test_a_text_without_frames_has_no_place(text: str) -> None:
    assert raised_at(text) is None


def test_a_failure_in_parts_has_its_message_before_its_frames_and_those_of_unittest_apart() -> None:
    (one,) = failures(IN_LIBRARY.rstrip() + "\n- a\n+ b\n")
    assert one.raised == "NotADirectoryError: [Errno 54] Not a directory: 7"
    assert one.more == "- a\n+ b"
    assert "test_glob.py" in one.frames
    assert "unittest" not in one.frames
    assert one.runner == '  File "/guest/Lib/unittest/case.py", line 58, in testPartExecutor\n    yield'


def test_each_sub_test_is_a_failure_with_its_name() -> None:
    first, second = failures(SUBTESTS)
    assert first.before == "test.test_x.Case.test_x [a message] (i=1)"
    assert first.more == "- a\n+ b"
    assert second.before == "test.test_x.Case.test_x (i=2)"
    assert second.raised == "ZeroDivisionError: division by zero"


def test_the_traceback_of_a_child_stays_in_the_message() -> None:
    (one,) = failures(CHILD)
    assert one.raised == "AssertionError: Process return code is 1"
    assert one.more.startswith("command line")
    assert one.more.endswith("NameError: name 'x' is not defined\n---")


def test_a_chain_is_two_failures_of_which_the_second_says_how_it_follows() -> None:
    detail = 'Traceback (most recent call last):\n  File "/a.py", line 1, in f\nKeyError: 1\n\nDuring handling of the '
    detail += "above exception, another exception occurred:\n\n" + IN_LIBRARY
    first, second = failures(detail)
    assert (first.raised, first.more) == ("KeyError: 1", "")
    assert second.before.startswith("During handling")
    assert second.raised.startswith("NotADirectoryError")


def test_a_failing_tear_down_is_a_failure_of_its_own() -> None:
    assert [one.raised for one in failures(f"{IN_LIBRARY}\n{IN_LIBRARY.replace('Errno 54', 'Errno 2')}")] == [
        "NotADirectoryError: [Errno 54] Not a directory: 7",
        "NotADirectoryError: [Errno 2] Not a directory: 7",
    ]


def test_a_message_that_begins_with_an_empty_line_is_neither_lost_nor_repeated() -> None:
    (one,) = failures(detail_of(lambda case: case.fail("\n\nwhat it says\nmore")))
    assert (one.raised, one.more) == ("AssertionError: what it says", "more")


def test_a_text_without_a_traceback_has_no_failures() -> None:
    assert failures("the guest ended with a trap: unreachable") == ()


@given(texts)
def test_any_text_after_a_header_is_taken_apart(text: str) -> None:
    detail = f"Traceback (most recent call last):\n{text}"
    raised_at(detail)
    assert raised(detail) or not detail.strip()
    assert failures(detail)
