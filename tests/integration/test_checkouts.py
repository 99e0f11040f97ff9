"""Users' checkouts of CPython in every state: read through real git, left as they are, known by their content."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.cells.request import CellRequest
from harness.cells.selection import cell_options, matrix_of, selected_cells, selection_of
from harness.cells.wanted import wanted
from harness.commands import options
from harness.commands.test import TEST
from harness.machine import git as machine_git
from harness.machine.store import Store
from harness.provide.cpython_commit import CPythonCommit
from harness.provide.cpython_directory import CPythonDirectory, cpython_from
from harness.provide.provider import Obtained, Provider, silently
from harness.suite.changed import since
from matrix.errors import MatrixError, Unobtainable, UsageError
from matrix.model import CPython
from matrix.resolve import resolve
from tests.integration.checkouts import checkout, commit, git, put, state
from tests.integration.conftest import BROKEN, Harness, real_store, summary

pytestmark = pytest.mark.integration
Change = Callable[[Path], Path]
"""brings a clean checkout into a state; where the checkout is then"""


def obtained(provider: Provider, store: Store) -> Obtained:
    return provider.obtain(store, silently)


# --- the same sources, in a checkout of any state


def clean(tree: Path) -> Path:
    return tree


def built_in_place(tree: Path) -> Path:
    for name in ("Makefile", "pyconfig.h", "Programs/python.o", "Lib/__pycache__/os.cpython-313.pyc"):
        put(tree, name, "made by a build")
    return tree


def at_an_odd_path(tree: Path) -> Path:
    return tree.rename(tree.with_name('it\'s a "tree" with été'))


def a_worktree(tree: Path) -> Path:
    git(tree, "worktree", "add", "--quiet", "--detach", str(tree.with_name("worktree")))
    return tree.with_name("worktree")


def untracked(tree: Path) -> Path:
    put(tree, "Lib/new.py", "import os\n")
    return tree


def deleted(tree: Path) -> Path:
    (tree / "Modules/posixmodule.c").unlink()
    return tree


def edited(tree: Path) -> Path:
    put(tree, "Lib/os.py", "import os\n")
    git(tree, "add", "Lib/os.py")
    put(tree, "Lib/os.py", "import sys, os\n")
    return tree


def with_a_submodule(tree: Path) -> Path:
    other = checkout(tree.with_name("other"))
    git(tree, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "Modules/expat")
    return tree


def in_conflict(tree: Path) -> Path:
    git(tree, "checkout", "--quiet", "-b", "side")
    put(tree, "Lib/os.py", "import one\n")
    commit(tree)
    git(tree, "checkout", "--quiet", "main")
    put(tree, "Lib/os.py", "import other\n")
    commit(tree)
    git(tree, "merge", "side", check=False)
    assert "<<<<<<<" in (tree / "Lib/os.py").read_text()
    return tree


@pytest.mark.parametrize("change", [clean, built_in_place, at_an_odd_path, a_worktree])
def test_a_state_that_leaves_the_sources_alone_changes_nothing(tmp_path: Path, store: Store, change: Change) -> None:
    expected = obtained(CPythonDirectory(checkout(tmp_path / "another")), store)
    tree = change(checkout(tmp_path / "tree"))
    found = obtained(CPythonDirectory(tree), store)
    assert (found.path, found.digest) == (expected.path, expected.digest)
    assert "changed since" not in found.detail


@pytest.mark.parametrize(
    "change",
    [clean, built_in_place, at_an_odd_path, a_worktree, untracked, deleted, edited, with_a_submodule, in_conflict],
)
def test_the_sources_are_those_that_a_commit_of_them_has(tmp_path: Path, store: Store, change: Change) -> None:
    tree = change(checkout(tmp_path / "tree"))
    before = state(tree)
    found = obtained(CPythonDirectory(tree), store)
    again = obtained(CPythonDirectory(tree), store)
    assert state(tree) == before
    if change is a_worktree:  # a copy of it would write to the same repository
        committed, everything = tree, git(tree, "rev-parse", "HEAD").strip()
    else:
        committed = tmp_path / "committed"
        shutil.copytree(tree, committed, symlinks=True)
        everything = commit(committed)
    at_commit = obtained(CPythonCommit(committed, everything), store)
    assert found.path == again.path == at_commit.path
    assert found.digest == again.digest == at_commit.digest


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A checkout that cannot be written: a read-only mount where this machine allows it, else without permission."""
    tree, mount = checkout(tmp_path / "tree"), tmp_path / "mount"
    mount.mkdir()
    bound = subprocess.run(["mount", "--bind", tree, mount], check=False, capture_output=True).returncode == 0
    if bound:
        subprocess.run(["mount", "-o", "remount,bind,ro", mount], check=True)
        yield mount
        subprocess.run(["umount", mount], check=True)
        return
    places = [path for path in [tree, *tree.rglob("*")] if not path.is_symlink()]
    for path in places:
        path.chmod(path.stat().st_mode & ~0o222)
    yield tree
    for path in places:
        path.chmod(path.stat().st_mode | 0o200)


