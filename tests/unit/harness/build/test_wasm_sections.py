"""Custom sections of WebAssembly modules, also of damaged ones."""

from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.build.wasm_sections import NotWasm, custom_section, target_features

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
