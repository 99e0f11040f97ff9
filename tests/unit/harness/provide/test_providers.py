from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.machine.store import Store
from harness.provide.checks import sdk_defect, sdk_version
from harness.provide.directory import (
    VARIABLES,
    CPythonDirectory,
    cpython_from,
    sdk_from,
    tree_fingerprint,
    usual_sdk_directory,
)
from harness.provide.distribution import upstream_part
from harness.provide.items import cpython_providers, sdk_providers
from harness.provide.obtain import Obtained, Provider, availability, obtain
from matrix.archives import Archive
from matrix.errors import HarnessFault, MatrixError, Unobtainable, UsageError
from matrix.model import CPython, SdkFamily


def silent(message: str) -> None:
    pass


class Shelf:
    """A provider that makes a small entry in the store, or says why it cannot."""

    def __init__(self, name: str, problem: MatrixError | None = None) -> None:
        self.name = name
        self.problem = problem
        self.asked = 0

    def available(self, store: Store) -> str | None:
        return self.problem.message if self.problem else None

    def cached(self, store: Store) -> Obtained | None:
        if (manifest := store.manifest(self.name)) is None:
            return None
        return Obtained(path=store.entry(self.name), provider=self.name, detail=manifest.detail, digest="d")

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        self.asked += 1
        if self.problem:
            raise self.problem
        path, _ = store.obtain(self.name, lambda directory: ("d", self.name, "version 1", ()))
        return Obtained(path=path, provider=self.name, detail="version 1", digest="d")


# --- one after the other, best first


def test_the_first_provider_that_has_it_is_asked_only(store: Store) -> None:
    first, second = Shelf("first"), Shelf("second")
    found = obtain("sdk", [first, second], store, silent)
    assert (found.provider, found.notes) == ("first", ())
    assert second.asked == 0


def test_a_fallback_says_why(store: Store) -> None:
    said: list[str] = []
    first, second = Shelf("first", Unobtainable("no such release")), Shelf("second")
    found = obtain("sdk", [first, second], store, said.append)
    assert found.provider == "second"
    assert found.notes == ("first: no such release",)
    assert said == ["sdk: not from the first: no such release"]


def test_a_fallback_from_the_cache_still_says_why(store: Store) -> None:
    providers = [Shelf("first", Unobtainable("no such release")), Shelf("second")]
    fresh = obtain("sdk", providers, store, silent)
    assert obtain("sdk", providers, store, silent) == fresh
    assert providers[0].asked == providers[1].asked == 1


def test_a_fallback_of_one_item_is_not_that_of_another(store: Store) -> None:
    obtain("sdk/16", [Shelf("first", Unobtainable("no such release")), Shelf("second")], store, silent)
    assert obtain("sdk/24", [Shelf("first", Unobtainable("gone")), Shelf("second")], store, silent).notes == ()


def test_what_the_best_provider_has_at_last_is_no_fallback(store: Store) -> None:
    failing, second = Shelf("first", Unobtainable("no such release")), Shelf("second")
    obtain("sdk", [failing, second], store, silent)
    found = obtain("sdk", [Shelf("first"), second], store, silent, refresh=True)
    assert (found.provider, found.notes) == ("first", ())
    assert obtain("sdk", [Shelf("first"), second], store, silent).notes == ()


def test_what_is_in_the_cache_is_taken_from_there(store: Store) -> None:
    obtain("sdk", [Shelf("second")], store, silent)
    first = Shelf("first")
    assert obtain("sdk", [first, Shelf("second")], store, silent).provider == "second"
    assert first.asked == 0


def test_refreshing_asks_the_better_provider_again(store: Store) -> None:
    obtain("sdk", [Shelf("second")], store, silent)
    assert obtain("sdk", [Shelf("first"), Shelf("second")], store, silent, refresh=True).provider == "first"


def test_a_fault_of_the_machine_is_passed_over_as_well(store: Store) -> None:
    found = obtain("sdk", [Shelf("first", HarnessFault("disk full")), Shelf("second")], store, silent)
    assert found.notes == ("first: disk full",)


def test_when_no_provider_has_it_each_ones_reason_is_named(store: Store) -> None:
    providers = [Shelf("first", Unobtainable("no such release")), Shelf("second", Unobtainable("no index"))]
    with pytest.raises(Unobtainable) as caught:
        obtain("sdk", providers, store, silent)
    assert "sdk cannot be had here" in str(caught.value)
    assert "  - first: no such release\n  - second: no index" in str(caught.value)
    assert caught.value.exit_status == 3


