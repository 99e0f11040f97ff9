"""What a guest says of itself: the script, run here in the tests' own interpreter, and how its events are read."""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from harness.guests.describing import described

describer: Any = importlib.import_module("harness.guests.inside.describer")
"""guests run it; it has no types"""


def test_the_interpreters_words_are_taken_from_it() -> None:
    found = describer.platform()
    assert found["sys.platform"] == sys.platform
    assert found["os.name"] == os.name
    assert found["os.uname().machine"] == os.uname().machine
    assert found["sys.implementation.cache_tag"] == sys.implementation.cache_tag
    assert found["pointer bits"] == "64"
    assert all(isinstance(value, str) for value in found.values())


def test_a_record_of_emscripten_is_a_row_for_each_field(monkeypatch: pytest.MonkeyPatch) -> None:
    info = types.SimpleNamespace(emscripten_version=(6, 0, 5), runtime="Node.js v24", pthreads=False)
    monkeypatch.setattr(sys, "_emscripten_info", info, raising=False)
    found = describer.platform()
    assert found["sys._emscripten_info.emscripten_version"] == "(6, 0, 5)"
    assert found["sys._emscripten_info.runtime"] == "Node.js v24"
    assert found["sys._emscripten_info.pthreads"] == "False"


def test_what_an_interpreter_lacks_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "uname")
    monkeypatch.delattr(sys, "thread_info")
    assert not [name for name in describer.platform() if name.startswith(("os.uname", "sys.thread_info"))]


def events(plan_file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in plan_file.read_text("ascii").splitlines()]


def test_a_part_that_fails_does_not_keep_the_others_from_being_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def failing() -> dict[str, str]:
        raise OSError("no such \udcff thing")

    monkeypatch.setattr(describer, "platform", failing)
    monkeypatch.setattr(describer, "pythoninfo", lambda: "os.name: posix\n")
    path = tmp_path / "events"
    describer.main({"events": str(path), "environment": {}})
    told = events(path)
    assert [event["event"] for event in told] == [
        "begins", "failed", "begins", "sysconfig", "begins", "pythoninfo", "end",
    ]  # fmt: skip
    assert told[1]["detail"].startswith("platform: Traceback")


def test_events_become_a_record() -> None:
    found = described({"platform": '{"os.name": "posix"}', "sysconfig": "{}", "pythoninfo": "a: b\n"}, [])
    assert found.platform == {"os.name": "posix"}
    assert (found.sysconfig, found.pythoninfo, found.notes) == ({}, "a: b\n", ())


@pytest.mark.parametrize("detail", ["", "[]", '{"os.name": 1}', '{"os.name"', "null"])
def test_events_of_another_form_are_a_note(detail: str) -> None:
    found = described({"platform": detail}, ["an earlier note"])
    assert found.platform == {}
    assert found.notes[0] == "an earlier note"
    assert found.notes[1].startswith("not gathered: platform: it is not a record of words")
