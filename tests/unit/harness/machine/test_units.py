"""Sizes and ages as people write them."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.machine.units import human_age, human_size, parse_age, parse_size
from matrix.errors import UsageError

DAY = datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "size"), [("20G", 20 << 30), ("500M", 500 << 20), ("1.5G", 3 << 29), ("0K", 0), ("2T", 2 << 40)]
)
def test_sizes_are_parsed(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "20", "G", "20g", "20GB", "-1G", "1e3G", "1,5G", "nan", "infG", " 1G", "1G\n", "٣G"]
)
def test_other_sizes_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"(?s)is not a size.*K, M, G or T: 20G, 500M, 1\.5G"):
        parse_size(text)


@pytest.mark.parametrize(("text", "days"), [("30d", 30), ("12h", 0.5), ("2w", 14), ("1.5d", 1.5), ("0d", 0)])
def test_ages_are_parsed(text: str, days: float) -> None:
    assert parse_age(text) == days * DAY


@pytest.mark.parametrize("text", ["", "30", "d", "30D", "30 d", "-1d", "5m", "1y", "9" * 30 + "d", "1d\n", "٣d"])
def test_other_ages_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"(?s)is not an age.*h, d or w.*12h, 30d"):
        parse_age(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0"), (512, "0.5K"), (4096, "4.0K"), (10 << 10, "10K"), (3 << 29, "1.5G"), (342 << 20, "342M")],
)  # fmt: skip
def test_sizes_are_written(size: int, text: str) -> None:
    assert human_size(size) == text


@given(st.integers(103, 1 << 55))
def test_written_sizes_can_be_parsed(size: int) -> None:
    assert parse_size(human_size(size)) == pytest.approx(size, rel=0.06, abs=52)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "just now"), (60, "1 min ago"), (7199, "1 h ago"), (86_399, "23 h ago"), (86_400, "1 d ago")],
)  # fmt: skip
def test_ages_are_written(seconds: float, text: str) -> None:
    assert human_age(datetime.timedelta(seconds=seconds)) == text
