"""ccache or sccache, when there is one: a compile that was made before is taken from it.

It is told to make on the command line of a step, and to nothing else. So configure does not see it, what a build
says of itself (sysconfig) does not name it, and the same build is made with and without.
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
"""variables that configure either, with those for sccache's shared storages"""


class CompilerCache(msgspec.Struct, frozen=True, kw_only=True):
    """The command, and the environment that it is configured by."""

    command: Path
    environment: dict[str, str]

    def words(self, step_words: tuple[str, ...]) -> tuple[str, ...]:
        """What a step adds to its command to compile by way of the cache."""
        return tuple(word.replace(CACHE, str(self.command)) for word in step_words)

    def variables(self, compiler: str) -> dict[str, str]:
        """The environment of a step whose compiler is identified by a digest.

        A composed SDK's `clang` is a script, whose content or time would tell little: ccache is told the digest.
        sccache reads the file, in which the SDK's name and version stand.
        """
        return {"CCACHE_COMPILERCHECK": f"string:{compiler}"} | self.environment if compiler else self.environment


def find(environment: Mapping[str, str] = os.environ) -> CompilerCache | None:
    """What `$CPYTHON_WASM_COMPILER_CACHE` names ("off": none), else ccache or sccache of PATH.

    sccache comes first when something configures it. Raises UsageError when what is named is not there.
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
