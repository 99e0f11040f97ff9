"""Gathering what a build is: once for each build and runtime, and never at the cost of the cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from harness.build.step import BuildPlan, Step
from harness.cells.prepare import Prepared
from harness.guests.describing import Described
from harness.machine.store import Store
from harness.provide.provider import Obtained
from harness.runs import describing
from harness.runs.describing import description_of, make_step, read_description, write_description
from matrix.errors import HarnessFault, MatrixError
from reports.build_facts import BuildDescription, BuildFacts
from tests.unit import made
from tests.unit.harness.guests.test_digest import settings

SAID = Described(platform={"sys.platform": "wasi"}, sysconfig={"Py_DEBUG": "0"}, pythoninfo="os.name: posix\n")
FEATURES = b"\0asm\1\0\0\0\0\x1a\x0ftarget_features\1+\7simd128"


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    of_guests = settings(tmp_path)
    of_guests.wasm.parent.mkdir(parents=True, exist_ok=True)
    of_guests.wasm.write_bytes(FEATURES)
    obtained = Obtained(path=tmp_path, provider="", detail="", digest="one")
    return Prepared(
        cell=made.resolved(),
        source=tmp_path,
        sdk=obtained,
        cpython=obtained,
        runtime=obtained,
        notes=(),
        settings=of_guests,
        digest="digest",
        tree_mark="",
        durations={},
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


MAKE = Step(name="make", title="make", argv=("make", "all"), cwd=Path("work"))


class Told:
    """Stands in for the guest and for make; counts how often the guest is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.guests = 0
        self.said = SAID
        self.fault: Exception | None = None
        self.macros: dict[str, str] | Exception = {"__wasm32__": "1"}
        self.details = '{"abi": {"flags": ["d"]}}'
        monkeypatch.setattr(describing, "choose_adapter", lambda *_: None)
        monkeypatch.setattr(describing, "describe_guest", self.describe)
        monkeypatch.setattr(describing, "predefined_macros", self.predefined)
        monkeypatch.setattr(describing, "build_details", lambda make: self.details)

    def describe(self, *_: Any) -> Described:
        self.guests += 1
        if self.fault is not None:
            raise self.fault
        return self.said

    def predefined(self, _: Step) -> dict[str, str]:
        if isinstance(self.macros, Exception):
            raise self.macros
        return self.macros


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    return Told(monkeypatch)


def test_everything_is_gathered(prepared: Prepared, store: Store, told: Told) -> None:
    assert description_of(prepared, MAKE, store) == BuildDescription(
        facts=BuildFacts(
            platform=SAID.platform,
            sysconfig=SAID.sysconfig,
            macros={"__wasm32__": "1"},
            target_features=("+simd128",),
            wasm_bytes=len(FEATURES),
            build_details={"abi.flags": "d"},
            pythoninfo=True,
        ),
        pythoninfo=SAID.pythoninfo,
    )


def test_it_is_gathered_once_for_a_build_and_runtime(prepared: Prepared, store: Store, told: Told) -> None:
    first = description_of(prepared, MAKE, store)
    assert description_of(prepared, MAKE, store) == first
    assert told.guests == 1
    for part in ("sdk", "runtime"):
        other = replace(getattr(prepared, part), digest="two")
        description_of(replace(prepared, **{part: other}), MAKE, store)
    description_of(replace(prepared, settings=replace(prepared.settings, wasm_digest="two")), MAKE, store)
    assert told.guests == 4


def test_a_damaged_copy_in_the_cache_is_made_again(prepared: Prepared, store: Store, told: Told) -> None:
    first = description_of(prepared, MAKE, store)
    (kept,) = (store.root / "state/results").glob("build-*.json")
    kept.write_text('{"facts"')
    assert description_of(prepared, MAKE, store) == first
    assert told.guests == 2


@pytest.mark.parametrize("fault", [HarnessFault("the runtime is gone"), OSError("no space left")])
def test_a_guest_that_cannot_start_is_a_note_and_tried_again(
    prepared: Prepared, store: Store, told: Told, fault: Exception
) -> None:
    told.fault = fault
    found = description_of(prepared, MAKE, store)
    assert found.facts.notes == (f"not gathered: what the interpreter says: {fault}",)
    assert (found.facts.macros, found.facts.pythoninfo) == ({"__wasm32__": "1"}, False)
    told.fault = None
    assert description_of(prepared, MAKE, store).facts.notes == ()


