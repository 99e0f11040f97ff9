"""What the results of a cell's modules depend on. `tests/unit/harness/machine/test_code.py` tests which code counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.guests import digest
from harness.guests.digest import SETTINGS, digest_of_marks, marks_of_guests
from harness.guests.settings import GuestSettings, Limits


def settings(tree: Path, **changes: object) -> GuestSettings:
    made = GuestSettings(
        wasm=tree / "python.wasm",
        wasm_digest="the bytes",
        compiled=tree / "compiled",
        tree=tree,
        executable="/cross-build/host/python.wasm",
        build="/cross-build/host",
        platform_library="/lib",
        python_flags=("-u",),
        resources=("cpu",),
        verbose=True,
        fail_env_changed=True,
        timeout=600.0,
        wasm_stack=1 << 20,
        limits=Limits(),
    )
    return replace(made, **changes)


def digest_of_guests(settings: GuestSettings, sources: str = "s", runtime: str = "r") -> str:
    return digest_of_marks(marks_of_guests(settings, sources=sources, runtime=runtime))


def test_the_digest_does_not_depend_on_where_things_lie(tmp_path: Path) -> None:
    assert digest_of_guests(settings(tmp_path / "a")) == digest_of_guests(settings(tmp_path / "b"))


@pytest.mark.parametrize(
    "change",
    [
        {"wasm_digest": "other bytes"},
        {"python_flags": ("-u", "-bb")},
        {"resources": ()},
        {"verbose": False},
        {"fail_env_changed": False},
        {"timeout": 0.0},
        {"limits": Limits(seconds=1.0)},
        {"runtime_flags": ("--flag",)},
        {"seed": 1},
    ],
)
def test_a_setting_changes_the_digest(tmp_path: Path, change: dict[str, object]) -> None:
    assert digest_of_guests(settings(tmp_path)) != digest_of_guests(settings(tmp_path, **change))


def test_the_sources_and_the_runtime_change_the_digest(tmp_path: Path) -> None:
    one = settings(tmp_path)
    assert len({digest_of_guests(one, *parts) for parts in (("s", "r"), ("s2", "r"), ("s", "r2"))}) == 3


def test_what_tests_read_of_the_build_changes_the_digest(tmp_path: Path) -> None:
    before = digest_of_guests(settings(tmp_path))
    path = tmp_path / "cross-build/host/pyconfig.h"
    path.parent.mkdir(parents=True)
    path.write_text("#define HAVE_FORK 1\n")
    assert digest_of_guests(settings(tmp_path)) != before


def test_the_guest_code_changes_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest_of_guests(settings(tmp_path))
    monkeypatch.setattr(digest, "code_digest", lambda roots: f"other code of {roots}")
    assert digest_of_guests(settings(tmp_path)) != before


def test_each_part_has_a_mark_of_its_own(tmp_path: Path) -> None:
    before = marks_of_guests(settings(tmp_path), sources="s", runtime="r")
    for part, other in {
        "sources": marks_of_guests(settings(tmp_path), sources="s2", runtime="r"),
        "runtime": marks_of_guests(settings(tmp_path), sources="s", runtime="r2"),
        "build": marks_of_guests(settings(tmp_path, wasm_digest="other"), sources="s", runtime="r"),
        SETTINGS: marks_of_guests(settings(tmp_path, seed=1), sources="s", runtime="r"),
    }.items():
        assert [name for name, mark in other.items() if mark != before[name]] == [part]
