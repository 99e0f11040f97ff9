"""Which providers an item has."""

from __future__ import annotations

from pathlib import Path

from harness.machine.store import Store
from harness.provide.cpython_directory import cpython_from
from harness.provide.items import cpython_providers, sdk_providers
from harness.provide.provider import Provider
from harness.provide.sdk_directory import sdk_from
from matrix.archives import Archive
from matrix.model import CPython
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
