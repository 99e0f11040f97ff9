"""Executables of runtimes that a user names, by what they say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.provide import runtime_command
from harness.provide.runtime_command import runtimes_from
from matrix.commands import CommandLine
from matrix.errors import Unobtainable
from matrix.load import load
from matrix.model import Runtime, RuntimeKind

LINE = CommandLine(run=("{module}",), preopen=(), variable=())
MATRIX = load().runtimes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An executable."""
    path = tmp_path / "my runtime"
    path.touch(mode=0o755)
    return path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, ...], str]:
    """What the executable prints, by the words that it gets; nothing for any others."""
    answers: dict[tuple[str, ...], str] = {}
    monkeypatch.setattr(runtime_command, "command_output", lambda path, words: answers.get(tuple(words), ""))
    return answers


def kinds(path: Path, known: Sequence[Runtime] = MATRIX) -> list[tuple[str, str, RuntimeKind]]:
    return [(row.name, row.version, row.kind) for row in runtimes_from(path, known)]


def test_wasmtimes_command_is_known(path: Path, asked: dict[tuple[str, ...], str]) -> None:
    asked["--version",] = "wasmtime 51.0.0 (0123abc 2026-11-20)\n"
    (row,) = runtimes_from(path, MATRIX)
    assert (row.name, row.version, row.executable, row.wheel) == ("wasmtime-cli", "51.0.0", path, None)
    assert row.id == "wasmtime-cli-51.0.0-my-runtime"


def test_wasmtimes_library_is_no_executable(path: Path, asked: dict[tuple[str, ...], str]) -> None:
    asked["--version",] = "wasmtime 51.0.0\n"
    assert kinds(path.rename(path.with_name("wasmtime"))) == [("wasmtime-cli", "51.0.0", RuntimeKind.CLI)]


def test_node_is_a_runtime_of_two_platforms(path: Path, asked: dict[tuple[str, ...], str]) -> None:
    asked["--version",] = "v25.1.0\n"
    assert kinds(path) == [("node", "25.1.0", RuntimeKind.NODE), ("node-wasi", "25.1.0", RuntimeKind.NODE_WASI)]


def test_wasmedge_is_known_by_its_row(path: Path, asked: dict[tuple[str, ...], str]) -> None:
    asked["--version",] = "/opt/wasmedge/bin/wasmedge version 0.18.0\n"
    (row,) = runtimes_from(path, MATRIX)
    assert (row.name, row.version, row.package) == ("wasmedge", "0.18.0", None)
    assert row.command is not None


def test_a_row_that_does_not_say_what_it_prints_is_known_by_its_name(
    path: Path, asked: dict[tuple[str, ...], str]
) -> None:
    known = [Runtime(name="mywasm", version="1.0.0", kind=RuntimeKind.COMMAND, command=LINE)]
    asked["--version",] = "2.0"
    with pytest.raises(Unobtainable, match="no runtime that is known"):
        runtimes_from(path, known)
    named = path.rename(path.with_name("mywasm"))
    assert kinds(named, known) == [("mywasm", "2.0", RuntimeKind.COMMAND)]


def test_wazero_says_no_version(path: Path, asked: dict[tuple[str, ...], str]) -> None:
    asked["version",] = "dev\n"
    assert kinds(path.rename(path.with_name("wazero"))) == [("wazero", "unknown", RuntimeKind.COMMAND)]


def test_what_is_no_runtime_is_refused_with_what_it_says(path: Path, asked: dict[tuple[str, ...], str]) -> None:
    asked["--version",] = "x" * 10_000_000 + "\nwasmtime 51.0.0"
    with pytest.raises(Unobtainable) as caught:
        runtimes_from(path, MATRIX)
    assert len(caught.value.message) < 500
    assert "xxxx" in caught.value.message
    assert "wasmedge" in str(caught.value)


@pytest.mark.parametrize(("mode", "reason"), [(0o644, "may not be executed"), (None, "there is no such file")])
def test_what_cannot_be_executed_is_refused(tmp_path: Path, mode: int | None, reason: str) -> None:
    path = tmp_path / "wasmtime"
    if mode is not None:
        path.touch(mode=mode)
    with pytest.raises(Unobtainable, match=reason):
        runtimes_from(path, MATRIX)


@pytest.mark.parametrize(("said", "name"), [("Chromium 156.0", "chromium"), ("Mozilla Firefox 153.8esr", "firefox")])
def test_a_browser_is_one_runtime(path: Path, asked: dict[tuple[str, ...], str], said: str, name: str) -> None:
    asked["--version",] = said
    assert [row[0] for row in kinds(path)] == [name]
