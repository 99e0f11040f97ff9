"""What is read from the output of pip."""

from __future__ import annotations

import json

import pytest

from harness.machine.command import CommandFailed
from harness.provide import pip_index
from matrix.errors import Unobtainable

HASH = "5c" * 32
MISSING = "ERROR: No matching distribution found for wasmtime==50.0.1"


def report(sha256: str = HASH) -> str:
    archive = {"download_info": {"archive_info": {"hashes": {"sha256": sha256}}}}
    return "a warning\n" + json.dumps({"install": [archive]})


def answers(monkeypatch: pytest.MonkeyPatch, **by_machine: str) -> None:
    """Let pip print this for a machine, or fail with it when it is an error."""

    def capture(argv: list[str], **options: object) -> str:
        (machine,) = [machine for machine in by_machine if f"manylinux_2_28_{machine}" in argv]
        if by_machine[machine].startswith("ERROR"):
            raise CommandFailed(argv, 1, by_machine[machine] + "\n")
        return by_machine[machine]

    monkeypatch.setattr(pip_index, "capture", capture)


def test_the_hash_of_each_machine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, x86_64=report(), aarch64=report("6d" * 32))
    assert pip_index.hashes_of("wasmtime", "50.0.1") == {"x86_64": HASH, "aarch64": "6d" * 32}


def test_a_machine_without_a_wheel_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, x86_64=report(), aarch64=MISSING)
    assert pip_index.hashes_of("wasmtime", "50.0.1") == {"x86_64": HASH}


def test_no_wheel_at_all_is_no_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, x86_64=MISSING, aarch64=MISSING)
    assert pip_index.hashes_of("wasmtime", "50.0.1") == {}


def test_an_index_that_breaks_off_is_an_error_and_not_a_missing_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, x86_64=report(), aarch64="ERROR: Could not install packages: connection reset")
    with pytest.raises(Unobtainable, match="connection reset"):
        pip_index.hashes_of("wasmtime", "50.0.1")


@pytest.mark.parametrize("output", ["", "no report", "{", "{}", '{"install": []}', '{"install": [{}]}'])
def test_a_report_without_a_hash_is_an_error(monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    answers(monkeypatch, x86_64=output, aarch64=output)
    with pytest.raises(Unobtainable, match=r"wasmtime==50\.0\.1: pip printed no installation report"):
        pip_index.hashes_of("wasmtime", "50.0.1")


def test_versions_are_listed_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pip_index, "capture", lambda argv, **options: "wasmtime (2.0)\nAvailable versions: 2.0, 1.0\n")
    assert pip_index.versions_of("wasmtime") == ["2.0", "1.0"]


def test_a_listing_without_versions_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pip_index, "capture", lambda argv, **options: "something else\n")
    with pytest.raises(Unobtainable, match="wasmtime: pip listed no versions"):
        pip_index.versions_of("wasmtime")
