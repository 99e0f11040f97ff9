"""What is read from the output of apt."""

from __future__ import annotations

import pytest

from harness.machine.command import CommandFailed
from harness.machine.store import Store
from harness.provide import apt
from harness.provide.apt import Suite, upstream_part
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
