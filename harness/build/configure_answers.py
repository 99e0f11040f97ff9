"""configure's answers, shared between the builds that ask one SDK the same.

Each of configure's checks runs the compiler, and under Emscripten often Node too: about 60 s in all for WASI, 400 s for
Emscripten. The answers depend on the SDK, on what configure reads of the sources, on the libraries and the flags. They
do not depend on Emscripten's target, whose flags are for CPython's own files (CFLAGS_NODIST, LDFLAGS_NODIST,
LINKFORSHARED). Nor do they depend on --with-pydebug, whose flags are OPT: in configure.ac of 3.11 and 3.13, only
whether to warn of unreachable code does. So the second target starts with the answers of the first, a debug build with
those of a plain one, and a checkout with those of another one that has the same configure.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.build.recipes.layout import Parts
from harness.machine.files import write_atomically
from harness.machine.hashing import bytes_digest, digest_of
from harness.machine.store import Store
from matrix.resolve import ResolvedCell

_NOT_SHARED = re.compile(rb"^(ac_cv_env_|py_cv_module_|ac_cv_build|ac_cv_func_dlopen=|ac_cv_prog_PYTHON_FOR_REGEN=)")
"""the environment, which configure compares; which modules are built; what the target decides; the build Python"""

_DIGEST = b"# digest: "


def answers_path(cell: ResolvedCell, parts: Parts, store: Store) -> Path:
    """The file for the answers of all builds that ask configure the same as this one."""
    flags = [flag for repair in cell.repairs for flag in (*repair.cflags, *repair.ldflags)]
    flags += [flag for repair in cell.repairs for flag in repair.configure if not _NOT_SHARED.match(flag.encode())]
    asked = [parts.sdk_digest, parts.configure_digest, cell.build.cpython.version, *flags]
    asked += [library.digest for library in parts.linked]
    return store.root / "state" / "configure" / f"{digest_of(*asked)}.cache"


def take_answers(shared: Path, cache: Path) -> None:
    """Copy the shared answers to the cache of a build that is not configured yet.

    What does not fit the digest in its last line, a comment, is removed: one wrong answer would be in every build.
    """
    if shared.is_file() and not cache.exists():
        answers, _, digest = shared.read_bytes().rpartition(_DIGEST)
        if digest.strip() != bytes_digest(answers):
            shared.unlink(missing_ok=True)
            return
        write_atomically(cache, answers)


def leave_answers(cache: Path, shared: Path) -> None:
    """Share the answers in a configured build's cache, unless there are shared ones already."""
    if cache.is_file() and not shared.exists():
        lines = cache.read_bytes().splitlines(keepends=True)
        answers = b"".join(line for line in lines if not _NOT_SHARED.match(line))
        write_atomically(shared, answers + _DIGEST + bytes_digest(answers) + b"\n")