def test_a_guest_that_ends_in_the_middle_is_a_note_and_not_tried_again(
    prepared: Prepared, store: Store, told: Told
) -> None:
    told.said = replace(SAID, pythoninfo="", notes=("not gathered: pythoninfo: the guest ended: a trap",))
    for _ in range(2):
        assert description_of(prepared, MAKE, store).facts.notes == told.said.notes
    assert told.guests == 1


def test_a_compiler_that_fails_is_a_note(prepared: Prepared, store: Store, told: Told) -> None:
    told.macros = MatrixError("clang is gone")
    found = description_of(prepared, MAKE, store)
    assert found.facts.notes == ("not gathered: what the Makefile says: clang is gone",)
    assert found.facts.platform == SAID.platform


@pytest.mark.parametrize("details", ["{", "[" * 100_000])
def test_damaged_details_are_a_note(prepared: Prepared, store: Store, told: Told, details: str) -> None:
    told.details = details
    (note,) = description_of(prepared, MAKE, store).facts.notes
    assert note.startswith("not gathered: build-details.json: ")


@pytest.mark.parametrize(
    ("content", "note"),
    [(FEATURES[:8], "python.wasm has no section target_features"), (b"ELF", "not gathered: target_features: ")],
)
def test_a_module_without_features_is_a_note(
    prepared: Prepared, store: Store, told: Told, content: bytes, note: str
) -> None:
    wasm = prepared.settings.wasm.with_name("python.wasm")
    wasm.write_bytes(content)
    found = description_of(replace(prepared, settings=replace(prepared.settings, wasm=wasm)), MAKE, store)
    assert found.facts.notes[0].startswith(note)
    assert found.facts.target_features == ()
    assert found.facts.wasm_bytes == len(content)


def test_a_module_that_is_gone_has_no_size(prepared: Prepared, store: Store, told: Told) -> None:
    prepared.settings.wasm.unlink()
    facts = description_of(prepared, MAKE, store).facts
    assert facts.wasm_bytes is None
    assert any(note.startswith("not gathered: wasm_bytes: ") for note in facts.notes)


@pytest.mark.parametrize("size", [-1, 1 << 63, 10**30])
def test_an_impossible_size_in_a_file_does_not_count(tmp_path: Path, size: int) -> None:
    write_description(tmp_path, "a-cell", BuildDescription(facts=BuildFacts(macros={"__wasi__": "1"})))
    file = tmp_path / "cells/a-cell/build.json"
    text = file.read_text("utf-8")
    assert '"wasm_bytes": null' in text
    file.write_text(text.replace('"wasm_bytes": null', f'"wasm_bytes": {size}'), "utf-8")
    found = read_description(tmp_path, "a-cell")
    assert found is not None
    assert (found.facts.wasm_bytes, found.facts.macros) == (None, {"__wasi__": "1"})


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    assert read_description(tmp_path, "a-cell") is None
    found = BuildDescription(facts=BuildFacts(macros={"__wasi__": "1"}), pythoninfo="é: 1\n")
    write_description(tmp_path, "a-cell", found)
    assert read_description(tmp_path, "a-cell") == found


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"macros": [1]}', b"\xff"])
def test_a_file_that_is_no_record_is_not_read(tmp_path: Path, content: bytes) -> None:
    write_description(tmp_path, "a-cell", BuildDescription(facts=BuildFacts()))
    (tmp_path / "cells/a-cell/build.json").write_bytes(content)
    assert read_description(tmp_path, "a-cell") is None


def test_the_step_is_that_of_the_build_and_not_of_the_build_python() -> None:
    native = BuildPlan(name="native", directory=Path(), steps=(replace(MAKE, title="native"),))
    build = BuildPlan(name="a-build", directory=Path(), steps=(replace(MAKE, name="configure"), MAKE))
    assert make_step([native, build], "a-build") == MAKE
    assert make_step([native], "a-build") is None
