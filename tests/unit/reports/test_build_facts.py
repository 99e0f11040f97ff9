from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reports import page
from reports.build_facts import (
    BuildChange,
    BuildDescription,
    BuildFacts,
    build_changes,
    flattened,
    pythoninfo_pairs,
    shown,
)
from tests.unit.summaries import HOSTILE, MARK, cell_of

FACTS = BuildFacts(
    platform={
        "sys.platform": "wasi",
        "sys.version": "3.13.5 (main, Nov 28 2026, 03:20:59) [Clang 19.1.7]",
        "os.uname().machine": "wasm32",
    },
    sysconfig={
        "HOST_GNU_TYPE": "wasm32-unknown-wasip1",
        "CC": "/home/me/sdk/bin/clang --sysroot=/home/me/sdk/share/root",
    },
    macros={"__wasm32__": "1"},
    target_features=("+sign-ext", "+simd128"),
)


def described(pythoninfo: str = "", **changes: Any) -> BuildDescription:
    return BuildDescription(facts=replace(FACTS, **changes), pythoninfo=pythoninfo)


def test_a_build_does_not_differ_from_itself() -> None:
    assert build_changes(described("a: 1"), described("a: 1")) == ()


def test_each_key_that_differs_is_a_row() -> None:
    after = described(
        "pymem.allocator: malloc_debug",
        sysconfig={"HOST_GNU_TYPE": "wasm64-unknown-emscripten"},
        macros=FACTS.macros | {"__wasm_atomics__": "1"},
        target_features=("+sign-ext",),
        build_details={"abi.flags": "d"},
    )
    assert {one.key: (one.before, one.after) for one in build_changes(described("pymem.allocator: malloc"), after)} == {
        "sysconfig.HOST_GNU_TYPE": ("wasm32-unknown-wasip1", "wasm64-unknown-emscripten"),
        "sysconfig.CC": ("clang --sysroot=root", ""),
        "macros.__wasm_atomics__": ("", "1"),
        "target_features": ("+sign-ext +simd128", "+sign-ext"),
        "build_details.abi.flags": ("", "d"),
        "pythoninfo: pymem.allocator": ("malloc", "malloc_debug"),
    }


def test_dates_and_places_are_no_difference() -> None:
    version = "3.13.5 (main, Dec  1 2026, 13:00:00) [Clang 19.1.7]"
    after = described(
        platform=FACTS.platform | {"sys.version": version},
        sysconfig=FACTS.sysconfig | {"CC": "/opt/sdk/bin/clang --sysroot=/opt/sdk/share/root"},
        target_features=("+simd128", "+sign-ext"),
    )
    assert build_changes(described(), after) == ()


@pytest.mark.parametrize(
    "key",
    [
        "time.time", "datetime.datetime.now", "os.getpid", "os.environ[PATH]", "os.getcwd", "os.cpu_count", "sys.path",
        "sys.argv", "sys.executable", "config[argv]", "config[hash_seed]", "config[module_search_paths]",
        "sysconfig[abs_builddir]", "tempfile.gettempdir", "socket.hostname", "resource.RLIMIT_NOFILE",
    ],
)  # fmt: skip
def test_lines_about_the_moment_are_not_compared(key: str) -> None:
    assert build_changes(described(f"{key}: 1"), described(f"{key}: 2")) == ()


@pytest.mark.parametrize(
    "key", ["config[use_frozen_modules]", "sys.flags", "time.get_clock_info(time)", "build.Py_DEBUG"]
)
def test_lines_about_the_build_are_compared(key: str) -> None:
    (change,) = build_changes(described(f"{key}: 1"), described(f"{key}: 2"))
    assert change == BuildChange(key=f"pythoninfo: {key}", before="1", after="2")


@pytest.mark.parametrize("key", ["sys.platform", "os.uname", "sys.hexversion", "sysconfig[HOST_GNU_TYPE]"])
def test_what_the_facts_say_is_not_said_twice(key: str) -> None:
    assert build_changes(described(f"{key}: 1"), described(f"{key}: 2")) == ()


def test_pythoninfo_is_read_as_it_is_printed() -> None:
    text = "Python debug information\n========\n\nos.name: posix\nsysconfig[CC]: cc -D A: b\nbroken\n"
    assert pythoninfo_pairs(text) == {"os.name": "posix", "sysconfig[CC]": "cc -D A: b"}


@given(st.text())
def test_any_text_is_read_as_pythoninfo(text: str) -> None:
    build_changes(described(text), described())


def test_nested_objects_become_rows() -> None:
    nested = {"schema_version": "1.0", "language": {"version_info": {"major": 3}}, "abi": {"flags": ["t", "d"]}}
    assert flattened(nested) == {
        "schema_version": "1.0",
        "language.version_info.major": "3",
        "abi.flags": "t, d",
    }


def test_a_table_has_only_the_words_that_differ_of_long_values() -> None:
    same = " ".join(f"'_module{number}'," for number in range(100))
    change = BuildChange(key="k", before=f"{same} '_ctypes',", after=f"{same} '_zstd',")
    assert shown(change) == ("... '_ctypes',", "... '_zstd',")
    assert shown(BuildChange(key="k", before="a b", after="a c")) == ("a b", "a c")


# --- the page of a cell


def shown_on_page(facts: BuildFacts) -> str:
    return page.cell_page(cell_of(build=facts), ()).content.decode()


def test_the_page_of_a_cell_has_the_facts_in_a_fold_out() -> None:
    text = shown_on_page(replace(FACTS, pythoninfo=True, notes=("not gathered: this",)))
    assert "<summary>What this build is</summary>" in text
    for word in ("wasm32-unknown-wasip1", "__wasm32__", "+sign-ext +simd128", "not gathered: this"):
        assert word in text
    assert '<a href="pythoninfo.txt">' in text
    assert "build-details.json" not in text


def test_the_page_of_a_cell_without_facts_has_no_fold_out() -> None:
    assert "What this build is" not in shown_on_page(BuildFacts())


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_facts_stay_text(text: str) -> None:
    words = {f"{MARK}<b>{text}": f"{MARK}<i>{text}"}
    html = shown_on_page(BuildFacts(platform=words, macros=words, target_features=(f"<u>{text}",), notes=(text,)))
    assert not [tag for tag in ("<b>", "<i>", "<u>") if tag in html]
