"""Unit tests start no processes and use no network; they have a store of their own."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from harness.machine.store import Store
from tests.unit.stored import fill

_STARTS_PROCESSES = (
    (subprocess.Popen, "__init__"),
    (os, "system"),
    (os, "fork"),
    (os, "forkpty"),
    (os, "posix_spawn"),
    (os, "posix_spawnp"),
)
_USES_THE_NETWORK = (
    (socket.socket, "connect"),
    (socket.socket, "connect_ex"),
    (socket, "getaddrinfo"),
)


def _refuse(rule: str, name: str) -> Callable[..., NoReturn]:
    def refusing(*args: object, **kwargs: object) -> NoReturn:
        # Not an Exception, so that no `except` of the code under test takes it for an answer.
        pytest.fail(f"unit tests {rule}, but this one called {name}: see tests/integration")

    return refusing


def pytest_collection_finish() -> None:
    """Leave the tests themselves, some thousand objects that live to the end, to no garbage collection."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _neither_processes_nor_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for rule, places in (("start no processes", _STARTS_PROCESSES), ("use no network", _USES_THE_NETWORK)):
        for owner, name in places:
            monkeypatch.setattr(owner, name, _refuse(rule, f"{owner.__name__}.{name}"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A cache of the test's own, the one that `$CPYTHON_WASM_CACHE` names, too."""
    return Store(tmp_path / "cache")


@pytest.fixture
def other(store: Store) -> Store:
    """The same cache, as another run has it."""
    return Store(store.root)


@pytest.fixture
def sdk(store: Store) -> Path:
    """An entry that a run made and used which is over."""
    path, _ = Store(store.root).obtain("sdk", fill)
    return path
