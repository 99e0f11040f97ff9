from __future__ import annotations

from pathlib import Path

import pytest

from harness.machine.store import Store
from harness.suite.known import First, Known, words_of

FILES = {"/Modules/_csv.c": "1", "/Objects/dictobject.c": "1", "/Lib/csv.py": "1", "/Lib/test/test_csv.py": "1"}
MODULES = ["test_abc", "test_csv", "test_dict", "test_ordered_dict", "test_userdict", "test_table"]
READS = {"test_csv": ["/Lib/csv.py"], "test_table": ["/Lib/csv.py ran 0,3"], "test_abc": ["/Lib/abc.py"]}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def known(store: Store, target: str = "wasi", series: str = "3.13", observer: str = "code") -> Known:
    return Known(store, target, series, observer)


def first(store: Store, *changed: str) -> tuple[list[str], list[str]]:
    """Those that probably fail, and those that import what was edited."""
    return known(store).first(FILES | dict.fromkeys(changed, "2"), MODULES)


def test_nothing_is_first_when_nothing_is_known_or_changed(store: Store) -> None:
    assert first(store, "/Modules/_csv.c") == ([], [])
    known(store).learn(FILES, READS, ())
    assert first(store) == ([], [])


def test_first_is_what_is_named_after_an_edited_file_then_what_imports_a_module_that_is(store: Store) -> None:
    known(store).learn(FILES, READS, ())
    assert first(store, "/Modules/_csv.c") == (["test_csv"], ["test_table"])
    assert first(store, "/Objects/dictobject.c") == (["test_dict", "test_ordered_dict"], [])


def test_what_failed_lately_comes_between_until_it_passes(store: Store) -> None:
    known(store).learn(FILES, READS, ["test_abc"])
    assert first(store, "/Modules/_csv.c") == (["test_csv", "test_abc"], ["test_table"])
    known(store).learn(FILES, {"test_csv": []}, [])
    assert first(store) == (["test_abc"], [])
    known(store).learn(FILES, {"test_abc": []}, [])
    assert first(store) == ([], [])


def test_after_a_change_of_branches_only_what_failed_lately_is_first(store: Store) -> None:
    modules = [f"test_a{number}" for number in range(40)]
    edited = {f"/Modules/a{number}module.c": "1" for number in range(40)}
    known(store).learn(edited, {module: ["/Lib/a0.py"] for module in modules}, ["test_a7"])

    def after(edits: int) -> First:
        return known(store).first(edited | dict.fromkeys(list(edited)[:edits], "2"), modules)

    assert len(after(2).likely) == 3
    assert after(40) == (["test_a7"], [])


@pytest.mark.parametrize("path", ["/Lib/csv.py", "/Lib/test/test_csv.py"])
def test_after_an_edit_in_python_only_what_is_named_after_it_is_first(store: Store, path: str) -> None:
    known(store).learn(FILES, READS, ())
    assert first(store, path) == (["test_csv"], [])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/Modules/_json.c", {"json"}),
        ("/Modules/mathmodule.c", {"math"}),
        ("/Objects/dictobject.c", {"dict"}),
        ("/Modules/_decimal/libmpdec/mpdecimal.c", {"mpdecimal", "decimal", "libmpdec"}),
        ("/Modules/clinic/_csv.c.h", {"csv"}),
        ("/Include/Python.h", {"Python"}),
        ("/Lib/os.py", {"os"}),
        ("/Lib/json/__init__.py", {"json"}),
        ("/Lib/test/test_json/test_decode.py", {"json", "decode"}),
        ("/Lib/test/support/import_helper.py", {"support", "import_helper"}),
    ],
)
def test_a_file_is_called_like_what_it_implements_or_tests(path: str, words: set[str]) -> None:
    assert words_of(path) == words


def test_what_modules_depend_on_is_remembered_for_each_target_and_series(store: Store) -> None:
    known(store).learn(FILES, {"test_a": ["/a"], "test_b": ["/b"]}, ())
    known(store).learn(FILES, {"test_a": ["/c"], "test_b": []}, ())
    assert known(store).reads == {"test_a": ("/c",)}
    assert known(store, series="3.14").reads == known(store, target="node").reads == {}


def test_what_other_code_of_the_harness_saw_is_not_all_that_modules_depend_on(store: Store) -> None:
    known(store).learn(FILES, READS, ["test_abc"])
    assert known(store, observer="other").reads == {}
    assert known(store, observer="other").first(FILES, ["test_abc", "test_csv"]).likely == ["test_abc"]
    known(store, observer="other").learn(FILES, {"test_csv": ["/c"]}, ())
    assert known(store, observer="other").reads == {"test_csv": ("/c",)}


@pytest.mark.parametrize("damage", [b"", b"{}", b"no JSON", b'{"reads": 1}'])
def test_what_is_known_may_be_damaged(store: Store, tmp_path: Path, damage: bytes) -> None:
    known(store).learn(FILES, READS, ["test_abc"])
    (tmp_path / "state/last/wasi-3.13.json").write_bytes(damage)
    assert known(store).reads == {}
    known(store).learn(FILES, READS, ())
    assert set(known(store).reads) == set(READS)
