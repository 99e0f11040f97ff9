"""An archive of packages that a test can change: what apt would say about each suite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from harness.provide.apt import Suite
from harness.provide.provider import Say
from matrix.errors import Unobtainable

Versions = dict[str, str]
"""the version of each package"""


class FakeArchive:
    """Suites by their names, with the one version that each has of a package; those that were asked for an index."""

    def __init__(self, suites: dict[str, Versions]) -> None:
        self.suites = suites
        self.asked: list[str] = []
        self.downloaded: list[str] = []

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have every Suite answer from here."""
        archive = self

        def refresh(suite: Suite, say: Say) -> None:
            archive.asked.append(suite.name)
            if suite.name not in archive.suites:
                raise Unobtainable(f"suite {suite.name}: there is no such suite")

        def versions(suite: Suite, packages: Sequence[str], *, source: bool = False) -> dict[str, list[str]]:
            found = archive.suites[suite.name]
            return {name: [found[name]] for name in packages if name in found}

        def download(suite: Suite, packages: Iterable[str], directory: Path) -> None:
            archive.downloaded += packages

        monkeypatch.setattr(Suite, "refresh", refresh)
        monkeypatch.setattr(Suite, "versions", versions)
        monkeypatch.setattr(Suite, "needed_by", lambda suite, packages, pattern: [])
        monkeypatch.setattr(Suite, "download", download)


def clang(llvm: int, version: str) -> Versions:
    """The packages of a clang that a WASI SDK is composed of."""
    names = [f"clang-{llvm}", f"lld-{llvm}", f"llvm-{llvm}", f"libclang-cpp{llvm}", f"libllvm{llvm}"]
    names += [f"libclang-common-{llvm}-dev", f"libclang-rt-{llvm}-dev-wasm32"]
    return dict.fromkeys(names, version)


def libc(day: str, commit: str = "0123abc") -> Versions:
    """A package of wasi-libc."""
    return {"wasi-libc": f"0.0~git{day}.{commit}-2"}
