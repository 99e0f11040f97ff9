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
