"""What a careless or hostile user may give: each is one line of message, the right status, and no traceback.

Archives that lead out of their directory, or are cut short, are in tests/unit/harness/machine/test_unpack.py; tools
that hang, print nothing or print too much in tests/integration/test_process.py and test_toolchain_directory.py, and
runtimes that do in tests/integration/test_runtimes.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.__main__ import main
from harness.commands.test import TEST, request_of
from harness.machine.store import VARIABLE
from harness.runs.records import CELL, STARTED, SUMMARY, StartedRun
from harness.suite.files import OUTCOMES
from matrix import json_records
from reports.history import NAME
from tests.unit.hostile import UNSEEN

THE_CELL = "wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-50.0.1"
LONG = "a" * 5000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with what the inputs name."""
    place = tmp_path_factory.mktemp("inputs")
    (place / "file").write_text("x")
    (place / "bytes").write_bytes(b"\xff\xfe\x00")
    for name in ("empty", "tree", "history", "history-directory", "no-utf-8", "no-toml", "no-list", "nested", "data"):
        (place / name).mkdir()
    (place / "tree/configure").write_text("")
    (place / "history" / NAME).write_bytes(b"no database" * 100)
    (place / "history-directory" / NAME).mkdir()
    (place / "no-utf-8/a.toml").write_bytes(b"\xff")
    (place / "no-toml/a.toml").write_text("x = [")
    (place / "no-list/a.toml").write_text("[[limitation]]\nid = 3\n")
    (place / "nested/a.toml").write_text("a = " + "[" * 100_000)
    (place / "data/rules.toml").write_text("[[exclusion]]\nwhat = 1\n")
    (place / "seconds.json").write_text('{"wasi": {"test_a": "long"}}')
    return place


@pytest.fixture(autouse=True)
def _a_cache_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))


def lines(text: str) -> list[tuple[str, str]]:
    """Command lines, each with what the message says."""
    parts = (line.partition("=>") for line in text.splitlines() if line)
    return [(words.strip(), message.strip()) for words, _, message in parts]


COMMAND_LINES = lines(r"""
 => no COMMAND is given
tset => did you mean test?
\x1b[2J => there is no command
--version => there is no command '--version'
test --sdk => argument --sdk: expected one argument
test --nope => no option '--nope'
test --timeout nan => 'nan' is not a number of seconds above 0
test --timeout 0 => '0' is not a number of seconds above 0
test --timeout 1e999 => '1e999' is not a number of seconds
test --memory -1 => '-1' is not a whole number from 1
test --memory 99999999999999999999999 => is not a whole number from 1
test --disk 0 => '0' is not a whole number from 1
test --jobs 1.5 => '1.5' is not a whole number from 1
test --shard 4/3 => '4/3' is not a shard
test --shard 1/99999999999999999999999 => is not a shard
test --again 2 => '2' is not a number from 0 to 1
test --again nan => 'nan' is not a number from 0 to 1
test ../../etc/passwd => neither an option nor the name of a test
test test_\udc80 => neither an option nor the name of a test
test \0 => neither an option nor the name of a test
test --target wsai => did you mean wasi?
test --target * => --target *: nothing matches
test --target wasi --sdk 99 => --sdk 99: nothing matches
test --target wasi --sdk >=x => is not a version range
test --target wasi --runtime node => no cell for this selection
test --target wasi --runtime wasmtime==99.* => --runtime wasmtime==99.*: nothing matches
test --cpython 2.7 => --cpython 2.7: nothing matches
test --cell nope => there is no cell 'nope'
test --options fast => --options fast: nothing matches
test --randseed x => 'x' is not a whole number
test -x test_json => -x
triage => needs a subcommand
triage shwo => did you mean show?
triage show => are required
triage bisect test_x --axis x => invalid choice: 'x'
triage rerun test_json --times 0 => '0' is not a whole number from 1
diff a b c => does not take 'c'
history => needs the name of a test
cache prune --older-than 3x => is not an age
cache prune --max-size 99999999999G => is not a size
cells --format xml => no option '--format'
limitations --format regrtest-ignorefile => describes one cell
plan --set nope => there is no set 'nope'
nightly --time-budget 5 => is not a duration
nightly --cores 0 => '0' is not a whole number from 1
serve --port 99999 => is not a port number
serve --target wasi => needs a cell of a browser target
build --port 9 => it is an option of `serve`
""")

