"""How a preparer obtains what a cell needs: side by side, and naming the first that is missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.build.watcher import Silent
from harness.cells import prepare
from harness.cells.prepare import PrepareOptions, Preparer
from harness.machine.branches import Branches, check_stopped
from harness.machine.store import Store
from harness.provide.provider import LocalProvider, Obtained, Provider, Say
from matrix.browsers import BrowserLine
from matrix.errors import Unobtainable
from matrix.resolve import ResolvedCell
from tests.unit import made

CELL = made.resolved()
BROWSER = BrowserLine(commands=("browser",), run=("{profile}", "{url}"), says="Browser ", debian="browser")
SDK, CPYTHON, RUNTIME = CELL.build.sdk.id, CELL.build.cpython.id, CELL.runtime.id


class Calling(LocalProvider):
    """A provider that has nothing in the cache, and calls a function to obtain the item."""

    name = "function"

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call

    def cached(self, store: Store) -> Obtained | None:
        return None

    def obtain(self, store: Store, say: Say) -> Obtained:
        self._call()
        return self.find()

    def find(self) -> Obtained:
        return Obtained(path=Path("/nowhere"), provider=self.name, detail="", digest="a digest")


def preparer(store: Store, monkeypatch: pytest.MonkeyPatch, calls: dict[str, Callable[[], object]]) -> Preparer:
    def items_of(cell: ResolvedCell, store: Store) -> dict[str, Callable[[], list[Provider]]]:
        return {item: lambda call=call: [Calling(call)] for item, call in calls.items()}  # type: ignore[misc]

    monkeypatch.setattr(prepare, "items_of", items_of)
    return Preparer(store, PrepareOptions(jobs=2), Silent(), print)


def obtained(one: Preparer) -> dict[str, Obtained]:
    with Branches() as branches:
        return one._collected(one._start(CELL, branches))


def missing(item: str) -> Callable[[], object]:
    def call() -> object:
        raise Unobtainable(f"no {item} on this machine")

    return call


def test_items_are_obtained_side_by_side(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    meet = threading.Barrier(3, timeout=30).wait
    one = preparer(store, monkeypatch, dict.fromkeys((SDK, CPYTHON, RUNTIME), meet))
    assert list(obtained(one)) == [SDK, CPYTHON, RUNTIME]
    assert list(obtained(one)) == [SDK, CPYTHON, RUNTIME]  # the barrier is not asked again


def test_of_several_missing_items_the_first_is_named_whichever_fails_sooner(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()

    def late() -> object:
        assert failed.wait(30)
        return missing(SDK)()

    def soon() -> object:
        failed.set()
        return missing(CPYTHON)()

    one = preparer(store, monkeypatch, {SDK: late, CPYTHON: soon, RUNTIME: list})
    for _ in range(2):
        with pytest.raises(Unobtainable, match=f"no {SDK} on"):
            obtained(one)


def test_what_is_obtained_beside_a_missing_item_is_stopped_and_no_failure(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = threading.Event()

    def go_on() -> object:
        try:
            while True:
                check_stopped()
                time.sleep(0.001)
        finally:
            stopped.set()

    one = preparer(store, monkeypatch, {SDK: missing(SDK), CPYTHON: go_on, RUNTIME: list})
    with pytest.raises(Unobtainable, match=f"no {SDK} on"):
        obtained(one)
    assert stopped.is_set()
    assert one._failures.keys() == {SDK}


def test_what_a_runtime_is_not_to_have_is_part_of_how_it_is_called() -> None:
    """Results of Chromium once stood for Chromium without JSPI."""
    with_all, without = (
        msgspec.structs.replace(CELL, runtime=msgspec.structs.replace(made.runtime(), browser=BROWSER, without=names))
        for names in ((), ("WebAssembly.promising",))
    )
    assert prepare._command_line(with_all) != prepare._command_line(without)
    assert len(prepare._command_line(with_all)) == 1
