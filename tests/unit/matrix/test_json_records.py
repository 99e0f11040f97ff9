from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.guests.settings import Limits
from harness.suite.batch import ModulePlan
from matrix import json_records


class Place(msgspec.Struct, frozen=True, kw_only=True):
    path: Path
    others: tuple[Path, ...] = ()


def test_paths_are_written_as_strings_and_read_as_paths() -> None:
    place = Place(path=Path("/a b/c"), others=(Path("d"),))
    data = json_records.encode(place)
    assert data == b'{"path":"/a b/c","others":["d"]}'
    assert json_records.decode(data, Place) == place


def test_a_value_without_a_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        json_records.encode({"what": object()})


def test_json_of_another_shape_is_refused() -> None:
    for data in (b"", b"{", b'{"path": 1}', b"[]", b'{"path":"\xff"}', b'{"x":' + b"[" * 100_000):
        with pytest.raises(msgspec.DecodeError):
            json_records.decode(data, Place)


def test_indented_json_is_the_same_record_and_ends_with_a_newline() -> None:
    plan = ModulePlan(module="test_a", match=("A",), done={"x": 1})
    text = json_records.indented(plan)
    assert text.endswith(b"}\n")
    assert text.count(b"\n") > 3
    assert json_records.decode(text, ModulePlan) == plan


def test_limits_are_read_back() -> None:
    assert json_records.decode(json_records.encode(Limits(seconds=1.5)), Limits) == Limits(seconds=1.5)
