"""Versions in Debian's archive."""

from __future__ import annotations

import pytest

from harness.provide.apt import upstream_part


@pytest.mark.parametrize(
    ("version", "upstream"),
    [
        ("3.13.5-2", "3.13.5"),
        ("1:14.0.6-12", "14.0.6"),
        ("0.0~git20220510.9886d3d-2", "0.0~git20220510.9886d3d"),
        ("1:19.1.7-3~deb12u1", "19.1.7"),
        ("1.2-3-4", "1.2-3"),
        ("3.13.5", "3.13.5"),
    ],
)
def test_the_upstream_part_of_a_debian_version(version: str, upstream: str) -> None:
    assert upstream_part(version) == upstream
