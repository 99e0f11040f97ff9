"""Compiled code in the store: damage is noticed and mended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.guests.runtimes.compiled import compiled
from harness.machine.store import Store

CODE = b"the code of a module" * 50


class Compiler:
    """Writes code, and counts how often."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, target: Path) -> None:
        self.runs += 1
        target.write_bytes(CODE)


@pytest.fixture
def make() -> Compiler:
    return Compiler()


def test_code_is_made_once(store: Store, make: Compiler) -> None:
    assert compiled(store, "a.cwasm", make).read_bytes() == CODE
    assert compiled(store, "a.cwasm", make).read_bytes() == CODE
    assert make.runs == 1


def cut(path: Path) -> None:
    path.write_bytes(CODE[:-1])


def flip(path: Path) -> None:
    path.write_bytes(CODE.replace(b"module", b"nodule", 1))


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut, flip, empty, Path.unlink])
def test_code_that_is_not_as_it_was_made_is_made_again(
    store: Store, make: Compiler, damage: Callable[[Path], None]
) -> None:
    damage(compiled(store, "a.cwasm", make))
    assert compiled(store, "a.cwasm", make).read_bytes() == CODE
    assert make.runs == 2


@pytest.mark.parametrize("damage", [cut, flip, empty, Path.unlink])
def test_code_whose_digest_is_damaged_is_made_again(
    store: Store, make: Compiler, damage: Callable[[Path], None]
) -> None:
    compiled(store, "a.cwasm", make)
    damage(store.root / "state/compiled-digests/a.cwasm")
    assert compiled(store, "a.cwasm", make).read_bytes() == CODE
    assert make.runs == 2


def test_nothing_is_left_of_code_that_cannot_be_made(store: Store) -> None:
    def fail(target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        compiled(store, "a.cwasm", fail)
    assert not list((store.root / "state/compiled").iterdir())


# --- directories


def fill(target: Path) -> None:
    (target / "code").mkdir(parents=True)
    (target / "code/one").write_bytes(CODE)
    (target / "module").write_bytes(b"module")


def add(kept: Path) -> None:
    (kept / "code/two").write_bytes(b"")


def rename(kept: Path) -> None:
    (kept / "code/one").rename(kept / "code/two")


def shorten(kept: Path) -> None:
    cut(kept / "code/one")


def leave(kept: Path) -> None:
    pass


@pytest.mark.parametrize(("damage", "times"), [(leave, 1), (shorten, 2), (add, 2), (rename, 2)])
def test_a_directory_is_kept_as_it_was_made(store: Store, damage: Callable[[Path], None], times: int) -> None:
    made: list[Path] = []

    def make(target: Path) -> None:
        made.append(target)
        fill(target)

    kept = compiled(store, "a-command", make)
    damage(kept)
    assert compiled(store, "a-command", make) == kept
    assert sorted(path.name for path in kept.rglob("*")) == ["code", "module", "one"]
    assert (kept / "code/one").read_bytes() == CODE
    assert len(made) == times


def test_a_directory_that_could_not_be_filled_is_removed(store: Store) -> None:
    def make(target: Path) -> None:
        fill(target)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        compiled(store, "a-command", make)
    assert not list((store.root / "state/compiled").iterdir())
