"""What is read from the output of apt."""

from __future__ import annotations

import datetime
import os
import time

import pytest

from harness.machine.command import CommandFailed
from harness.machine.store import Store
from harness.provide import apt
from harness.provide.apt import Suite, upstream_part, with_present_indexes
from harness.provide.source_package import SourcePackage
from matrix.archives import SuitePackage
from matrix.errors import Unobtainable


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


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch, store: Store) -> Suite:
    """A suite whose index is fresh, and an apt that fails."""

    def fail(argv: list[str], **options: object) -> str:
        raise CommandFailed(argv, 100, "Reading package lists...\nE: The package lists are broken\n")

    monkeypatch.setattr(apt, "capture", fail)
    (store.root / "state/apt/trixie").mkdir(parents=True)
    (store.root / "state/apt/trixie/updated").touch()
    return Suite("trixie", store)


def test_a_failing_query_is_unobtainable_with_the_reason_of_apt(suite: Suite) -> None:
    with pytest.raises(Unobtainable) as caught:
        suite.versions(["clang-19"])
    assert caught.value.message == "suite trixie: apt-cache madison failed: E: The package lists are broken"


def test_a_failing_query_is_an_obstacle(suite: Suite, store: Store) -> None:
    provider = SourcePackage("item", SuitePackage(name="python3.13", suite="trixie", version="3.13.5"), "5c" * 32)
    assert provider.obstacle(store) == "suite trixie: apt-cache madison failed: E: The package lists are broken"


def indexed(name: str, store: Store, *, at: float, day: datetime.date | None = None) -> Suite:
    """A suite whose index was fetched at a time, in seconds since the epoch."""
    suite = Suite(name, store, day=day)
    stamp = store.root / "state/apt" / suite.name / "updated"
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.touch()
    os.utime(stamp, (at, at))
    return suite


class Attempts:
    """Obtains something at the given attempt; without one, never."""

    def __init__(self, good: int = 0) -> None:
        self.good = good
        self.made = 0

    def __call__(self) -> int:
        self.made += 1
        if self.made != self.good:
            raise Unobtainable(f"not at attempt {self.made}")
        return self.made


def test_what_an_older_index_lists_in_vain_is_asked_for_once_more(store: Store) -> None:
    suites = [indexed("trixie", store, at=1.0), indexed("forky", store, at=1.0)]
    assert with_present_indexes(suites, Attempts(good=2)) == 2
    assert not list(store.root.glob("state/apt/*/updated"))


def test_what_is_obtained_leaves_the_indexes_alone(store: Store) -> None:
    suite = indexed("trixie", store, at=1.0)
    assert with_present_indexes([suite], Attempts(good=1)) == 1
    assert suite.forget_index(before=2.0)


def test_an_index_that_was_just_fetched_is_not_the_reason(store: Store) -> None:
    suites = [indexed("trixie", store, at=time.time() + 60), indexed("sid", store, at=1.0, day=datetime.date.today())]
    attempts = Attempts(good=2)
    with pytest.raises(Unobtainable, match="not at attempt 1"):
        with_present_indexes([*suites, Suite("never-asked", store)], attempts)
    assert attempts.made == 1
