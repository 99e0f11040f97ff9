"""The functions of the library's modules: a digest of each, so that one sees which of them an edit changes.

Only the Python that a file of byte code was made for can read it. So the build Python does (`function_digests.py`), and
what it said of the same byte code before is not asked again. It is data that may be deleted.
"""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness.machine import sealed
from harness.machine.command import capture
from harness.machine.files import write_atomically
from harness.machine.process import base_environment

SCRIPT = Path(__file__).with_name("function_digests.py")
_LIBRARY, _TESTS = "/Lib/", "/Lib/test/"

Functions = dict[str, tuple[str, ...]]
"""by the path of a source in the tree: the digests of the code objects of its byte code"""


class _Digests(msgspec.Struct, frozen=True):
    """What the build Python said."""

    functions: Functions
    """by the digest of the byte code"""


def functions_of(tree: Path, code: Mapping[str, str], python: Path) -> Functions:
    """The digests of the library's code objects in a tree that guests see; without sources that cannot be read.

    `code` has the digest of each source's byte code (`manifest.Contents.code`), and `python` made the byte code. Raises
    HarnessFault or CommandFailed when that does not work any more.
    """
    wanted = {
        path: digest for path, digest in code.items() if path.startswith(_LIBRARY) and not path.startswith(_TESTS)
    }
    kept = tree.parent / ".steps" / f"{tree.name}.functions"
    known = _read(kept)
    new = {path: digest for path, digest in wanted.items() if digest not in known}
    if new:
        said = dict(zip(new.values(), _ask([_byte_code(tree, path) for path in new], python), strict=True))
        known = {digest: known.get(digest) or said[digest] for digest in wanted.values()}
        write_atomically(kept, sealed.encode(_Digests(known)))
    return {path: known[digest] for path, digest in wanted.items() if known[digest]}


def _ask(files: list[Path], python: Path) -> list[tuple[str, ...]]:
    """What the build Python says of files of byte code; () for each that it cannot read."""
    with tempfile.TemporaryDirectory() as directory:
        names = Path(directory) / "names"
        names.write_bytes(b"\0".join(map(os.fsencode, files)))
        # With another seed, a set among the constants could have another order.
        environment = base_environment() | {"PYTHONHASHSEED": "0"}
        said = capture([str(python), "-s", "-P", str(SCRIPT), str(names)], env=environment)
    return [tuple(line.split()) for line in said.splitlines()]


def _byte_code(tree: Path, source: str) -> Path:
    file = tree / source.lstrip("/")
    return next(file.parent.glob(f"__pycache__/{glob.escape(file.stem)}.*"), file)


def _read(path: Path) -> Functions:
    try:
        return sealed.decode(path.read_bytes(), _Digests).functions
    except (OSError, msgspec.DecodeError):
        return {}