def test_an_item_without_providers_says_so(store: Store) -> None:
    with pytest.raises(Unobtainable, match="it has no provider"):
        obtain("sdk", [], store, silent)


# --- what could be had


def test_availability_obtains_nothing(store: Store) -> None:
    shelf = Shelf("first")
    state = availability("item", [Shelf("none", Unobtainable("no such release")), shelf], store)
    assert (state.provider, state.reasons) == ("first", ("none: no such release",))
    assert shelf.asked == 0


def test_availability_of_what_is_cached_names_it(store: Store) -> None:
    obtain("sdk", [Shelf("first")], store, silent)
    state = availability("item", [Shelf("none", Unobtainable("gone")), Shelf("first")], store)
    assert (state.provider, state.detail) == ("first", "cached: version 1")


def test_availability_of_nothing_has_all_reasons(store: Store) -> None:
    state = availability("item", [Shelf("first", Unobtainable("one")), Shelf("second", Unobtainable("two"))], store)
    assert (state.provider, state.reasons) == (None, ("first: one", "second: two"))


# --- an SDK in a directory


def sdk_directory(path: Path, version: str | None = "24.0\nwasi-libc: abc\n") -> Path:
    (path / "bin").mkdir(parents=True)
    for tool in ("clang", "llvm-ar"):
        (path / "bin" / tool).write_text("")
    (path / "share/wasi-sysroot").mkdir(parents=True)
    if version is not None:
        (path / "VERSION").write_text(version)
    return path


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("anything", "24.0\nwasi-libc: abc\n", "24"),
        ("anything", "24\n", "24"),
        ("anything", "wasi-sdk 25.1", "25"),
        ("wasi-sdk-22.0", None, "22"),
        ("wasi-sdk-22.0-x86_64-linux", None, "22"),
        ("wasi-sdk-22.0", "", "22"),
        ("wasi-sdk-22.0", "\n24\n", "22"),
        ("wasi-sdk-22.0", "24.0", "24"),
        ("anything", None, None),
        ("anything", "", None),
        ("anything", "unknown", None),
    ],
)
def test_an_sdk_tells_its_version(tmp_path: Path, name: str, text: str | None, version: str | None) -> None:
    assert sdk_version(SdkFamily.WASI_SDK, sdk_directory(tmp_path / name, text)) == version


def test_an_sdk_is_named_after_its_version_and_kept_apart(tmp_path: Path) -> None:
    sdk = sdk_from(sdk_directory(tmp_path / "mine"))
    assert (sdk.id, sdk.version, sdk.directory) == ("wasi-sdk-24-directory", "24", tmp_path / "mine")


def test_a_directory_that_is_no_sdk_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/clang").write_text("")
    with pytest.raises(Unobtainable, match="llvm-ar, share/wasi-sysroot not in it"):
        sdk_from(tmp_path)
    assert sdk_defect(SdkFamily.WASI_SDK, tmp_path / "gone") == "there is no such directory"


def test_an_sdk_that_does_not_tell_its_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unobtainable, match="does not tell which version it is"):
        sdk_from(sdk_directory(tmp_path / "mine", None))


def test_the_usual_sdk_is_the_one_that_the_variable_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLES[SdkFamily.WASI_SDK], str(tmp_path))
    assert usual_sdk_directory(SdkFamily.WASI_SDK) == tmp_path


def test_an_sdk_of_another_version_in_the_usual_place_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store
) -> None:
    from tests.unit import made

    monkeypatch.setenv(VARIABLES[SdkFamily.WASI_SDK], str(sdk_directory(tmp_path / "mine")))
    (provider,) = sdk_providers(made.sdk("16"))
    reason = provider.available(store)
    assert reason is not None
    assert "is version 24, not 16" in reason
    assert provider.cached(store) is None


# --- a CPython tree


def cpython_tree(path: Path, version: str = "3.15.0a2+") -> Path:
    for name in ("configure", "Lib/os.py", "Lib/test/__init__.py"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(name)
    (path / "Include").mkdir()
    (path / "Include/patchlevel.h").write_text(f'/* */\n#define PY_VERSION      \t"{version}"\n')
    return path


@pytest.mark.parametrize(
    ("text", "version"), [("3.15.0a2+", "3.15.0a2"), ("3.13.5", "3.13.5"), ("3.14.0rc1", "3.14.0rc1")]
)
def test_a_tree_tells_its_version(tmp_path: Path, text: str, version: str) -> None:
    cpython = cpython_from(cpython_tree(tmp_path / "tree", text))
    assert (cpython.version, cpython.directory) == (version, tmp_path / "tree")
    assert cpython.id == f"cpython-{version}-tree"


def test_a_directory_that_is_no_tree_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"configure, Include/patchlevel\.h, Lib/os\.py, Lib/test not in it"):
        cpython_from(tmp_path)
    with pytest.raises(UsageError, match="there is no such directory"):
        cpython_from(tmp_path / "gone")


