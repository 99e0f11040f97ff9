"""What the results of a cell's modules depend on. `tests/unit/harness/machine/test_code.py` tests which code counts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.guests import digest
from harness.guests.digest import (
    SETTINGS,
    SOURCES,
    digest_of_marks,
    digest_without_sources,
    marks_of_guests,
    program_digest,
)
from harness.guests.settings import GuestSettings, Limits
from harness.machine.hashing import file_sha256
from tests.wasm import exits


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


FILES = {"/Lib/os.py": "s", "/cross-build/host/pyconfig.h": "b"}


def digest_of_guests(settings: GuestSettings, files: Mapping[str, str] = FILES, runtime: str = "r") -> str:
    return digest_of_marks(marks_of_guests(settings, files, runtime=runtime))


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
    other = FILES | {"/Lib/os.py": "s2"}
    assert len({digest_of_guests(one, *parts) for parts in ((FILES, "r"), (other, "r"), (FILES, "r2"))}) == 3


def test_what_guests_see_of_the_build_changes_the_digest(tmp_path: Path) -> None:
    other = FILES | {"/cross-build/host/pyconfig.h": "b2"}
    assert digest_of_guests(settings(tmp_path)) != digest_of_guests(settings(tmp_path), other)


def test_the_program_counts_by_what_it_does(tmp_path: Path) -> None:
    program = {"/cross-build/host/python.wasm": "with its debugging information"}
    assert digest_of_guests(settings(tmp_path)) == digest_of_guests(settings(tmp_path), FILES | program)


def test_only_the_sources_do_not_count_where_results_of_several_are_kept(tmp_path: Path) -> None:
    def of(files: Mapping[str, str], **changes: object) -> str:
        return digest_without_sources(marks_of_guests(settings(tmp_path, **changes), files, runtime="r"))

    assert of(FILES) == of(FILES | {"/Lib/os.py": "s2", "/Lib/new.py": "n"})
    assert len({of(FILES), of(FILES, seed=1), of(FILES | {"/cross-build/host/pyconfig.h": "b2"})}) == 3


def test_the_guest_code_changes_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest_of_guests(settings(tmp_path))
    monkeypatch.setattr(digest, "code_digest", lambda roots: f"other code of {roots}")
    assert digest_of_guests(settings(tmp_path)) != before


def test_each_part_has_a_mark_of_its_own(tmp_path: Path) -> None:
    before = marks_of_guests(settings(tmp_path), FILES, runtime="r")
    for part, other in {
        SOURCES: marks_of_guests(settings(tmp_path), FILES | {"/Lib/os.py": "s2"}, runtime="r"),
        "runtime": marks_of_guests(settings(tmp_path), FILES, runtime="r2"),
        "build": marks_of_guests(settings(tmp_path, wasm_digest="other"), FILES, runtime="r"),
        SETTINGS: marks_of_guests(settings(tmp_path, seed=1), FILES, runtime="r"),
    }.items():
        assert [name for name, mark in other.items() if mark != before[name]] == [part]


# --- the program


def custom(name: str, data: bytes) -> bytes:
    content = bytes([len(name)]) + name.encode() + data
    return b"\0" + bytes([len(content) & 0x7F | 0x80, len(content) >> 7]) + content


def digest_of_program(file: Path, data: bytes) -> str:
    file.write_bytes(data)
    return program_digest(file)


def test_what_debuggers_read_does_not_count(tmp_path: Path) -> None:
    file = tmp_path / "python.wasm"
    program = exits(3)
    same = {digest_of_program(file, program + custom(".debug_line", data)) for data in (b"", b"1", b"2" * 300)}
    assert same == {digest_of_program(file, program)}
    others = (exits(4), program + custom("name", b"1"), program + custom("name", b"2"), program + custom("debug", b""))
    assert len({digest_of_program(file, data) for data in (program, *others)}) == 5


@pytest.mark.parametrize("data", [b"", b"no module", b"\0asm\x0d\0\1\0", exits(3)[:-1], exits(3) + b"\0"])
def test_of_what_is_no_core_module_all_bytes_count(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "python.wasm"
    assert digest_of_program(file, data) == file_sha256(file)


@given(data=st.binary(max_size=200), at=st.integers(8, 300), byte=st.integers(0, 255))
def test_any_bytes_have_a_digest_and_other_programs_another_one(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, at: int, byte: int
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.wasm"
    program = bytearray(exits(3))
    digest_of_program(file, bytes(program[:8]) + data)
    if at < len(program) and program[at] != byte:
        before = digest_of_program(file, bytes(program))
        program[at] = byte
        assert digest_of_program(file, bytes(program)) != before