PATHS = lines(r"""
test --cpython /nonexistent => there is no such directory
test --cpython {place}/file => is not a CPython source tree
test --cpython {place}/empty => is not a CPython source tree
test --cpython {place}/tree => Lib/os.py, Lib/test not in it
test --cpython {place}/empty@main => is not the top of a git checkout
test --cpython ~no-such-user/cpython => cannot be a path here: Could not determine home directory
test --cpython /{long} => cannot be a path here: File name too long
test --cpython ./\0 => cannot be a path here: embedded null byte
test --target wasi --sdk /{long} => cannot be a path here: File name too long
test --target wasi --build-python /nonexistent => --build-python /nonexistent is not a file
test --out {place}/file => is not a directory
test --out /dev/null/x => is not a directory
test --out \0 => cannot be a path here
test --fromfile /nonexistent => No such file or directory
test --matchfile {place}/bytes => can't decode byte 0xff
test --matchfile {place}/empty => Is a directory
test --matchfile /dev/zero => it has more than 16 MiB
test --module-seconds {place}/seconds.json --shard 1/2 => Expected `float`, got `str`
test --module-seconds {place}/bytes --shard 1/2 => JSON is malformed
test --module-seconds /dev/zero --shard 1/2 => is not a regular file
plan --module-seconds /nonexistent/x => there is no directory /nonexistent
plan --module-seconds /dev/null => is there and is not a file
plan --module-seconds {place}/empty => is there and is not a file
report --out /nonexistent => there is no run 'latest'
report {place}/empty {place}/file => is not the directory of a run
report \0 x => does not describe a run
diff x y --out {place}/empty => there is no history
history test_x --out {place}/file => is not a directory
update-pins --data {place}/empty => rules.toml: cannot be read
update-pins --data {place}/file => is not a directory
work /nonexistent get x => is not the directory of a run
""")

DAMAGED_HERE = lines(r"""
diff x y --out {place}/history => is damaged
history test_x --out {place}/history => is damaged
history test_x --out {place}/history-directory => cannot be read or written
""")
"""what is no mistake in the command: status 4"""

UNOBTAINABLE = lines(r"""
test --target wasi --sdk {place}/empty => is not a WASI SDK: bin/clang
test --target wasi --sdk /dev/null => is not a WASI SDK
test --target wasi --runtime /nonexistent => /nonexistent is no runtime: there is no such file
test --target wasi --runtime /dev/null => /dev/null is no runtime: there is no such file
test --target wasi --runtime {place}/empty => is no runtime: there is no such file
test --target wasi --runtime {place}/file => is no runtime: it may not be executed
triage repro test_json --runtime /nonexistent => is no runtime: there is no such file
""")


