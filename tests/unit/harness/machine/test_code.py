"""What counts as the code of a part, and that a change of any of it changes the part's digest."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import TOP
from harness.guests.digest import GUEST_CODE
from harness.machine.code import code_digest, files_of
from harness.runs.ci import BUILD_CODE
from tests.unit.test_imports import SOURCES, imports_of

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(**files: str) -> Path:
        """Write modules: `a__b="..."` is `a/b.py`; each package gets an `__init__.py`."""
        for name, text in files.items():
            path = tmp_path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            for package in path.relative_to(tmp_path).parents[:-1]:
                (tmp_path / package / "__init__.py").touch()
        return tmp_path

    return write


@pytest.mark.parametrize(
    "text",
    [
        "import b.one",
        "import os, b.one as two",
        "from b import one",
        "from b.one import thing",
        "from b import (\n    other,\n    one,\n)",
        "from b import one \\\n    as two",
        "def f():\n    if x:\n        from b import one",
        "try:\n    pass\nexcept ImportError:\n    import b.one",
        "match x:\n    case 1:\n        import b.one",
        "class C:\n    with x:\n        for y in z: import b.one",
        "x = 1; import b.one",
        "from ..b import one",
        "from ..b.one import thing",
    ],
)
def test_every_form_of_import_is_followed(write: Write, text: str) -> None:
    top = write(a__start=text, b__one="")
    package = {"a/__init__.py"} if text.startswith("from ..") else set()
    assert set(files_of(["a/start.py"], top)) - package == {"a/start.py", "b/__init__.py", "b/one.py"}


def test_imports_are_followed_through_modules_and_in_circles(write: Write) -> None:
    top = write(a="import b", b="import c.d", c__d="import a", e="import a")
    assert files_of(["a.py"], top) == ("a.py", "b.py", "c/__init__.py", "c/d.py")


def test_what_a_package_imports_counts(write: Write) -> None:
    top = write(a="import c.d", c__d="", b="")
    (top / "c/__init__.py").write_text("import b")
    assert files_of(["a.py"], top) == ("a.py", "b.py", "c/__init__.py", "c/d.py")


def test_other_projects_do_not_count(write: Write) -> None:
    top = write(a="import os, json.decoder\nfrom msgspec import json")
    assert files_of(["a.py"], top) == ("a.py",)


def test_of_a_folder_every_file_counts_but_byte_code(write: Write) -> None:
    top = write(a__b="", a__c__d="import e", e="")
    for name in ("a/page.html", "a/c/page.js", "a/c/__pycache__/d.cpython-311.pyc"):
        (top / name).parent.mkdir(exist_ok=True)
        (top / name).touch()
    expected = ("a/__init__.py", "a/b.py", "a/c/__init__.py", "a/c/d.py", "a/c/page.js", "a/page.html", "e.py")
    assert files_of(["a"], top) == expected


def test_a_root_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"a\.py is neither a module nor a folder"):
        files_of(["a.py"], tmp_path)


def test_the_digest_depends_on_names_and_contents_and_not_on_the_place(tmp_path: Path) -> None:
    def digest(place: str, name: str, text: str) -> str:
        path = tmp_path / place / "a" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
        return code_digest(("a",), tmp_path / place)

    first = digest("1", "b.py", "x = 1")
    assert digest("2", "b.py", "x = 1") == first
    assert digest("3", "c.py", "x = 1") != first
    assert digest("4", "b.py", "x = 2") != first


# --- the parts of this project


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's sources, to be changed."""
    top = tmp_path_factory.mktemp("project")
    for package in ("harness", "matrix", "reports"):
        shutil.copytree(TOP / package, top / package, ignore=shutil.ignore_patterns("__pycache__"))
    return top


@contextlib.contextmanager
def changed(path: Path) -> Iterator[None]:
    before = path.read_bytes()
    path.write_bytes(before + b"\n# changed\n")
    yield
    path.write_bytes(before)


PARTS = {"outcomes": GUEST_CODE, "builds": BUILD_CODE}


@pytest.mark.parametrize("roots", PARTS.values(), ids=PARTS)
def test_any_change_of_what_counts_changes_the_digest(copy: Path, roots: tuple[str, ...]) -> None:
    digest = code_digest.__wrapped__  # without the memory of what was computed before the change
    before = digest(roots, copy)
    for source in files_of(roots, copy):
        with changed(copy / source):
            assert digest(roots, copy) != before, source
    assert digest(roots, copy) == before


@pytest.mark.parametrize("roots", PARTS.values(), ids=PARTS)
def test_a_change_of_other_modules_does_not(copy: Path, roots: tuple[str, ...]) -> None:
    digest = code_digest.__wrapped__
    before = digest(roots, copy)
    others = set(SOURCES) - set(files_of(roots, copy))
    assert {"reports/verdict.py", "harness/runs/publish.py", "harness/__main__.py"} <= others
    with contextlib.ExitStack() as stack:
        for source in others:
            stack.enter_context(changed(copy / source))
        assert digest(roots, copy) == before


@pytest.mark.parametrize("roots", PARTS.values(), ids=PARTS)
def test_what_counts_is_closed_under_imports(roots: tuple[str, ...]) -> None:
    counting = set(files_of(roots))
    imported = {name for source in counting if source.endswith(".py") for name in imports_of(source)}
    modules = {name.replace(".", "/") for name in imported}
    missing = {source for source in SOURCES if source.removesuffix("/__init__.py").removesuffix(".py") in modules}
    assert missing <= counting


DECIDE_OUTCOMES = [
    "harness/build/stage.py",
    "harness/build/recipes/layout.py",
    "harness/guests/events.py",
    "harness/guests/inside/driver.py",
    "harness/guests/pages/suite.html",
    "harness/guests/pages/suite.worker.js",
    "harness/guests/runtimes/host.py",
    "harness/guests/runtimes/node_compiled.js",
    "harness/guests/session.py",
    "harness/machine/http_server.py",
    "harness/suite/batch.py",
    "harness/suite/plugin.py",
    "matrix/outcome.py",
]
DECIDE_BUILDS = [
    "harness/build/compiler_cache.py",
    "harness/build/configure_answers.py",
    "harness/build/execute.py",
    "harness/build/recipes/emscripten.py",
    "harness/build/stage.py",
    "harness/machine/unpack.py",
    "harness/provide/composed_wasi.py",
    "harness/provide/items.py",
    "harness/provide/obtain.py",
]


@pytest.mark.parametrize("source", DECIDE_OUTCOMES)
def test_this_decides_outcomes(source: str) -> None:
    assert source in files_of(GUEST_CODE)


@pytest.mark.parametrize("source", DECIDE_BUILDS)
def test_this_decides_builds(source: str) -> None:
    assert source in files_of(BUILD_CODE)


@pytest.mark.parametrize("folder", ["reports/", "harness/runs/", "harness/commands/"])
@pytest.mark.parametrize("roots", PARTS.values(), ids=PARTS)
def test_what_only_shows_results_decides_nothing(roots: tuple[str, ...], folder: str) -> None:
    assert not [name for name in files_of(roots) if name.startswith(folder)]


def test_guests_decide_no_builds() -> None:
    assert not [name for name in files_of(BUILD_CODE) if name.startswith(("harness/guests/", "harness/suite/"))]
