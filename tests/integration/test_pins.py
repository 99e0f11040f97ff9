"""`update-pins`, with upstream's listings from a local server, and the machine's own apt and pip."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.load import DATA, load
from matrix.pins import version_of
from tests.integration.conftest import REAL_ENVIRONMENT, TOP
from tests.integration.web import Web, serving

pytestmark = pytest.mark.integration

HASH = "5c" * 32


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as server:
        yield server


@pytest.fixture
def data(tmp_path: Path, web: Web) -> Path:
    """A copy of the matrix that looks for new versions on the server, which has none yet."""
    directory = tmp_path / "data"
    shutil.copytree(DATA, directory)
    sources = "\n".join(f'{name} = "{web.url(f"/{name}")}"' for name in ("wasi_sdk", "emscripten", "cpython"))
    (directory / "sources.toml").write_text(f'{sources}\nsuites = ["bookworm"]\n')
    return directory


def update(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness", "update-pins", "--data", str(directory), *options]
    return subprocess.run(
        command, cwd=TOP, env=REAL_ENVIRONMENT, capture_output=True, text=True, timeout=600, check=False
    )


def texts(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(directory.iterdir())}


def publish(web: Web) -> None:
    name = "wasi-sdk-99.0-x86_64-linux.tar.gz"
    asset = {"name": name, "browser_download_url": web.url(f"/{name}"), "digest": f"sha256:{HASH}"}
    web.serve("/wasi_sdk", json.dumps([{"draft": False, "prerelease": False, "assets": [asset]}]).encode())
    web.serve("/emscripten", f'"99.0.1": struct(\n hash = "{"a" * 40}",\n sha_linux = "{HASH}",\n),'.encode())
    file = {"url": web.url("/Python-3.12.99.tar.xz"), "sha256_sum": HASH}
    web.serve("/cpython", json.dumps([file]).encode())


def test_newer_versions_are_shown_and_then_written(data: Path, web: Web) -> None:
    publish(web)
    before = texts(data)

    shown = update(data)

    assert shown.returncode == 0, shown.stdout + shown.stderr
    for row in ('+id = "wasi-sdk-99"', '+id = "emscripten-99.0.1"', '+version = "3.12.99"'):
        assert row in shown.stdout.splitlines()
    assert "not written: --write does" in shown.stdout
    assert texts(data) == before

    written = update(data, "--write")

    assert written.returncode == 0, written.stdout + written.stderr
    matrix = load(data)
    assert {"wasi-sdk-99", "emscripten-99.0.1"} <= {sdk.id for sdk in matrix.sdks}
    assert {sdk.id for sdk in load().sdks} <= {sdk.id for sdk in matrix.sdks}
    assert "cpython-3.12.99" in {cpython.id for cpython in matrix.cpythons}
    after = texts(data)

    again = update(data, "--write")

    assert "nothing newer" in again.stdout
    assert texts(data) == after


def test_a_failing_source_is_named_and_the_others_are_used(data: Path, web: Web) -> None:
    publish(web)
    web.serve("/wasi_sdk", b"<html>rate limit</html>")
    web.answers.pop("/emscripten")

    done = update(data, "--write")

    assert done.returncode == 3
    assert "not asked: WASI SDK releases: GitHub's list of releases has a form that is not known" in done.stdout
    assert f"not asked: Emscripten releases: {web.url('/emscripten')}: the server answered 404" in done.stdout
    assert "cpython-3.12.99" in {cpython.id for cpython in load(data).cpythons}


def test_a_wheel_in_the_index_is_found(data: Path, web: Web) -> None:
    """Without the newest wasmtime and one for bisecting in the pins, the index offers the same pins again."""
    publish(web)
    pinned, step = (load(data).runtime(f"wasmtime-{version}") for version in ("50.0.1", "41.0.0"))
    path = data / "runtimes.toml"
    for version in ("50.0.1", "41.0.0"):
        start = path.read_text().index(f'[[runtime]]\nname = "wasmtime"\nversion = "{version}"')
        end = path.read_text().index("[[runtime]]", start + 1)
        path.write_text(path.read_text()[:start] + path.read_text()[end:])
    targets = data / "targets.toml"
    targets.write_text(targets.read_text().replace("wasmtime-50.0.1", "wasmtime-49.0.0"))

    done = update(data, "--write")

    assert done.returncode == 0, done.stdout + done.stderr
    newest = max(
        (row for row in load(data).runtimes if row.name == "wasmtime"), key=lambda row: version_of(row.version)
    )
    assert version_of(newest.version) >= version_of(pinned.version)
    assert newest.wheel is not None
    assert step.for_bisecting
    assert load(data).runtime(step.id) == step
    assert newest == pinned or newest.wheel.sha256.keys() >= {"x86_64"}  # once there is a newer one