def said(line: str, place: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The status of a command line, and its message, which is one line and perhaps a hint."""
    escapes = {r"\x1b": "\x1b", r"\0": "\0", r"\udc80": "\udc80", "{place}": str(place), "{long}": LONG}
    words = line.split()
    for text, character in escapes.items():
        words = [word.replace(text, character) for word in words]
    status = main(words)
    message = capsys.readouterr().err
    first, *more = message.rstrip("\n").split("\n")
    assert first.startswith("error: "), message
    assert len(more) <= 1, message
    assert all(hint.startswith("  -> ") for hint in more), message
    assert "Traceback" not in message
    assert not re.search(UNSEEN, message)
    return status, message


def named(cases: list[tuple[str, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("line", "message"), cases, ids=[line or "nothing" for line, _ in cases])


@named(COMMAND_LINES + PATHS)
def test_a_mistake_in_a_command_is_said(
    line: str, message: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, text = said(line, place, capsys)
    assert message in text
    assert status == 2


@named(DAMAGED_HERE)
def test_a_damaged_file_of_this_machine_is_said(
    line: str, message: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, text = said(line, place, capsys)
    assert message in text
    assert status == 4


@named(UNOBTAINABLE)
def test_an_sdk_or_a_runtime_that_is_none_is_said(
    line: str, message: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, text = said(line, place, capsys)
    assert message in text
    assert status == 3


# --- runs


def content(name: str = "run") -> bytes:
    """A run.json."""
    request = request_of(TEST.parse(["--target", "wasi"]))
    started = StartedRun(run_id=name, started="2026-11-22T12:03:01+00:00", request=request, cells=(THE_CELL,))
    return json_records.encode(started)


def with_run_json(data: bytes) -> Callable[[Path], object]:
    return lambda run: (run / STARTED).write_bytes(data)


def with_file(name: str, data: bytes) -> Callable[[Path], object]:
    def write(run: Path) -> None:
        (run / STARTED).write_bytes(content())
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_bytes(data)

    return write


def with_link(name: str, to: str) -> Callable[[Path], object]:
    def write(run: Path) -> None:
        (run / STARTED).write_bytes(content())
        (run / name).symlink_to(to)

    return write


RUNS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no run.json": (lambda run: None, "there is no run 'run'"),
    "an empty run.json": (with_run_json(b""), "does not describe a run: Input data was truncated"),
    "half a run.json": (lambda run: (run / STARTED).write_bytes(content()[:99]), "Input data was truncated"),
    "a run.json that is no UTF-8": (with_run_json(b'{"schema":3,"run_id":"\xff"}'), "can't decode byte 0xff"),
    "a run.json that is a list": (with_run_json(b"[]"), "Expected `object`, got `array`"),
    "a run.json that is nested": (with_run_json(b'{"schema":3,"x":' + b"[" * 100_000), "does not describe a run"),
    "a run.json of another version": (with_run_json(b'{"schema":9}'), "was written by another version"),
    "a run.json without fields": (with_run_json(b'{"schema":3}'), "missing required field `run_id`"),
    "a run.json that is a directory": (lambda run: (run / STARTED).mkdir(), "there is no run 'run'"),
    "a run.json that is a pipe": (lambda run: os.mkfifo(run / STARTED), "there is no run 'run'"),
    "an id that leads out": (lambda run: (run / STARTED).write_bytes(content("../../x")), "cannot be the name"),
    "a duration that is NaN": (
        lambda run: (run / STARTED).write_bytes(content().replace(b"240.0", b"NaN")),
        "JSON is malformed",
    ),
    "a link to a directory": (with_link("page", "/etc"), "a symbolic link that leads out of the run"),
    "a link to a file": (with_link("junit.xml", "/etc/passwd"), "a symbolic link that leads out of the run"),
    "half a cell.json": (with_file(f"cells/{THE_CELL}/{CELL}", b'{"base":'), "is not a record of this version"),
    "a cell.json of another shape": (with_file(f"cells/{THE_CELL}/{CELL}", b"[1]"), "is not a record of this version"),
    "cells that is a file": (with_file("cells", b""), "Not a directory"),
    "a cell that is a file": (with_file(f"cells/{THE_CELL}", b""), "Not a directory"),
}


@pytest.mark.parametrize(("write", "message"), RUNS.values(), ids=RUNS.keys())
def test_a_run_that_is_damaged_is_said(
    write: Callable[[Path], object], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    write(tmp_path / "run")
    status, text = said("report run --out {place}", tmp_path, capsys)
    assert message in text
    assert status == 2


SUMMARIES = {"half": b'{"run_id"', "no UTF-8": b'"\xff"', "a list": b"[]", "nothing": b""}


@pytest.mark.parametrize("data", SUMMARIES.values(), ids=SUMMARIES.keys())
def test_a_report_that_is_damaged_is_said(data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run").mkdir()
    with_file(SUMMARY, data)(tmp_path / "run")
    for command in ("triage show test_x --run run", "triage explain test_x --run run", "triage queue run"):
        status, text = said(f"{command} --out {{place}}", tmp_path, capsys)
        assert "has no report: " in text
        assert status == 2


LISTS = {
    "no-utf-8": "can't decode",
    "no-toml": "not TOML",
    "no-list": "Expected `str`, got `int`",
    "nested": "TOML",
}


@pytest.mark.parametrize(("name", "message"), LISTS.items())
def test_a_list_of_limitations_that_is_damaged_is_said(
    name: str, message: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    summary = b'{"run_id":"run","started":"","duration_s":1,"exit_status":0,"cells":[],"unexpected":[]}'
    with_file(SUMMARY, summary)(run)
    with_file(f"cells/{THE_CELL}/{OUTCOMES}", b"")(run)
    status, text = said(f"triage retire run --out {tmp_path} --limitations {place}/{name}", place, capsys)
    assert message in text
    assert status == 2


def test_there_are_60_inputs() -> None:
    lists = (COMMAND_LINES, PATHS, DAMAGED_HERE, UNOBTAINABLE, RUNS, SUMMARIES, LISTS)
    assert sum(map(len, lists)) >= 60
