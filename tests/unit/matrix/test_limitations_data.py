"""The project's own list of limitations: what it says of skips that no recorded suite has."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from matrix.conditions import BuildOption
from matrix.limitations import Limitations
from tests.unit.made import FACTS


@pytest.mark.parametrize(
    ("reason", "limitation"),
    [
        ("requires deep stack", "call-stack-limited"),
        ("requires too much stack", "call-stack-limited"),
        ("object <module 'os' from '/Lib/os.py'> has no attribute 'startfile'", "windows-only"),
    ],
)
def test_what_only_a_debug_build_on_wasi_skips_is_explained(reason: str, limitation: str) -> None:
    debug = Limitations.load().for_cell(replace(FACTS, options=BuildOption.DEBUG))
    assert debug.attribute(reason) == limitation
