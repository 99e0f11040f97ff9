"""`report` with a damaged summary, and `plan` with a place that does not exist."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from harness.__main__ import main
from harness.commands.report import _duration


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"run_id": 1}', b"\xff\xfe"])
def test_a_damaged_summary_is_said_and_made_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "summary.json").write_bytes(content)
    console = Console(file=io.StringIO(), width=1000)
    assert _duration(tmp_path, console) == 0.0
    assert isinstance(console.file, io.StringIO)
    assert f"note: {tmp_path / 'summary.json'} cannot be read" in console.file.getvalue()


def test_a_run_without_a_summary_took_no_known_time(tmp_path: Path) -> None:
    console = Console(file=io.StringIO())
    assert _duration(tmp_path, console) == 0.0
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == ""


def test_plan_makes_no_directories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CPYTHON_WASM_CACHE", str(tmp_path / "cache"))
    assert main(["plan", "--set", "small", "--module-seconds", str(tmp_path / "gone/seconds.json")]) == 2
    assert f"there is no directory {tmp_path / 'gone'}" in capsys.readouterr().err.replace("\n", "")
    assert not (tmp_path / "gone").exists()
    assert main(["plan", "--set", "small", "--module-seconds", str(tmp_path / "seconds.json")]) == 0
    assert (tmp_path / "seconds.json").is_file()
