"""What lies beside the driver in a guest runs on each CPython from 3.11 on; on the tests' own at least, it loads."""

from __future__ import annotations

import importlib

import pytest

from harness.suite.batch import DRIVER


@pytest.mark.parametrize("name", [path.stem for path in DRIVER[1:]])
def test_what_lies_beside_the_driver_loads(name: str) -> None:
    assert vars(importlib.import_module(f"harness.guests.inside.{name}"))
