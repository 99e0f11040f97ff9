"""An exception that nobody foresaw is one line, a file with its traceback, and exit status 4."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import pytest
from rich.console import Console

from harness import __main__ as program
from harness.commands.command import Command


def fail(known: argparse.Namespace, console: Console) -> int:
    raise KeyError("a key [bold]\nthat is not there")


@pytest.fixture(autouse=True)
def _a_command_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    command = Command(name="break", summary="fail", example="break", run=fail)
    monkeypatch.setattr(program, "COMMANDS", {"everyday": (command,)})
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_it_is_one_line_with_the_place_of_the_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["break"]) == 4
    said = capsys.readouterr().err
    (file,) = tmp_path.glob("cpython-wasm-matrix-*.txt")
    assert str(file) in said
    assert "KeyError: 'a key [bold]\\nthat is not there'" in said
    assert "Traceback" not in said
    text = file.read_text()
    assert text.startswith("command: ['break']\n")
    assert "Traceback (most recent call last)" in text
    assert 'raise KeyError("a key' in text


def test_the_traceback_is_shown_where_no_file_can_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert program.main(["break"]) == 4
    said = capsys.readouterr().err
    assert "No such file or directory" in said
    assert "Traceback (most recent call last)" in said