def test_a_read_only_checkout_is_used_like_any_other(read_only: Path, tmp_path: Path, store: Store) -> None:
    expected = obtained(CPythonDirectory(checkout(tmp_path / "another")), store)
    before = state(read_only)
    found = obtained(CPythonDirectory(read_only), store)
    head = obtained(CPythonCommit(read_only, git(read_only, "rev-parse", "HEAD").strip()), store)
    assert found.digest == head.digest == expected.digest
    assert state(read_only) == before


# --- revisions


def requested(*words: str) -> CellRequest:
    return options.cell_request(TEST.parse(["--target", "wasi", *words]))


@pytest.mark.parametrize("name", ["v1", "side", "HEAD~1", "HEAD@{1}"])
def test_a_revision_is_a_cell_of_its_own_and_the_checkout_stays_as_it_is(
    tmp_path: Path, store: Store, name: str
) -> None:
    tree = checkout(tmp_path / "tree")
    old = git(tree, "rev-parse", "HEAD").strip()
    git(tree, "tag", "--annotate", "--message", "a tag", "v1")
    git(tree, "branch", "side")
    put(tree, "Lib/os.py", "import later\n")
    put(tree, "Include/patchlevel.h", '#define PY_VERSION "3.13.0b1"\n')
    commit(tree)
    put(tree, "Lib/os.py", "not committed\n")
    before = state(tree)

    request = requested("--cpython", str(tree), "--cpython", f"{tree}@{name}", "--cpython", f"{tree}@HEAD")
    matrix = matrix_of(request)
    found = [one for one in matrix.cpythons if one.directory == tree]
    assert [one.id for one in found] == [
        "cpython-3.13.0b1-tree",
        f"cpython-3.13.0a5-tree-{old[:10]}",
        f"cpython-3.13.0b1-tree-{git(tree, 'rev-parse', 'HEAD')[:10]}",
    ]
    assert selection_of(request, matrix).cpython == tuple(one.id for one in found)
    assert f"--cpython '{tree}@{old}'".replace("'", "") in cell_options(request).replace("'", "")
    places = [obtained(CPythonDirectory(tree), store)]
    places += [obtained(CPythonCommit(tree, one.commit), store) for one in found[1:]]
    assert len({one.path for one in places}) == 3
    assert [(one.path / "Lib/os.py").read_text() for one in places] == [
        "not committed\n", "import sys\n", "import later\n"
    ]  # fmt: skip
    assert places[1].detail == f"{tree}, 3.13.0a5+, revision {old[:10]}"
    assert places[0].detail.endswith(", changed since")
    assert state(tree) == before