def test_a_tree_without_a_version_is_refused(tmp_path: Path) -> None:
    tree = cpython_tree(tmp_path / "tree")
    (tree / "Include/patchlevel.h").write_text("")
    with pytest.raises(UsageError, match="does not say which version it is"):
        cpython_from(tree)


def test_a_tree_is_taken_as_it_is(tmp_path: Path, store: Store) -> None:
    tree = cpython_tree(tmp_path / "tree")
    found = obtain("cpython", [CPythonDirectory(tree)], store, silent)
    assert (found.path, found.provider, found.digest) == (tree, "directory", tree_fingerprint(tree))


@pytest.mark.parametrize("trace", ["Programs/python.o", "pybuilddir.txt"])
def test_a_tree_that_was_built_in_place_is_refused_with_the_remedy(tmp_path: Path, store: Store, trace: str) -> None:
    tree = cpython_tree(tmp_path / "tree")
    (tree / trace).parent.mkdir(exist_ok=True)
    (tree / trace).write_text("")
    assert CPythonDirectory(tree).cached(store) is None
    with pytest.raises(Unobtainable, match="make distclean"):
        obtain("cpython", [CPythonDirectory(tree)], store, silent)


def test_an_edit_changes_a_trees_identity(tmp_path: Path) -> None:
    tree = cpython_tree(tmp_path / "tree")
    before = tree_fingerprint(tree)
    (tree / "Lib/os.py").write_text("edited")
    assert tree_fingerprint(tree) != before


def test_a_new_and_a_removed_file_change_a_trees_identity(tmp_path: Path) -> None:
    tree = cpython_tree(tmp_path / "tree")
    before = tree_fingerprint(tree)
    (tree / "Lib/new.py").write_text("")
    between = tree_fingerprint(tree)
    (tree / "Lib/new.py").unlink()
    assert tree_fingerprint(tree) == before != between


def test_what_git_and_builds_leave_does_not_change_a_trees_identity(tmp_path: Path) -> None:
    tree = cpython_tree(tmp_path / "tree")
    before = tree_fingerprint(tree)
    for name in (".git", "Lib/__pycache__", "cross-build", "builddir"):
        (tree / name).mkdir()
        (tree / name / "file").write_text("")
    assert tree_fingerprint(tree) == before


def test_a_tree_with_a_dangling_link_has_an_identity(tmp_path: Path) -> None:
    tree = cpython_tree(tmp_path / "tree")
    os.symlink("nowhere", tree / "Lib/link")
    assert tree_fingerprint(tree)


# --- which providers there are


def kinds(providers: list[Provider]) -> list[str]:
    return [provider.name for provider in providers]


def test_a_directory_that_was_named_is_the_only_provider(tmp_path: Path) -> None:
    assert kinds(sdk_providers(sdk_from(sdk_directory(tmp_path / "sdk")))) == ["directory"]
    assert kinds(cpython_providers(cpython_from(cpython_tree(tmp_path / "tree")))) == ["directory"]


def test_an_archive_without_a_hash_is_never_available(store: Store) -> None:
    cpython = CPython(version="3.13.5", archive=Archive(url="https://example.org/Python-3.13.5.tar.xz"))
    (provider,) = cpython_providers(cpython)
    reason = provider.available(store)
    assert reason is not None
    assert "no sha256 is known" in reason


@pytest.mark.parametrize(
    ("version", "upstream"),
    [
        ("3.13.5-2", "3.13.5"),
        ("1:14.0.6-12", "14.0.6"),
        ("0.0~git20220510.9886d3d-2", "0.0~git20220510.9886d3d"),
        ("1:19.1.7-3~deb12u1", "19.1.7"),
        ("1.2-3-4", "1.2-3"),
        ("3.13.5", "3.13.5"),
    ],
)
def test_the_upstream_part_of_a_debian_version(version: str, upstream: str) -> None:
    assert upstream_part(version) == upstream
