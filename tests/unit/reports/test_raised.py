"""`raised`: the exception of a failure and the first line of its message, as one line."""

from __future__ import annotations

import io
import traceback
import unittest
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.tracebacks import raised


def detail_of(test: Callable[[unittest.TestCase], None]) -> str:
    """What unittest writes of a failing test, the traceback of its first failure."""

    class Case(unittest.TestCase):
        def runTest(self) -> None:
            test(self)

    result = unittest.TestResult()
    Case().run(result)
    (_, text), *_ = [*result.failures, *result.errors]
    return text


def formatted(raiser: Callable[[], object]) -> str:
    """What `traceback` writes of an exception."""
    try:
        raiser()
    except BaseException as exc:
        return "".join(traceback.format_exception(exc))
    raise AssertionError("nothing was raised")


# --- unittest's own


def test_of_two_texts_that_differ_it_is_not_the_last_line_of_the_diff() -> None:
    detail = detail_of(lambda case: case.assertEqual("one\ntwo\n", "one\ntwx\n"))  # noqa: PT009
    assert detail.rstrip().splitlines()[-1].startswith("? ")
    assert raised(detail) == r"AssertionError: 'one\ntwo\n' != 'one\ntwx\n'"


def test_of_two_lists_that_differ_it_names_both() -> None:
    detail = detail_of(lambda case: case.assertEqual([1, 2], [1, 3], "the message"))  # noqa: PT009
    assert raised(detail) == "AssertionError: Lists differ: [1, 2] != [1, 3]"


def test_the_message_of_a_comparison_of_numbers_is_kept() -> None:
    assert raised(detail_of(lambda case: case.assertEqual(1, 2, "msg"))) == "AssertionError: 1 != 2 : msg"  # noqa: PT009


def test_a_message_that_begins_with_an_empty_line_is_shown_by_its_first_line_with_text() -> None:
    assert raised(detail_of(lambda case: case.fail("\n\nwhat it says\nmore"))) == "AssertionError: what it says"


def test_an_assertion_without_a_message_is_its_name() -> None:
    def fail(case: unittest.TestCase) -> None:
        raise AssertionError

    assert raised(detail_of(fail)) == "AssertionError"


# --- chains, and failures that are none


def test_of_a_chain_the_last_exception_counts() -> None:
    def both() -> None:
        try:
            raise KeyError("first")
        except KeyError as exc:
            raise ValueError("second\nand more") from exc

    def during() -> None:
        try:
            both()
        except ValueError:
            raise OSError(44, "No such file") from None

    def third() -> None:
        try:
            both()
        except ValueError:
            int("x")

    assert raised(formatted(both)) == "ValueError: second"
    assert raised(formatted(during)) == "OSError: [Errno 44] No such file"
    assert raised(formatted(third)) == "ValueError: invalid literal for int() with base 10: 'x'"


CHILD = """\
Traceback (most recent call last):
  File "/test_x.py", line 3, in test_x
    assert_python_ok("-c", code)
AssertionError: Process return code is 1
command line: ['python', '-c', 'x']

stderr:
---
Traceback (most recent call last):
  File "<string>", line 1, in <module>
KeyError: 1

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "<string>", line 2, in <module>
NameError: name 'x' is not defined
---
"""


def test_a_traceback_within_the_message_is_not_what_was_raised() -> None:
    assert raised(CHILD) == "AssertionError: Process return code is 1"


SUBTESTS = """\
test.test_x.Case.test_x [a message] (i=1)
Traceback (most recent call last):
  File "/test_x.py", line 3, in test_x
    self.assertEqual(a, b)
    ~~~~~~~~~~~~~~~~^^^^^^
AssertionError: 'a' != 'b'
- a
+ b


test.test_x.Case.test_x (i=2)
Traceback (most recent call last):
  File "/test_x.py", line 4, in test_x
ZeroDivisionError: division by zero
"""


def test_of_several_failures_of_a_test_the_first_one_is_shown_without_the_header_of_the_subtest() -> None:
    assert raised(SUBTESTS) == "AssertionError: 'a' != 'b'"


# --- other forms of tracebacks


def test_of_a_syntax_error_it_is_neither_the_code_nor_the_caret() -> None:
    assert raised(formatted(lambda: compile("x = = 1", "<string>", "exec"))) == "SyntaxError: invalid syntax"


def test_of_a_group_it_is_the_group_and_not_the_last_of_its_parts() -> None:
    def group() -> None:
        raise ExceptionGroup("several", [ValueError("one"), KeyError("two")])

    def chained() -> None:
        try:
            group()
        except ExceptionGroup:
            raise RuntimeError("after it") from None

    def chain_of_groups() -> None:
        try:
            group()
        except ExceptionGroup as exc:
            raise ExceptionGroup("again", [exc]) from exc

    assert raised(formatted(group)) == "ExceptionGroup: several (2 sub-exceptions)"
    assert raised(formatted(chained)) == "RuntimeError: after it"
    assert raised(formatted(chain_of_groups)) == "ExceptionGroup: again (1 sub-exception)"


def test_notes_of_an_exception_do_not_stand_for_it() -> None:
    def noted() -> None:
        exc = ValueError("bad")
        exc.add_note("a note")
        raise exc

    assert raised(formatted(noted)) == "ValueError: bad"


def test_an_exception_of_another_module_has_its_whole_name() -> None:
    def other() -> None:
        raise io.UnsupportedOperation("seek")

    assert raised(formatted(other)) == "io.UnsupportedOperation: seek"


def test_what_was_left_out_of_a_long_traceback_is_not_taken_for_the_exception() -> None:
    head = 'Traceback (most recent call last):\n  File "/a.py", line 1\n    f('
    cut = f"{head}\n[... 70000 characters left out ...]\n, in f\n    f()\nRecursionError: too deep\n"
    assert raised(cut) == "RecursionError: too deep"


def test_of_a_traceback_without_an_end_it_is_the_last_line() -> None:
    assert raised('Traceback (most recent call last):\n  File "/a.py", line 1') == 'File "/a.py", line 1'


# --- texts that are no traceback


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        (" \n\n\t", ""),
        ("unexpected success", "unexpected success"),
        ("one\n  two\n", "two"),
        ("the guest ended with SIGSEGV", "the guest ended with SIGSEGV"),
        (
            "Fatal Python error: Segmentation fault\n\nCurrent thread:\n  File x",
            "Fatal Python error: Segmentation fault",
        ),
        ("RuntimeError: unreachable\n    at wasm://wasm/00\n    at callMain", "RuntimeError: unreachable"),
        ("    at nowhere", "at nowhere"),
        ("Traceback (most recent call last):", "Traceback (most recent call last):"),
    ],
)
def test_a_text_without_a_traceback_is_shown_by_its_error_or_its_end(text: str, line: str) -> None:
    assert raised(text) == line


PIECES = st.sampled_from(
    [
        "Traceback (most recent call last):",
        "  + Exception Group Traceback (most recent call last):",
        "  | ",
        "  | ValueError: x",
        '  File "x", line 1',
        "During handling of the above exception, another exception occurred:",
        "ValueError:",
        "ValueError: \x1c\x85",
        "[... 12 characters left out ...]",
        "    at x",
        "Fatal Python error: ",
        "",
        "\u2028x",
        "\r",
    ]
)


@given(st.lists(PIECES | st.text(max_size=20), max_size=12).map("\n".join))
def test_it_is_one_line_for_any_text_and_empty_only_for_blank_text(text: str) -> None:
    line = raised(text)
    assert bool(line) == bool(text.strip())
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
