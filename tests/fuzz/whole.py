"""A real run, made once, whose files are damaged before it is reported or resumed."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from harness.__main__ import main
from tests.fuzz import command
from tests.fuzz.judge import Seen

_RUN = ("test", "--target", "wasi", "--no-reuse", "-n", "1", *command.MODULES)


@cache
def _made() -> Path:
    """The directory of all runs, with one run in it."""
    directory = Path(tempfile.mkdtemp(prefix="fuzz-run-"))
    seen = command.run(directory / "out", *_RUN)
    if not seen.green:
        raise RuntimeError(f"the undisturbed run is not green:\n{seen.said}")
    return directory


def reported(place: Path) -> Seen:
    """The run in a directory, judged again."""
    return _used(place, "report")


def resumed(place: Path) -> Seen:
    """The run in a directory, resumed: what it has lost runs again."""
    return _used(place, "test", "--resume")


def _used(place: Path, *words: str) -> Seen:
    out = place / "out"
    if not out.exists():
        shutil.copytree(_made() / "out", out, symlinks=True)
    log = place / "log"
    with _printing_to(log):
        status = main([*words, "--out", str(out)])
    return command.seen(out, status, log.read_text("utf-8", "backslashreplace"))


@contextlib.contextmanager
def _printing_to(log: Path) -> Iterator[None]:
    """Send what this process and its children print to a file."""
    sys.stdout.flush()
    kept = [os.dup(number) for number in (1, 2)]
    with log.open("wb") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, descriptor in zip((1, 2), kept, strict=True):
            os.dup2(descriptor, number)
            os.close(descriptor)
