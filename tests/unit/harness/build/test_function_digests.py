"""Which digests of a module's functions an edit changes, as the build Python says; here for the Python of the tests."""

from __future__ import annotations

import importlib
import marshal
import py_compile
from pathlib import Path

import pytest

from harness.build.function_digests import code_objects, digests_in

MODULE = """
LIMIT = 1

def first(a, b=2, *, c=3):
    \"\"\"The first.\"\"\"
    def inner():
        return a
    return inner, {1, 2, 3}

class Kept:
    one = LIMIT
    def method(self):
        return [x for x in range(10)]

def last():
    try:
        return LIMIT
    except ValueError:
        return 2
"""


def digests(directory: Path, text: str) -> dict[str, str]:
    """By the name of the function or class; that of the module is `<module>`."""
    source, compiled = directory / "module.py", directory / "module.pyc"
    source.write_text(text)
    py_compile.compile(str(source), str(compiled), dfile="/Lib/module.py", doraise=True)
    code = marshal.loads(compiled.read_bytes()[16:])
    names = [one.co_qualname for one in code_objects(code)]
    return dict(zip(names, digests_in(str(compiled)).split(), strict=True))


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("return a\n", "return b\n", {"first.<locals>.inner", "first"}),  # another closure
        ("return a\n", "return a + 1\n", {"first.<locals>.inner"}),
        ("return a\n", "return a\n        # more\n", set()),
        ("return 2\n", "return 3\n", {"last"}),
        ("return 2\n", "x = 2; return x\n", {"last"}),
        ("ValueError", "TypeError", {"last"}),
        ("{1, 2, 3}", "{1, 2, 4}", {"first"}),
        ("{1, 2, 3}", "{1, 2, 3.0}", {"first"}),
        ("The first.", "The very first.", {"first", "<module>"}),
        ("(a, b=2,", "(a, d=2,", {"first", "<module>"}),
        ("b=2", "b=3", {"<module>"}),
        ("LIMIT = 1", "LIMIT = 2", {"<module>"}),
        ("one = LIMIT", "one = 1", {"Kept"}),
        ("def method(self)", "def method(self, x)", {"Kept", "Kept.method"}),
        ("range(10)", "range(11)", {"Kept.method"}),
        ("def last()", "async def last()", {"last", "<module>"}),
        ("\n\n", "\n\n# lines move\n\n", set()),
        ("class Kept:\n", "class Kept:\n    # lines move\n\n", set()),
    ],
)
def test_an_edit_changes_the_digests_of_what_does_something_else(
    tmp_path: Path, old: str, new: str, changed: set[str]
) -> None:
    assert old in MODULE
    before, after = digests(tmp_path, MODULE), digests(tmp_path, MODULE.replace(old, new, 1))
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} == changed


def test_guests_number_code_objects_alike() -> None:
    guest = importlib.import_module("harness.guests.inside.functions")  # mypy does not check what runs in the guest
    code = compile(MODULE, "module.py", "exec")
    assert list(guest.code_objects(code)) == list(code_objects(code))
    assert len(list(code_objects(code))) > 5


def test_a_file_that_is_no_byte_code_has_no_digests(tmp_path: Path) -> None:
    (tmp_path / "module.pyc").write_bytes(b"x" * 20)
    with pytest.raises((ValueError, EOFError, TypeError)):
        digests_in(str(tmp_path / "module.pyc"))
