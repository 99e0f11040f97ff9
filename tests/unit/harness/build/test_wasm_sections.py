"""Custom sections of WebAssembly modules, also of damaged ones."""

from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.build.wasm_sections import NotWasm, custom_section, target_features, with_memory_limit

HEADER = b"\0asm\1\0\0\0"


def number(value: int) -> bytes:
    """A number in LEB128."""
    data = b""
    while value > 0x7F:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


def vector(data: bytes) -> bytes:
    return number(len(data)) + data


def section(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + vector(content)


def custom(name: str, content: bytes) -> bytes:
    return section(0, vector(name.encode()) + content)


def module(*sections: bytes) -> io.BytesIO:
    return io.BytesIO(HEADER + b"".join(sections))


def features(*signed: str) -> bytes:
    rows = (bytes([ord(one[0])]) + vector(one[1:].encode()) for one in signed)
    return custom("target_features", number(len(signed)) + b"".join(rows))


CODE = section(10, bytes(300))


def test_the_features_are_found_behind_code_and_other_custom_sections() -> None:
    file = module(custom("producers", b"\1"), CODE, features("+simd128", "-atomics", "=sign-ext"), CODE)
    assert target_features(file) == ("+simd128", "-atomics", "=sign-ext")


def test_a_module_without_the_section_has_none() -> None:
    assert target_features(module(CODE, custom("name", b"target_features"))) is None
    assert target_features(module()) is None


def test_a_section_without_features_is_not_a_missing_one() -> None:
    assert target_features(module(features())) == ()


@given(st.text(max_size=300), st.binary(max_size=300))
def test_any_custom_section_is_read_back(name: str, content: bytes) -> None:
    assert custom_section(module(CODE, custom(name, content), CODE), name) == content


DAMAGED = {
    "empty": b"",
    "not a module": b"#!/bin/sh\nexec",
    "a component": b"\0asm\x0d\0\1\0",
    "no size": HEADER + b"\0",
    "a size without an end": HEADER + b"\0" + b"\xff" * 9,
    "a size above 32 bits": HEADER + b"\0" + b"\xff\xff\xff\xff\x7f",
    "a section beyond the end": HEADER + b"\0" + number(1000) + b"\0",
    "a name beyond its section": HEADER + section(0, number(50) + b"target_features"),
    "no number of features": HEADER + custom("target_features", b""),
    "too many features": HEADER + custom("target_features", number(2**32 - 1)),
    "an unknown sign": HEADER + custom("target_features", number(1) + b"*" + vector(b"simd")),
    "a feature beyond its section": HEADER + custom("target_features", number(1) + b"+" + number(99) + b"simd"),
    "too large": HEADER + custom("target_features", bytes((1 << 20) + 1)),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_module_is_refused(data: bytes) -> None:
    with pytest.raises(NotWasm):
        target_features(io.BytesIO(data))


@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_do_more_than_be_refused(data: bytes, begun: bool) -> None:
    file = io.BytesIO((HEADER if begun else b"") + data)
    try:
        found = target_features(file)
    except NotWasm:
        return
    assert found is None or all(one[0] in "+-=" for one in found)


@given(st.data())
def test_a_module_cut_anywhere_is_refused_or_shorter(data: st.DataObject) -> None:
    whole = module(CODE, features("+simd128", "+atomics")).getvalue()
    cut = data.draw(st.integers(0, len(whole) - 1))
    with contextlib.suppress(NotWasm):
        assert target_features(io.BytesIO(whole[:cut])) is None


# --- the limit on memory


def with_memory(limits: bytes, *behind: bytes) -> bytes:
    return module(custom("name", b"x" * 200), section(5, number(1) + limits), *behind).getvalue()


CODE = section(10, b"code" * 100)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"\0" + number(160), b"\1" + number(160) + number(32768)),
        (b"\0" + number(32768), b"\1" + number(32768) + number(32768)),
        (b"\1" + number(1) + number(2), b"\1" + number(1) + number(2)),
        (b"\1" + number(1) + number(65536), b"\1" + number(1) + number(32768)),
        (b"\3" + number(1) + number(65536), b"\3" + number(1) + number(32768)),  # a shared memory
    ],
)
def test_a_memory_gets_a_maximum_and_nothing_else_changes(before: bytes, after: bytes) -> None:
    assert with_memory_limit(with_memory(before, CODE), 32768) == with_memory(after, CODE)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "does not begin like a WebAssembly module"),
        (HEADER, "has no memory of its own"),
        (module(CODE).getvalue(), "has no memory of its own"),
        (with_memory(b"\0" + number(200)), "has 200 pages from the start, and the limit is 100"),
        (with_memory(b"\0" + number(1))[:-1], "goes beyond the end"),
        (HEADER + section(5, b""), "damaged"),
        (HEADER + section(5, b"\1"), "damaged"),
        (HEADER + section(5, b"\2\0\1\0\1"), "damaged"),
        (HEADER + section(5, b"\1\1\1"), "damaged"),
    ],
)
def test_what_cannot_be_limited_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(NotWasm, match=problem):
        with_memory_limit(data, 100)


@given(st.binary())
def test_any_other_bytes_are_refused_too(data: bytes) -> None:
    with contextlib.suppress(NotWasm):
        with_memory_limit(HEADER + data, 100)
