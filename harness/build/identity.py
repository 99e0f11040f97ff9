"""What a build depends on besides its inputs: the files that configure reads, the machine, the build Python."""

from __future__ import annotations

import platform
import re
import sysconfig
from pathlib import Path

from harness.machine.command import ask
from harness.machine.hashing import digest_of, file_sha256
from matrix.errors import UsageError


def configure_digest(source: Path) -> str:
    """A digest of the files of a source tree that configure reads."""
    names = ["configure", "pyconfig.h.in", "Makefile.pre.in", "config.sub", "config.guess"]
    paths = [source / name for name in names]
    paths += sorted((source / "Modules").glob("Setup*"))
    paths += sorted(path for home in ("Tools/wasm", "Platforms") for path in (source / home).rglob("config.site*"))
    return digest_of(*(f"{path.name} {file_sha256(path)}" for path in paths if path.is_file()))


def build_machine() -> str:
    """configure's `--build`: this machine, as the running Python was configured for it."""
    found = sysconfig.get_config_var("BUILD_GNU_TYPE")
    return str(found) if found else f"{platform.machine()}-pc-linux-gnu"


def check_build_python(path: Path, series: str) -> Path:
    """The absolute path of a given build Python. Raises UsageError when it does not run or has another X.Y."""
    try:
        said = ask([str(path), "--version"])
    except Exception as exc:
        raise UsageError(f"--build-python {path} does not run: {exc}") from None
    found = re.match(r"Python (\d+\.\d+)", said)
    if found is None or found[1] != series:
        version = said.strip().partition("\n")[0]
        raise UsageError(
            f"--build-python {path} is {version!r}, but CPython {series} needs a build Python of its series"
        )
    return path.absolute()
