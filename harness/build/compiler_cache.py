"""The compiler cache, ccache or sccache, if one is installed: it has the results of earlier compiles.

Only make hears of it, on the command line of a step. So configure does not see it, the build's own description
(sysconfig) does not name it, and the build is the same with and without it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness.build.step import CACHE
from matrix.errors import UsageError

VARIABLE = "CPYTHON_WASM_COMPILER_CACHE"
OFF = "off"

_CONFIGURATION = re.compile(r"^(CCACHE_|SCCACHE_|AWS_|ACTIONS_|XDG_CACHE_HOME$|XDG_CONFIG_HOME$)")
"""variables that configure either cache, among them those for sccache's shared storage"""


class CompilerCache(msgspec.Struct, frozen=True, kw_only=True):
    """The cache's command, and the environment variables that configure it."""

    command: Path
    environment: dict[str, str]

    def words(self, step_words: tuple[str, ...]) -> tuple[str, ...]:
        """The words that a step adds to its command to compile through the cache."""
        return tuple(word.replace(CACHE, str(self.command)) for word in step_words)

    def variables(self, compiler: str) -> dict[str, str]:
        """The environment of a step whose compiler is identified by a digest.

        A composed SDK's `clang` is a script whose content and time say little about the compiler, so ccache gets the
        digest. sccache reads the script, which names the SDK and its version.
        """
        return {"CCACHE_COMPILERCHECK": f"string:{compiler}"} | self.environment if compiler else self.environment


def find(environment: Mapping[str, str] = os.environ) -> CompilerCache | None:
    """The cache that `$CPYTHON_WASM_COMPILER_CACHE` names ("off" for none), else ccache or sccache from PATH.

    sccache is preferred when the environment configures it. Raises UsageError when the named one is missing.
    """
    configuration = {name: value for name, value in environment.items() if _CONFIGURATION.match(name)}
    named = environment.get(VARIABLE, "")
    if named == OFF:
        return None
    names = ["ccache", "sccache"]
    if any(name.startswith("SCCACHE_") for name in configuration):
        names.reverse()
    path = environment.get("PATH")
    for name in [named] if named else names:
        if (command := shutil.which(name, path=path)) is not None:
            return CompilerCache(command=Path(command).absolute(), environment=configuration)
    if named:
        raise UsageError(
            f"${VARIABLE}: there is no {named}", hint=f"name ccache, sccache or a path of either, or `{OFF}`"
        )
    return None
