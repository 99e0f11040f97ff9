"""The fixtures of conftest.py keep unit tests away from processes, the network and the user's cache."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from harness.machine.command import capture
from harness.machine.fetch import reachable
from harness.machine.store import Store

FORBIDDEN = pytest.fail.Exception


def test_popen_is_refused() -> None:
    with pytest.raises(FORBIDDEN, match=r"unit tests start no processes, .* Popen"):
        subprocess.run([sys.executable, "-c", ""], check=False)


def test_os_system_is_refused() -> None:
    with pytest.raises(FORBIDDEN, match="start no processes"):
        os.system("true")


def test_fork_is_refused() -> None:
    with pytest.raises(FORBIDDEN, match="start no processes"):
        os.fork()


def test_posix_spawn_is_refused() -> None:
    with pytest.raises(FORBIDDEN, match="start no processes"):
        os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {})


def test_the_harness_cannot_swallow_the_refusal() -> None:
    with pytest.raises(FORBIDDEN, match="start no processes"):
        capture([sys.executable, "--version"])


def test_connecting_is_refused() -> None:
    with socket.socket() as connection, pytest.raises(FORBIDDEN, match="unit tests use no network"):
        connection.connect(("127.0.0.1", 9))


def test_looking_up_a_name_is_refused() -> None:
    with pytest.raises(FORBIDDEN, match="use no network"):
        urllib.request.urlopen("http://localhost:9/")


def test_httpx_is_refused() -> None:
    with pytest.raises(FORBIDDEN, match="use no network"):
        reachable("http://127.0.0.1:9/")


def test_the_default_store_is_the_tests_own(tmp_path: Path, store: Store) -> None:
    assert Store().root == store.root == tmp_path / "cache"
