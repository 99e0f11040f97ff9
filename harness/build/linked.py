"""The libraries of a build: where they are compiled, and what has to lie there before."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.build.recipes.emscripten import Toolchain
from harness.build.recipes.libraries import LinkedLibrary
from harness.machine.files import write_atomically
from harness.machine.hashing import digest_of, file_sha256


def linked_library(
    name: str, version: str, source: Path, digest: str, toolchain: Toolchain, script: Path | None
) -> LinkedLibrary:
    """A library of a toolchain. `digest` is that of its sources, `script` upstream's that compiles it."""
    made_of = digest_of(digest, toolchain.digest, *((file_sha256(script),) if script is not None else ()))
    return LinkedLibrary(
        name=name,
        version=version,
        source=source,
        digest=made_of,
        directory=toolchain.directory / "libraries" / f"{name}-{version}-{made_of[:8]}",
        script=script,
    )


def lay_out(libraries: Iterable[LinkedLibrary]) -> None:
    """Put upstream's scripts where they are run."""
    for library in libraries:
        library.directory.mkdir(parents=True, exist_ok=True)
        if library.script is not None:
            write_atomically(library.own_script, library.script.read_bytes())
