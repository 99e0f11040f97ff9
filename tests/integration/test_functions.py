"""What the build Python says of the functions of the library, and when it is asked."""

from __future__ import annotations

import py_compile
import sys
from pathlib import Path

import pytest

from harness.build.functions import functions_of
from matrix.errors import HarnessFault

pytestmark = pytest.mark.integration

PYTHON = Path(sys.executable)
MODULE = "def one():\n    return 1\n\ndef two():\n    return 2\n"
A, B = "/Lib/a.py", "/Lib/b.py"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree that guests see, with the byte code of two modules and of a test."""
    tree = tmp_path / "guest"
    (tree / "Lib/test").mkdir(parents=True)
    for path in (A, B, "/Lib/test/test_a.py"):
        source = tree / path.lstrip("/")
        source.write_text(MODULE)
        py_compile.compile(str(source), doraise=True)
    return tree


CODE = {A: "digest of a", B: "digest of b", "/Lib/test/test_a.py": "digest of a test"}


def test_the_functions_of_the_library_have_digests(tree: Path) -> None:
    found = functions_of(tree, CODE, PYTHON)
    assert found.keys() == {A, B}
    assert [len(digests) for digests in found.values()] == [3, 3]
    assert len({*found[A]}) == 3
    assert found[A] == found[B]


def test_only_what_is_new_is_asked_for(tree: Path) -> None:
    found = functions_of(tree, CODE, PYTHON)
    nothing = tree / "no-python"
    assert functions_of(tree, CODE, nothing) == found
    assert functions_of(tree, {A: CODE[A]}, nothing) == {A: found[A]}
    (tree / "Lib/b.py").write_text(MODULE.replace("return 2", "return 3"))
    py_compile.compile(str(tree / "Lib/b.py"), doraise=True)
    edited = functions_of(tree, CODE | {B: "another digest"}, PYTHON)
    assert edited[A] == found[A]
    assert [one == other for one, other in zip(edited[B], found[B], strict=True)] == [True, True, False]


@pytest.mark.parametrize("damage", [b"", b"{", b"x" * 1000])
def test_damaged_digests_are_asked_for_again(tree: Path, damage: bytes) -> None:
    found = functions_of(tree, CODE, PYTHON)
    (kept,) = (tree.parent / ".steps").glob("*.functions")
    kept.write_bytes(damage or kept.read_bytes().replace(b"0", b"1"))
    assert functions_of(tree, CODE, PYTHON) == found


def test_a_source_whose_byte_code_cannot_be_read_has_no_functions(tree: Path) -> None:
    (cached,) = (tree / "Lib/__pycache__").glob("b.*")
    cached.write_bytes(b"x" * 20)
    assert functions_of(tree, CODE, PYTHON).keys() == {A}


def test_a_python_that_does_not_work_is_a_fault(tree: Path) -> None:
    with pytest.raises(HarnessFault):
        functions_of(tree, CODE, tree / "no-python")
