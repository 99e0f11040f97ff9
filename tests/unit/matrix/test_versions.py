from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.versions import Requirement, any_match

numbers = st.integers(0, 99)
triples = st.tuples(numbers, numbers, numbers)
names = st.from_regex(r"[a-z][a-z0-9]{0,6}(-[a-z]{1,5})?", fullmatch=True)


def dotted(*parts: int) -> str:
    return ".".join(map(str, parts))


@pytest.mark.parametrize(
    ("text", "name", "version", "holds"),
    [
        # a range, with a name and without
        ("wasi-sdk>=20", "wasi-sdk", "24", True),
        ("wasi-sdk>=20", "wasi-sdk", "16", False),
        ("wasi-sdk>=20", "emscripten", "24", False),
        ("wasi-sdk >= 20", "wasi-sdk", "20", True),
        (">=3.11,<3.14", "cpython", "3.13.5", True),
        (">=3.11,<3.14", "cpython", "3.14.0", False),
        ("wasmtime==50.*", "wasmtime", "50.0.1", True),
        ("wasmtime==50.*", "wasmtime-cli", "50.0.1", False),
        ("!=3.12.0", "cpython", "3.12.0", False),
        ("~=3.13.2", "cpython", "3.13.5", True),
        # a plain version stands for all that it is a prefix of, number by number
        ("3.13", "cpython", "3.13.5", True),
        ("3.1", "cpython", "3.13.5", False),
        ("3.13.5", "cpython", "3.13.5", True),
        ("24", "wasi-sdk", "24", True),
        ("24", "wasi-sdk", "24.1", True),
        ("2", "wasi-sdk", "24", False),
        # pre-releases
        ("3.15", "cpython", "3.15.0a2", True),
        ("3.15.0a2", "cpython", "3.15.0a2", True),
        ("3.15.0a2", "cpython", "3.15.0a3", False),
        (">=3.14", "cpython", "3.15.0a2", True),
        # a glob over name-version
        ("wasi-sdk-*", "wasi-sdk", "24", True),
        ("wasmtime-5*", "wasmtime", "50.0.1", True),
        ("wasmtime-5*", "wasmtime", "49.0.0", False),
        ("wasmtime-5*", "wasmtime-cli", "50.0.1", False),
        ("wasi-sdk-2[45]", "wasi-sdk", "25", True),
        ("wasmtime", "wasmtime", "50.0.1", True),
        ("wasmtime", "wasmtime-cli", "50.0.1", False),
        ("WASI-SDK-*", "wasi-sdk", "24", False),
        ("*", "anything", "1", True),
        # everything else
        ("!node-wasi<22", "node-wasi", "20.18.0", False),
        ("!node-wasi<22", "node-wasi", "22.20.0", True),
        ("!node-wasi<22", "wasmtime", "20.0.0", True),
        ("!firefox", "firefox", "installed", False),
        ("!!24", "wasi-sdk", "24", True),
    ],
)
def test_a_requirement_matches_names_and_versions(text: str, name: str, version: str, holds: bool) -> None:
    assert Requirement.parse(text).matches(name, version) is holds


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([], ["a-1", "a-2", "b-1"]),
        (["a"], ["a-1", "a-2"]),
        (["!a"], ["b-1"]),
        (["!a", "!b"], []),
        (["a", "!2"], ["a-1"]),
        (["!2", "a", "b"], ["a-1", "b-1"]),
        (["!=2"], ["a-1", "b-1"]),
        (["!=2", "a"], ["a-1", "a-2", "b-1"]),
    ],
)
def test_what_is_excluded_counts_whatever_else_is_named(texts: list[str], found: list[str]) -> None:
    wanted = [Requirement.parse(text) for text in texts]
    every = [("a", "1"), ("a", "2"), ("b", "1")]
    assert [f"{name}-{version}" for name, version in every if any_match(wanted, name, version)] == found


@pytest.mark.parametrize("text", [">=", "wasi-sdk>=", ">=x", "3.11 or 3.12", "a/b", ">=3.11;<3.14", "==3.*.1"])
def test_a_text_of_another_form_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        Requirement.parse(text)


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        Requirement.parse(text)


@given(st.text(max_size=30))
def test_any_text_parses_or_raises_value_error(text: str) -> None:
    try:
        requirement = Requirement.parse(text)
    except ValueError:
        return
    assert requirement.text == text
    assert requirement.matches("wasi-sdk", "24") in (True, False)


