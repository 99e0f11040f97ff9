from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.build.configure_answers import answers_path, leave_answers, take_answers
from harness.machine.store import Store
from matrix.conditions import Condition
from matrix.resolve import ResolvedCell
from matrix.rules import Repair
from tests.unit import made
from tests.unit.harness.build.test_recipes_emscripten import PARTS

COMMON = """\
# This file is a shell script that caches the results of configure
ac_cv_alignof_long=${ac_cv_alignof_long=4}
ac_cv_host=${ac_cv_host=wasm32-unknown-emscripten}
ac_cv_lib_dl_dlopen=${ac_cv_lib_dl_dlopen=yes}
ac_cv_path_EGREP=${ac_cv_path_EGREP='/usr/bin/grep -E'}
ax_cv_c_float_words_bigendian=${ax_cv_c_float_words_bigendian=no}
"""
OWN = """\
ac_cv_build=${ac_cv_build=x86_64-pc-linux-gnu}
ac_cv_env_CC_set=set
ac_cv_env_CC_value='/sdk/emscripten/emcc'
ac_cv_env_LDFLAGS_set=
ac_cv_func_dlopen=${ac_cv_func_dlopen=no}
ac_cv_prog_PYTHON_FOR_REGEN=${ac_cv_prog_PYTHON_FOR_REGEN=/cache/builds/native_one/python}
py_cv_module__ctypes=${py_cv_module__ctypes=n/a}
"""
PREFIXES = (b"ac_cv_env_", b"py_cv_module_", b"ac_cv_build", b"ac_cv_func_dlopen=", b"ac_cv_prog_PYTHON_FOR_REGEN=")


def left_by(cache: bytes) -> bytes:
    """What others get of a configured build's cache."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "config.cache").write_bytes(cache)
        leave_answers(directory / "config.cache", directory / "shared")
        take_answers(directory / "shared", directory / "other/config.cache")
        return (directory / "other/config.cache").read_bytes()


# --- what is shared


def test_answers_that_every_flavour_finds_are_shared() -> None:
    assert left_by(COMMON.encode()) == COMMON.encode()


@pytest.mark.parametrize("line", OWN.splitlines(keepends=True))
def test_answers_that_are_a_builds_own_are_not_shared(line: str) -> None:
    assert left_by((COMMON + line).encode()) == COMMON.encode()


@pytest.mark.parametrize("name", ["ac_cv_func_dlopen_x", "ac_cv_func_dlclose", "my_ac_cv_env_CC", "ac_cv_environ"])
def test_answers_of_similar_names_are_shared(name: str) -> None:
    line = f"{name}=${{{name}=yes}}\n"
    assert left_by(line.encode()) == line.encode()


lines = st.one_of(
    st.sampled_from((COMMON + OWN).encode().splitlines()),
    st.builds(bytes.__add__, st.sampled_from(PREFIXES), st.binary(max_size=8)),
    st.binary(max_size=12),
).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b""))


@given(st.lists(lines))
def test_the_shared_answers_are_the_cache_without_a_builds_own_lines(cache: list[bytes]) -> None:
    kept = [line + b"\n" for line in cache if not line.startswith(PREFIXES)]
    assert left_by(b"".join(line + b"\n" for line in cache)) == b"".join(kept)


@given(st.binary())
def test_shared_answers_are_shared_again_unchanged(cache: bytes) -> None:
    assert left_by(left_by(cache)) == left_by(cache)


# --- giving and taking


def test_a_build_that_is_not_configured_takes_the_shared_answers(tmp_path: Path) -> None:
    one, shared, other = tmp_path / "config.cache", tmp_path / "state/shared", tmp_path / "other/host/config.cache"
    one.write_text(COMMON + OWN)
    leave_answers(one, shared)
    take_answers(shared, other)
    assert other.read_text() == COMMON
    assert one.read_text() == COMMON + OWN


def test_the_answers_of_a_configured_build_are_never_overwritten(tmp_path: Path) -> None:
    shared, cache = tmp_path / "shared", tmp_path / "config.cache"
    shared.write_text(COMMON)
    cache.write_text("its own\n")
    take_answers(shared, cache)
    assert cache.read_text() == "its own\n"


def test_the_first_builds_answers_stay_the_shared_ones(tmp_path: Path) -> None:
    shared, cache = tmp_path / "shared", tmp_path / "config.cache"
    shared.write_text(COMMON)
    cache.write_text("others\n")
    leave_answers(cache, shared)
    assert shared.read_text() == COMMON


def test_without_shared_answers_none_are_taken(tmp_path: Path) -> None:
    take_answers(tmp_path / "shared", tmp_path / "build/config.cache")
    assert not (tmp_path / "build").exists()


def test_a_build_without_answers_shares_none(tmp_path: Path) -> None:
    leave_answers(tmp_path / "config.cache", tmp_path / "state/shared")
    assert not (tmp_path / "state").exists()


def test_damaged_answers_are_not_taken_but_shared_again(tmp_path: Path) -> None:
    one, shared, other = tmp_path / "config.cache", tmp_path / "shared", tmp_path / "other"
    one.write_text(COMMON)
    leave_answers(one, shared)
    whole = shared.read_bytes()
    shared.write_bytes(whole.replace(b"yes", b"yet", 1))
    take_answers(shared, other)
    assert not other.exists()
    leave_answers(one, shared)
    assert shared.read_bytes() == whole


# --- who shares them


def repaired(**flags: tuple[str, ...]) -> ResolvedCell:
    """A cell whose build has a repair with these flags."""
    repair = Repair(when=Condition(), reason="", reference="", **flags)
    return made.resolved(repairs=(repair,))


def test_a_debug_build_takes_the_answers_of_a_plain_one(store: Store) -> None:
    plain = made.resolved()
    debug = replace(plain, build=replace(plain.build, debug=True))
    assert answers_path(debug, PARTS, store) == answers_path(plain, PARTS, store)


def test_flags_of_what_is_not_shared_do_not_keep_builds_apart(store: Store) -> None:
    without = repaired(configure=("py_cv_module__testexternalinspection=n/a",))
    assert answers_path(without, PARTS, store) == answers_path(made.resolved(), PARTS, store)


@pytest.mark.parametrize("name", ["cflags", "ldflags", "configure"])
def test_other_flags_keep_builds_apart(store: Store, name: str) -> None:
    other = repaired(**{name: ("ac_cv_func_chmod=no",)})
    assert answers_path(other, PARTS, store) != answers_path(made.resolved(), PARTS, store)
