"""Snapshots of trees that git does not know: what is copied, shared, repaired and left alone."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from harness.machine.store import Store
from harness.provide import snapshot
from harness.provide.snapshot import Snapshot
from harness.provide.tree_files import is_made
from matrix.errors import Unobtainable

SOURCES = {
    "configure": "#!/bin/sh",
    "Lib/os.py": "import sys",
    "Lib/test/test_os.py": "import os",
    "Lib/test/build/data.so": "a test's own data",
    "Modules/Setup": "",
    "Modules/posixmodule.c": "int main;",
}
MADE = (
    "python", "Makefile", "pyconfig.h", "config.log", "pybuilddir.txt", "Modules/config.c", "Programs/python.o",
    "Modules/Setup.local", "Python/frozen_modules/os.h", "Lib/__pycache__/os.cpython-313.pyc", "libpython3.13.a",
    "cross-build/wasm32-wasip1/python.wasm", "build/lib.linux-x86_64-3.13/_json.so", "Lib/_sysconfigdata__linux_.py",
)  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return put(tmp_path / "tree", SOURCES)


def put(tree: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tree / "configure").chmod(0o755)
    return tree


def taken(tree: Path, store: Store) -> Snapshot:
    return snapshot.of_tree(tree, store, lambda message: None)


def contents(tree: Path) -> dict[str, str]:
    return {
        str(path.relative_to(tree)): path.read_text()
        for path in sorted(tree.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_a_snapshot_has_the_sources(tree: Path, store: Store) -> None:
    found = taken(tree, store)
    assert contents(found.path) == SOURCES
    assert found.path.is_relative_to(store.root)
    assert os.access(found.path / "configure", os.X_OK)


MAKEFILE = """
FROZEN_FILES_IN = \\
\t\tLib/os.py
$(WASM_STDLIB): $(srcdir)/Lib/*.py
\t$(FREEZE_MODULE) os $(srcdir)/Lib/os.py Python/frozen_modules/os.h
"""


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("Modules/posixmodule.c", True),
        ("Lib/os.py", True),  # it is frozen
        ("Lib/test/test_os.py", False),
        ("Lib/csv.py", False),  # a new one
        ("Makefile.pre.in", True),
    ],
)
def test_an_edit_concerns_make_unless_it_is_of_a_file_of_the_library_that_is_not_frozen(
    tmp_path: Path, store: Store, name: str, read: bool
) -> None:
    tree = put(tmp_path / "tree", SOURCES | {"Makefile.pre.in": MAKEFILE})
    before = taken(tree, store)
    put(tree, {name: f"{MAKEFILE}# edited"})
    after = taken(tree, store)
    assert before.digest != after.digest
    assert (before.make_digest != after.make_digest) is read


def test_every_edit_concerns_make_in_a_tree_without_a_makefile(tree: Path, store: Store) -> None:
    before = taken(tree, store)
    put(tree, {"Lib/test/test_os.py": "edited"})
    assert taken(tree, store).make_digest != before.make_digest


@pytest.mark.parametrize("name", MADE)
def test_what_a_build_made_is_left_out(tree: Path, store: Store, name: str) -> None:
    before = taken(tree, store).digest
    put(tree, {name: "made"})
    found = taken(tree, store)
    assert (contents(found.path), found.digest) == (SOURCES, before)


def test_a_setup_local_that_lists_modules_is_named(tree: Path, store: Store) -> None:
    put(tree, {"Modules/Setup.local": "# Edit this file\n"})
    assert taken(tree, store).left_out == ()
    put(tree, {"Modules/Setup.local": "*static*\n_json _json.c\n"})
    assert taken(tree, store).left_out == ("Modules/Setup.local",)


def test_nothing_is_written_to_the_tree(tree: Path, store: Store) -> None:
    before = {path: path.lstat().st_mtime_ns for path in (tree, *tree.rglob("*"))}
    for path in [*tree.rglob("*"), tree]:
        path.chmod(path.stat().st_mode & 0o555)
    taken(tree, store)
    assert {path: path.lstat().st_mtime_ns for path in (tree, *tree.rglob("*"))} == before


def test_an_unchanged_tree_is_not_copied_again(tree: Path, store: Store) -> None:
    first = taken(tree, store)
    again = taken(tree, Store(store.root))
    assert (again.path, again.digest, again.changed) == (first.path, first.digest, 0)


def test_only_what_changed_is_written(tree: Path, store: Store) -> None:
    first = taken(tree, Store(store.root))
    times = {name: (first.path / name).stat().st_mtime_ns for name in SOURCES}
    put(tree, {"Lib/os.py": "import sys, abc"})
    again = taken(tree, store)
    assert (again.path, again.changed) == (first.path, 1)
    assert again.digest != first.digest
    assert [name for name in SOURCES if (again.path / name).stat().st_mtime_ns != times[name]] == ["Lib/os.py"]


def test_the_same_sources_at_two_paths_share_a_snapshot(tree: Path, store: Store, tmp_path: Path) -> None:
    other = put(tmp_path / "it's another — path", SOURCES)
    one, two = taken(tree, store), taken(other, store)
    assert (one.path, one.digest) == (two.path, two.digest)


def test_a_tree_that_parts_from_its_twin_does_not_change_the_other_s_snapshot(
    tree: Path, store: Store, tmp_path: Path
) -> None:
    other = put(tmp_path / "other", SOURCES)
    shared = taken(tree, Store(store.root))
    put(other, {"Lib/os.py": "import abc"})
    own = taken(other, store)
    assert own.path != shared.path
    assert contents(shared.path) == SOURCES


def test_a_snapshot_that_another_run_uses_is_not_changed(tree: Path, store: Store, other: Store) -> None:
    used = taken(tree, other)
    put(tree, {"Lib/os.py": "import abc"})
    assert taken(tree, store).path != used.path
    assert contents(used.path) == SOURCES


def test_what_is_known_of_a_tree_is_not_believed_when_it_is_damaged(
    tree: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "_SETTLED", 0.0)
    taken(tree, store)
    (state,) = (store.root / "state/trees").iterdir()
    before = state.read_bytes()
    wrong = "0" if b'"0' not in before else "1"
    state.write_bytes(re.sub(rb'"[0-9a-f]', f'"{wrong}'.encode(), before, count=1))
    assert contents(taken(tree, store).path) == SOURCES
    assert state.read_bytes() == before


@pytest.mark.parametrize("harm", ["edited", "removed", "added", "listing"])
def test_damage_is_repaired(tree: Path, store: Store, harm: str) -> None:
    found = taken(tree, Store(store.root))
    match harm:
        case "edited":
            (found.path / "Lib/os.py").write_text("damaged by hand")
        case "removed":
            (found.path / "Lib/os.py").unlink()
        case "added":
            (found.path / "Lib/os.py").unlink()
            (found.path / "Lib/extra.py").write_text("")
        case "listing":
            (found.path.parent / "files.json").write_text("{")
    assert contents(taken(tree, store).path) == SOURCES


def test_a_file_becomes_a_directory_and_back(tree: Path, store: Store) -> None:
    taken(tree, Store(store.root))
    (tree / "Lib/os.py").unlink()
    put(tree, {"Lib/os.py/inner.py": ""})
    assert "Lib/os.py/inner.py" in contents(taken(tree, Store(store.root)).path)
    (tree / "Lib/os.py/inner.py").unlink()
    (tree / "Lib/os.py").rmdir()
    put(tree, {"Lib/os.py": "import sys"})
    assert contents(taken(tree, store).path) == SOURCES


def test_a_link_stays_a_link(tree: Path, store: Store) -> None:
    (tree / "Lib/link.py").symlink_to("os.py")
    (tree / "Lib/nowhere").symlink_to("gone")
    found = taken(tree, store)
    assert os.readlink(found.path / "Lib/link.py") == "os.py"
    assert os.readlink(found.path / "Lib/nowhere") == "gone"


def test_a_program_that_loses_its_bit_is_another_tree(tree: Path, store: Store) -> None:
    before = taken(tree, store).digest
    (tree / "configure").chmod(0o644)
    assert taken(tree, store).digest != before


def test_a_file_that_changes_while_it_is_copied_is_named(
    tree: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = snapshot.look

    def look_and_change(*args: object) -> object:
        seen = real(*args)  # type: ignore[arg-type]  # passed on as they are
        (tree / "Lib/os.py").write_text("changed after it was read")
        return seen

    monkeypatch.setattr(snapshot, "look", look_and_change)
    with pytest.raises(Unobtainable, match=r"Lib/os\.py changed while the tree was copied"):
        taken(tree, store)
    monkeypatch.undo()
    assert contents(taken(tree, store).path)["Lib/os.py"] == "changed after it was read"


def test_a_copy_that_was_broken_off_is_finished(tree: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    taken(tree, Store(store.root))
    put(tree, {"Lib/os.py": "import abc", "Lib/new.py": ""})
    write = snapshot._write

    def stop(tree: Path, name: str, *rest: object) -> object:
        if name == "Lib/os.py":
            raise KeyboardInterrupt
        return write(tree, name, *rest)  # type: ignore[arg-type]  # passed on as they are

    monkeypatch.setattr(snapshot, "_write", stop)
    with pytest.raises(KeyboardInterrupt):
        taken(tree, Store(store.root))
    monkeypatch.undo()
    assert contents(taken(tree, store).path) == SOURCES | {"Lib/os.py": "import abc", "Lib/new.py": ""}


@given(st.sampled_from(sorted(SOURCES)))
def test_no_source_is_taken_for_a_product(name: str) -> None:
    assert not is_made(name)


class Edits(RuleBasedStateMachine):
    """Random edits of a tree: its snapshot always has exactly its files."""

    @initialize(directory=st.uuids())
    def begin(self, directory: object) -> None:
        self.home = tempfile.TemporaryDirectory()
        self.tree = put(Path(self.home.name) / "tree", SOURCES)
        self.root = Path(self.home.name) / "cache"

    @rule(name=st.sampled_from(["Lib/a.py", "Lib/b/c.py", "Lib/b", "new/x"]), text=st.text(max_size=3))
    def write(self, name: str, text: str) -> None:
        path = self.tree / name
        if path.is_dir() or any(parent.is_file() for parent in path.parents):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())

    @rule(name=st.sampled_from(["Lib/a.py", "Lib/b/c.py", "Lib/b", "new/x", "Lib/os.py"]))
    def remove(self, name: str) -> None:
        if (self.tree / name).is_file():
            (self.tree / name).unlink()

    @invariant()
    def the_snapshot_has_the_same_files(self) -> None:
        if hasattr(self, "tree"):
            assert contents(taken(self.tree, Store(self.root)).path) == contents(self.tree)

    def teardown(self) -> None:
        if hasattr(self, "home"):
            self.home.cleanup()


Edits.TestCase.settings = settings(max_examples=15, stateful_step_count=8, deadline=None)
TestEdits = Edits.TestCase
