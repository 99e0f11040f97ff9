"""The SDKs of the default nightly when every suite that moves has moved on."""

from __future__ import annotations

import pytest

from harness.cells.sets import cells_of_set, may_be_missing_of_set
from harness.machine.store import Store
from harness.provide.apt import SNAPSHOTS
from harness.provide.composed import ComposedSdk
from harness.provide.items import sdk_providers
from matrix.resolve import ResolvedCell
from tests.unit.harness.provide.archive import FakeArchive, Versions, clang, libc

STILL = ("bookworm", "bookworm-security", "trixie")
"""suites that do not move"""


def wanted() -> dict[str, Versions]:
    """What the SDKs of the set want of each suite."""
    found: dict[str, Versions] = {}
    for cell in cells_of_set("default"):
        if (wasi := cell.build.sdk.composed) is not None:
            for suite in wasi.suites[:1]:
                found.setdefault(suite, {}).update(clang(wasi.llvm, f"1:{wasi.version}-1"))
            for suite in wasi.suites[1:]:
                found.setdefault(suite, {})
            found.setdefault(wasi.libc.suite, {})[wasi.libc.name] = f"{wasi.libc.version}-2"
        if (emscripten := cell.build.sdk.composed_emscripten) is not None:
            tools = [f"{name}-{emscripten.llvm}" for name in ("clang", "lld", "llvm")]
            packages = dict.fromkeys((*tools, f"libclang-common-{emscripten.llvm}-dev"), emscripten.llvm_version)
            packages |= {"emscripten": emscripten.emscripten, "binaryen": emscripten.binaryen, "node-acorn": "8"}
            found.setdefault(emscripten.suite, {}).update({name: f"{one}-1" for name, one in packages.items()})
    return found


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> FakeArchive:
    monkeypatch.delenv(SNAPSHOTS, raising=False)
    made = FakeArchive(wanted())
    made.use(monkeypatch)
    return made


def obstacles(store: Store) -> dict[str, str]:
    """Why the SDK of each cell cannot be composed, by the cell's id."""

    def obstacle(cell: ResolvedCell) -> str | None:
        (composed,) = [one for one in sdk_providers(cell.build.sdk) if isinstance(one, ComposedSdk)]
        return composed.obstacle(store)

    return {cell.id: reason for cell in cells_of_set("default") if (reason := obstacle(cell))}


def test_every_sdk_of_the_default_set_can_be_composed(archive: FakeArchive, store: Store) -> None:
    assert obstacles(store) == {}


def test_later_suites_cost_no_cell(archive: FakeArchive, store: Store) -> None:
    moved = archive.suites.keys() - set(STILL)
    assert moved
    for suite in moved:
        archive.suites[suite] = libc("20290101")
    assert obstacles(store) == {}


def test_suites_that_lose_their_packages_cost_only_cells_that_may_be_missing(
    archive: FakeArchive, store: Store
) -> None:
    for suite in archive.suites.keys() - set(STILL):
        archive.suites[suite] = {}
    missing = obstacles(store).keys()
    assert missing
    assert missing <= set(may_be_missing_of_set("default"))