@given(st.text(max_size=12))
def test_any_text_can_be_matched_as_a_version(version: str) -> None:
    assert Requirement.parse(">=1").matches("name", version) in (True, False)


def test_an_invalid_version_matches_only_globs() -> None:
    assert Requirement.parse("emscripten-*").matches("emscripten", "tip-of-tree")
    assert not Requirement.parse("emscripten>=1").matches("emscripten", "tip-of-tree")
    assert not Requirement.parse("1").matches("emscripten", "tip-of-tree")


@given(triples)
def test_a_plain_version_matches_versions_that_it_is_a_prefix_of(version: tuple[int, int, int]) -> None:
    major, minor, _ = version
    for text in (dotted(major), dotted(major, minor), dotted(*version)):
        assert Requirement.parse(text).matches("any", dotted(*version))


@given(triples, triples)
def test_a_plain_version_matches_nothing_else(wanted: tuple[int, int, int], found: tuple[int, int, int]) -> None:
    series = dotted(*wanted[:2])
    assert Requirement.parse(series).matches("any", dotted(*found)) is (wanted[:2] == found[:2])


@given(triples, triples, triples)
def test_a_range_matches_all_versions_between_its_bounds(
    low: tuple[int, int, int], high: tuple[int, int, int], version: tuple[int, int, int]
) -> None:
    requirement = Requirement.parse(f">={dotted(*low)},<{dotted(*high)}")
    assert requirement.matches("any", dotted(*version)) is (low <= version < high)


@given(names, names, triples)
def test_a_range_with_a_name_matches_only_that_name(wanted: str, found: str, version: tuple[int, int, int]) -> None:
    assert Requirement.parse(f"{wanted}>=0").matches(found, dotted(*version)) is (wanted == found)


@given(names, triples)
def test_the_exact_id_matches_itself(name: str, version: tuple[int, int, int]) -> None:
    assert Requirement.parse(f"{name}-{dotted(*version)}").matches(name, dotted(*version))


@given(names, triples)
def test_surrounding_spaces_are_ignored(name: str, version: tuple[int, int, int]) -> None:
    text = f"{name}>={dotted(*version)}"
    assert Requirement.parse(f"  {text}\n").matches(name, dotted(*version))


def test_equal_texts_are_equal_requirements() -> None:
    assert Requirement.parse("3.13") == Requirement.parse("3.13")
    assert hash(Requirement.parse("3.13")) == hash(Requirement.parse("3.13"))
    assert Requirement.parse("3.13") != Requirement.parse("3.12")
    assert Requirement.parse("3.13") != "3.13"


def test_the_repr_recreates_the_requirement() -> None:
    requirement = Requirement.parse("wasi-sdk>=20")
    assert eval(repr(requirement)) == requirement


# --- pre-releases: what every checkout of main is


@pytest.mark.parametrize("version", ["3.16.0a0", "3.16.0a2", "3.16.0b1", "3.16.0rc2", "3.16.0.dev1"])
@pytest.mark.parametrize(
    ("text", "matches"),
    [
        (">=3.16", True),
        (">=3.11,<3.16", False),
        (">=3.16,<3.17", True),
        ("<3.16", False),
        (">3.15", True),
        ("3.16", True),
        ("3.16.0", True),
        ("==3.16.*", True),
        ("3.1", False),
        ("cpython>=3.16", True),
        ("cpython-3.16*", True),
    ],
)
def test_a_pre_release_stands_for_its_release(version: str, text: str, matches: bool) -> None:
    assert Requirement.parse(text).matches("cpython", version) is matches


@pytest.mark.parametrize(
    ("text", "version", "matches"),
    [
        ("3.14.0rc1", "3.14.0rc1", True),
        ("3.14.0rc1", "3.14.0", False),
        ("3.14.0rc1", "3.14.0rc2", False),
        (">=3.14.0rc1", "3.14.0b4", False),
        (">=3.14.0rc1", "3.14.0rc2", True),
        ("<3.14.0rc1", "3.14.0b4", True),
    ],
)
def test_a_requirement_that_names_a_pre_release_tells_them_apart(text: str, version: str, matches: bool) -> None:
    assert Requirement.parse(text).matches("cpython", version) is matches
