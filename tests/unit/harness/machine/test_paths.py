"""Paths that build tools cannot handle."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.machine.paths import unusable


@pytest.mark.parametrize("path", ["/cache", "/home/user/.cache/a-b_c.d+e@f,g~h", "/home/Jürgen/cpython", "/"])
def test_ordinary_paths_are_usable(path: str) -> None:
    assert unusable(Path(path)) is None


@pytest.mark.parametrize("character", list(" \t\n:'\"$`#=%\\;&|<>()*?[]!"))
def test_a_character_that_breaks_configure_or_make_is_named(character: str) -> None:
    reason = unusable(Path(f"/home/a{character}b"))
    assert reason == f"its path contains {character!r}, which configure and make cannot handle"