def test_a_branch_that_moves_does_not_move_what_was_asked_for(tmp_path: Path) -> None:
    tree = checkout(tmp_path / "tree")
    request = requested("--cpython", f"{tree}@main")
    before = matrix_of(request)
    put(tree, "Include/patchlevel.h", '#define PY_VERSION "3.14.0"\n')
    commit(tree)
    assert matrix_of(request) == before


def test_the_snapshot_moves_from_commit_to_commit_when_it_is_free(tmp_path: Path, store: Store) -> None:
    tree = checkout(tmp_path / "tree")
    first = git(tree, "rev-parse", "HEAD").strip()
    put(tree, "Lib/os.py", "import later\n")
    second = commit(tree)
    one = obtained(CPythonCommit(tree, first), store)
    unchanged = (one.path / "configure").lstat().st_mtime_ns
    store.release()
    other = obtained(CPythonCommit(tree, second), store)
    assert (other.path, other.digest == one.digest) == (one.path, False)
    assert (other.path / "Lib/os.py").read_text() == "import later\n"
    assert (other.path / "configure").lstat().st_mtime_ns == unchanged


@pytest.mark.parametrize("name", ["gone", "--upload-pack=x", "-h", "main..main", "main:Lib", ""])
def test_a_revision_that_is_none_is_a_mistake_with_a_message(tmp_path: Path, name: str) -> None:
    tree = checkout(tmp_path / "tree")
    with pytest.raises(UsageError, match=r"has no commit|is not the name of a commit") as raised:
        requested("--cpython", f"{tree}@{name}")
    assert raised.value.hint
    assert repr(name) in str(raised.value)


def test_the_pins_of_a_commit_are_those_of_the_commit(tmp_path: Path) -> None:
    tree = checkout(tmp_path / "tree")
    put(tree, "Platforms/WASI/config.toml", "[targets]\nwasi-sdk = 33\n")
    commit(tree)
    put(tree, "Platforms/WASI/config.toml", "no TOML")
    request = requested("--cpython", f"{tree}@HEAD", "--sdk", "24", "--cpython", f"{tree}@HEAD~1")
    matrix = matrix_of(request)
    pins = [wanted(resolve(matrix, cell)).sdk for cell in selected_cells(request, matrix)]
    assert "33" in pins
    assert len(set(pins)) == 2
    commit(tree)
    request = requested("--cpython", f"{tree}@HEAD", "--sdk", "24")
    matrix = matrix_of(request)
    (cell,) = selected_cells(request, matrix)
    with pytest.raises(Unobtainable, match=rf"{tree}@[0-9a-f]{{10}}/Platforms/WASI/config\.toml cannot be read"):
        wanted(resolve(matrix, cell))


def test_a_commit_that_is_no_cpython_is_a_mistake(tmp_path: Path) -> None:
    tree = checkout(tmp_path / "tree")
    git(tree, "rm", "-q", "Include/patchlevel.h")
    commit(tree)
    with pytest.raises(UsageError, match=r"cannot read Include/patchlevel\.h of"):
        matrix_of(requested("--cpython", f"{tree}@HEAD"))


def test_before_the_first_commit_there_is_no_revision(tmp_path: Path, store: Store) -> None:
    tree = checkout(tmp_path / "tree")
    git(tree, "update-ref", "-d", "HEAD")
    with pytest.raises(UsageError, match="has no commit 'HEAD'"):
        requested("--cpython", f"{tree}@HEAD")
    assert cpython_from(tree).version == "3.13.0a5"
    assert obtained(CPythonDirectory(tree), store).detail == f"{tree}, 3.13.0a5+, nothing is committed yet"


def test_a_tree_without_git_has_no_revisions(tmp_path: Path) -> None:
    tree = checkout(tmp_path / "tree")
    shutil.rmtree(tree / ".git")
    with pytest.raises(UsageError, match="is not the top of a git checkout"):
        requested("--cpython", f"{tree}@HEAD")


def test_a_checkout_without_the_git_command_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store
) -> None:
    tree = checkout(tmp_path / "tree")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MatrixError, match="git"):
        obtained(CPythonDirectory(tree), store)


