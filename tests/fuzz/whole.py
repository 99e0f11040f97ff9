"""A real run, made once, whose files are damaged before it is reported or resumed."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

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
    return command.run(out, *words)
