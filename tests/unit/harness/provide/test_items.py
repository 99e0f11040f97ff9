"""Which providers an item has."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from harness.machine.store import Store
from harness.provide.cpython_directory import cpython_from
from harness.provide.items import cpython_providers, items_of, sdk_providers
from harness.provide.provider import CachedProvider, Provider
from harness.provide.sdk_directory import sdk_from
from matrix.archives import Archive
from matrix.model import CPython, Library
from tests.unit import made
from tests.unit.harness.provide.directories import cpython_tree, wasi_sdk


def kinds(providers: list[Provider]) -> list[str]:
    return [provider.name for provider in providers]


def test_a_directory_that_the_user_named_is_the_only_provider(tmp_path: Path) -> None:
    assert kinds(sdk_providers(sdk_from(wasi_sdk(tmp_path / "sdk")))) == ["directory"]
    assert kinds(cpython_providers(cpython_from(cpython_tree(tmp_path / "tree")))) == ["directory"]


def test_an_archive_without_a_hash_is_never_available(store: Store) -> None:
    cpython = CPython(version="3.13.5", archive=Archive(url="https://example.org/Python-3.13.5.tar.xz"))
    (provider,) = cpython_providers(cpython)
    reason = provider.obstacle(store)
    assert reason is not None
    assert "no sha256 is known" in reason


def test_a_library_is_one_item_with_the_ways_to_all_its_versions(store: Store) -> None:
    def row(name: str, version: str) -> Library:
        archive = Archive(url=f"https://example.org/{name}-{version}.tar.gz", sha256={"any": "a" * 64})
        return Library(name=name, version=version, archive=archive)

    rows = (row("libffi", "3.4.6"), row("libffi", "3.4.7"), row("libffi", "3.4.10"), row("mpdec", "4.0.1"))
    cell = replace(made.resolved(), series=made.series(libraries={"libffi": "3.4.7"}), libraries=rows)
    items = items_of(cell, store)
    assert "mpdec" not in items
    entries = [provider.entry(store) for provider in items["libffi"]() if isinstance(provider, CachedProvider)]
    assert [entry.split("-release")[0] for entry in entries] == ["libffi-3.4.7", "libffi-3.4.10", "libffi-3.4.6"]
    assert items_of(made.resolved(), store).keys() == items.keys() - {"libffi"}