@pytest.fixture
def of_another_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A checkout that git refuses to read: of another user where root runs the tests, else git is told that it is."""
    for name in ("SUDO_UID", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_COUNT"):  # developers may allow every directory
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    tree = checkout(tmp_path / "their tree")
    if os.getuid() == 0:
        for path in (tree, *tree.rglob("*")):
            os.chown(path, 12345, 12345, follow_symlinks=False)
    else:
        put(tmp_path, "bin/git", f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {shutil.which("git")} "$@"\n')
        (tmp_path / "bin/git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    return tree


@pytest.mark.parametrize("variable", ["HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL"])
def test_a_checkout_of_another_user_is_refused_until_the_user_allows_it(
    monkeypatch: pytest.MonkeyPatch, of_another_user: Path, store: Store, tmp_path: Path, variable: str
) -> None:
    tree = of_another_user
    if variable == "XDG_CONFIG_HOME":  # git writes the file that is there
        put(tmp_path, "settings/git/config", "")
    elif variable == "HOME":
        (tmp_path / "settings").mkdir()
    setting = {variable: str(tmp_path / "settings")}
    for words in (["--cpython", str(tree)], ["--cpython", f"{tree}@HEAD"]):
        with pytest.raises(UsageError, match="belongs to another user") as raised:
            matrix_of(requested(*words))
        assert str(tree) in raised.value.message
    allow = raised.value.hint.partition(": ")[2]
    assert allow.startswith("git config --global --add safe.directory ")
    subprocess.run(allow, shell=True, check=True, env=os.environ | setting)
    monkeypatch.setenv(*next(iter(setting.items())))
    (cpython,) = [one for one in matrix_of(requested("--cpython", str(tree))).cpythons if one.directory == tree]
    found = obtained(CPythonDirectory(tree), store)
    assert cpython.version == "3.13.0a5"
    assert ", revision " in found.detail


def test_a_tree_whose_repository_is_gone_is_read_without_git_and_the_report_says_so(
    tmp_path: Path, store: Store
) -> None:
    tree = a_worktree(checkout(tmp_path / "tree"))
    shutil.rmtree(tmp_path / "tree")
    found = obtained(CPythonDirectory(tree), store)
    assert found.notes == (f"git cannot read {tree}/.git: every file that no build makes counts as a source",)
    assert (found.path / "Lib/os.py").is_file()
    assert not (found.path / ".git").exists()


def test_a_path_with_an_at_sign_is_that_path(tmp_path: Path) -> None:
    tree = checkout(tmp_path / "a@b")
    request = requested("--cpython", str(tree), "--cpython", f"{tree}@main")
    assert request.cpython_paths == (tree,)
    assert [(one.directory, one.name) for one in request.cpython_commits] == [(tree, "main")]


def test_a_tree_that_changes_while_it_is_copied_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store
) -> None:
    tree = checkout(tmp_path / "tree")
    list_files = machine_git.listed_files

    def then_edit(place: Path) -> list[str]:
        names = list_files(place)
        real = os.lstat

        def lstat(path: str) -> os.stat_result:
            if str(path).endswith("Lib/os.py"):
                with open(path, "a") as file:
                    file.write("# more\n")
            return real(path)

        monkeypatch.setattr("harness.provide.snapshot.os.lstat", lstat)
        return names

    monkeypatch.setattr("harness.machine.git.listed_files", then_edit)
    with pytest.raises(Unobtainable, match=r"Lib/os\.py does not stop changing"):
        obtained(CPythonDirectory(tree), store)


# --- a real build


def test_a_checkout_at_an_odd_path_that_was_built_in_place_is_built_and_run(
    harness: Harness, tmp_path: Path, broken_tree: Path, cpython_source: Path
) -> None:
    """Its sources are those of `broken_tree`, whose build it shares: committed as a release has them, then edited."""
    tree = tmp_path / "my check'out"
    shutil.copytree(broken_tree, tree, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", ".git"))
    changed = [f"Lib/test/{module}.py" for module in BROKEN]
    for name in changed:
        shutil.copyfile(cpython_source / name, tree / name)
    git(tree, "init", "--quiet", "--initial-branch=main")
    products = ("Makefile", "pyconfig.h", "Programs/python.o", "Modules/config.c")
    put(tree, ".git/info/exclude", "".join(f"/{name}\n" for name in products))  # a release has no .gitignore
    head = commit(tree)
    for name in changed:
        shutil.copyfile(broken_tree / name, tree / name)
    for name in products:
        put(tree, name, "made by a build in the tree\n")
    before = state(tree)
    store = real_store()
    shared, found = (obtained(CPythonDirectory(one), store) for one in (broken_tree, tree))
    assert (found.path, found.digest) == (shared.path, shared.digest)
    result = harness("test", "--target", "wasi", "--cpython", str(tree), "test_json")
    assert result.returncode == 0, result.stdout + result.stderr
    assert state(tree) == before
    (cell,) = summary(tmp_path)["cells"]
    assert cell["cpython"]["detail"] == f"{tree}, 3.13.5, revision {head[:10]}, changed since"
    assert cell["counts"]["passed"] > 100
    page = next((tmp_path / "out/latest").glob("cells/*/index.html"), None) or tmp_path / "out/latest/index.html"
    assert head[:10] in page.read_text("utf-8")


# --- what differs from a commit


@pytest.fixture
def branched(tmp_path: Path) -> Path:
    """A checkout with a branch that follows `main`, which has gone on since."""
    tree = checkout(tmp_path / "tree")
    for name in ("Lib/csv.py", "Lib/gone.py", "Lib/kept.py"):
        put(tree, name, "before")
    commit(tree)
    git(tree, "branch", "-M", "main")
    git(tree, "switch", "-qc", "feature")
    git(tree, "branch", "--set-upstream-to=main")
    put(tree, "Lib/csv.py", "after")
    commit(tree)
    put(tree, "Lib/with blank\n.py", "new")
    (tree / "Lib/gone.py").unlink()
    git(tree, "branch", "-f", "later", "main")
    git(tree, "worktree", "add", "-q", str(tmp_path / "other"), "later")
    put(tmp_path / "other", "Lib/kept.py", "changed upstream")
    commit(tmp_path / "other")
    git(tree, "branch", "-f", "main", "later")
    return tree


def differs(tree: Path, name: str) -> dict[str, str]:
    found = since(CPython(version="3.13.5", directory=tree), name)
    return machine_git.differing(found.directory, found.commit)


def test_a_checkout_differs_from_where_it_left_its_upstream(branched: Path) -> None:
    own = {"Lib/csv.py": "M", "Lib/gone.py": "D", "Lib/with blank\n.py": "A"}
    assert differs(branched, "") == differs(branched, "main") == own
    assert differs(branched, "HEAD") == {name: letter for name, letter in own.items() if name != "Lib/csv.py"}


def test_a_difference_needs_a_checkout_a_commit_and_files(branched: Path, tmp_path: Path) -> None:
    git(branched, "branch", "--unset-upstream")
    no_tree = tmp_path / "no-checkout"
    no_tree.mkdir()
    for cpython, name, message in (
        (CPython(version="3.13.5", directory=branched), "", "follows no other"),
        (CPython(version="3.13.5", directory=branched), "nothing", "has no commit 'nothing'"),
        (CPython(version="3.13.5", directory=branched), "--output=x", "is not the name of a commit"),
        (CPython(version="3.13.5", directory=no_tree), "main", "is not the top of a git checkout"),
        (CPython(version="3.13.5", directory=branched, commit="0123456789"), "main", "not at a commit of it"),
        (CPython(version="3.13.5"), "main", "needs a checkout"),
    ):
        with pytest.raises(UsageError, match=message):
            since(cpython, name)
