"""SDKs that are composed from packages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.machine.store import Store
from harness.provide.apt import Suite
from harness.provide.composed import ComposedSdk, Parts
from harness.provide.provider import silently
from matrix.errors import Unobtainable
from matrix.model import SdkFamily
from tests.unit.harness.provide.directories import wasi_sdk


class Composed(ComposedSdk):
    """Composes an SDK without any package."""

    family = SdkFamily.WASI_SDK

    def __init__(self, arrange: Callable[[Path], object]) -> None:
        super().__init__("an-sdk", {"a part": "1"})
        self._fill = arrange

    def _content_key(self) -> str:
        return "a mark"

    def _suite_names(self) -> tuple[str, ...]:
        return ()

    def _current(self, store: Store) -> Parts:
        return self._wanted

    def _packages(self, store: Store) -> dict[Suite, list[str]]:
        return {}

    def _arrange(self, root: Path, sdk: Path, final: Path) -> None:
        self._fill(sdk)

    def _detail(self) -> str:
        return "a detail"


def test_an_sdk_with_all_parts_is_kept(store: Store) -> None:
    found = Composed(lambda sdk: wasi_sdk(sdk)).obtain(store, silently)
    assert (found.path / "bin/clang").is_file()
    assert found.detail == "a detail"


def test_an_sdk_without_a_part_is_refused(store: Store) -> None:
    def arrange(sdk: Path) -> None:
        (wasi_sdk(sdk) / "bin/llvm-ar").unlink()

    with pytest.raises(Unobtainable, match="the packages lack bin/llvm-ar") as caught:
        Composed(arrange).obtain(store, silently)
    assert "try another SDK" in caught.value.hint
    assert list((store.root / "entries").iterdir()) == []


def test_a_file_that_the_packages_lack_is_named(store: Store) -> None:
    def arrange(sdk: Path) -> None:
        (sdk / "usr/lib/llvm-19/bin/clang").read_bytes()

    with pytest.raises(Unobtainable, match=r"the packages lack .*usr/lib/llvm-19/bin/clang"):
        Composed(arrange).obtain(store, silently)
