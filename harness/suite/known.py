"""What the last runs on this machine tell about the next one: what each module depends on, and what to run first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import NamedTuple

import msgspec

from harness.machine.files import write_atomically
from harness.machine.store import Store
from harness.suite.edits import path_of
from matrix import json_records
from matrix.names import full_name

_IN_C = (".c", ".h")
_ENDS = re.compile(r"(?:module|object)$")
_MOST_NAMED = 16
"""modules named after edited files; when there are more, as after a change of branches, that says little of each"""


class First(NamedTuple):
    """Modules to run before all others, in this order."""

    likely: list[str]
    """those that probably fail"""
    importing: list[str]
    """those that import a module whose implementation in C was edited"""


class _Last(msgspec.Struct, frozen=True, kw_only=True):
    files: dict[str, str] = {}
    """of the tree that guests saw last: the digest of each, by its path"""
    reads: dict[str, tuple[str, ...]] = {}
    """what each module depended on when it last ran as a whole"""
    observer: str = ""
    """a digest of the harness's code that saw that"""
    failed: tuple[str, ...] = ()
    """the modules that failed unexpectedly when they last ran"""


class Known:
    """What is known of a target and a series of CPython (`3.13`). It is data that may be deleted."""

    def __init__(self, store: Store, target: str, series: str, observer: str) -> None:
        """`observer` is a digest of the harness's code in guests: what other code saw may not be all."""
        self._store = store
        self._observer = observer
        self._path = store.root / "state" / "last" / f"{target}-{series}.json"

    @cached_property
    def _last(self) -> _Last:
        return self._read()

    @property
    def reads(self) -> Mapping[str, Sequence[str]]:
        """The files that each module depends on, as far as that is known."""
        return self._last.reads

    def first(self, files: Mapping[str, str], modules: Iterable[str]) -> First:
        """The modules to run before all others: those that an edit since the last run is likely to break.

        Those come first that are named after an edited file, then those that failed lately, then those that import a
        module that is named after a file in C. (After an edit in Python, only modules run that depend on it.)
        """
        modules = list(modules)
        changed = [path for path, digest in files.items() if self._last.files.get(path, digest) != digest]
        words = {word for path in changed if path.endswith((*_IN_C, ".py")) for word in words_of(path)}
        named = {module for module in modules if words & _words_in(module)}
        if len(named) > _MOST_NAMED:
            named, changed = set(), []
        in_c = {word for path in changed if path.endswith(_IN_C) for word in words_of(path)}
        imported = {f"/Lib/{word}{end}" for word in in_c for end in (".py", "/__init__.py")}

        def rank(module: str) -> int:
            if module in named:
                return 0
            if module in self._last.failed:
                return 1
            return 2 if imported.intersection(map(path_of, self._last.reads.get(module, ()))) else 3

        ranked = sorted((rank(module), module) for module in modules)
        return First(
            likely=[module for number, module in ranked if number < 2],
            importing=[module for number, module in ranked if number == 2],
        )

    def learn(self, files: Mapping[str, str], reads: Mapping[str, Sequence[str]], failed: Sequence[str]) -> None:
        """Remember a run of some modules. Of one with empty reads, it is not known what it depends on."""
        with self._store.lock("last"):
            last = self._read()
            known = {module: found for module, found in last.reads.items() if module not in reads}
            write_atomically(
                self._path,
                json_records.encode(
                    _Last(
                        files=dict(files),
                        reads=known | {module: tuple(found) for module, found in reads.items() if found},
                        failed=tuple(sorted({*last.failed} - {*reads} | {*failed})),
                        observer=self._observer,
                    )
                ),
            )

    def _read(self) -> _Last:
        try:
            last = json_records.decode(self._path.read_bytes(), _Last)
        except (OSError, msgspec.DecodeError):
            return _Last()
        return last if last.observer == self._observer else msgspec.structs.replace(last, reads={})


def _words_in(module: str) -> set[str]:
    return set(full_name(module).removeprefix("test.").replace(".", "_").split("_"))


def words_of(path: str) -> set[str]:
    """What a module, an extension or a type may be called that a file implements or tests.

    `json` for Modules/_json.c and Lib/test/test_json/__init__.py, `dict` for Objects/dictobject.c, `decimal` and
    `libmpdec` for a file of Modules/_decimal/libmpdec, with its own name.
    """
    file = PurePosixPath(path)
    directories = file.parts[2:-1]  # below Modules, Objects, Python, Lib
    names = (file.name.partition(".")[0], *directories)
    return {_ENDS.sub("", name.strip("_").removeprefix("test_")) for name in names} - {"", "clinic", "init", "test"}
