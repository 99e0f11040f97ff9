"""What was changed after it was sealed is noticed."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.machine import sealed

records = st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=4)


@given(records)
def test_what_was_sealed_is_read(record: dict[str, str]) -> None:
    assert sealed.decode(sealed.encode(record), dict[str, str]) == record


@given(records, st.data())
def test_what_was_changed_is_not_read_as_something_else(record: dict[str, str], data: st.DataObject) -> None:
    whole = bytearray(sealed.encode(record))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = sealed.decode(bytes(whole), dict[str, str])
    except msgspec.DecodeError:
        return
    # The name of the seal itself was changed: what it sealed was not.
    assert {name: value for name, value in found.items() if name in record} == record


@pytest.mark.parametrize("change", [(b"one", b"two"), (b"}", b""), (b"1", b"1 ")])
def test_a_seal_that_does_not_fit_is_an_error(change: tuple[bytes, bytes]) -> None:
    with pytest.raises(msgspec.DecodeError, match="seal"):
        sealed.decode(sealed.encode({"a": "one 1"}).replace(*change, 1), dict[str, str])


def test_what_earlier_versions_wrote_is_read() -> None:
    assert sealed.decode(b'{"a":"one"}', dict[str, str]) == {"a": "one"}
