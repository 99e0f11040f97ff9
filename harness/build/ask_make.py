"""What a build's own Makefile knows: the macros that its compiler predefines, and build-details.json."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from harness.build.step import Step
from harness.machine.command import capture
from harness.machine.process import base_environment

_ASKING = "ask-the-build"
_MACROS = f"{_ASKING}:;@$(CC) $(PY_CORE_CFLAGS) -dM -E -x c /dev/null"
"""CC and PY_CORE_CFLAGS are what CPython's Makefile compiles its core with"""
_GENERATOR = "Tools/build/generate-build-details.py"
_PLACE = "BUILD_DETAILS"
"""the environment variable with the path to write to; standard output may have more than the file's content"""
_DETAILS = f'{_ASKING}:;@$(PYTHON_FOR_BUILD) $(srcdir)/{_GENERATOR} "$${_PLACE}"'
"""as the rule for build-details.json, which `make all` of a WebAssembly build does not make (3.14)"""
_DEFINE = re.compile(r"#define (\w+)(?: (.*))?")
_PLATFORM = re.compile(r"_*(?:wasm|wasi|emscripten)", re.IGNORECASE)
_OTHERS = frozenset({
    "__clang_version__", "__VERSION__", "__STDC_VERSION__", "__BYTE_ORDER__", "__SIZEOF_POINTER__", "__SIZEOF_LONG__",
    "__SIZEOF_LONG_DOUBLE__", "__SIZEOF_WCHAR_T__", "__SIZEOF_INT128__", "__OPTIMIZE__", "__OPTIMIZE_SIZE__", "__PIC__",
    "__FAST_MATH__", "_REENTRANT", "NDEBUG", "PY_CALL_TRAMPOLINE",
})  # fmt: skip
"""macros besides the platform's own that say how the build differs from others; a compiler has some 350 in all"""


def predefined_macros(make: Step) -> dict[str, str]:
    """The macros about the platform, with their values, for the build that the step `make` makes.

    Raises CommandFailed when make or the compiler fails.
    """
    return chosen_macros(_asked(make, _MACROS))


def build_details(make: Step) -> str:
    """The text of build-details.json for the build that the step `make` makes; "" before CPython 3.14.

    Raises CommandFailed when CPython's script fails, OSError when it writes nothing.
    """
    if not (make.cwd / "../.." / _GENERATOR).is_file():
        return ""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "build-details.json"
        _asked(make, _DETAILS, {_PLACE: str(path)})
        return path.read_text("utf-8")


def _asked(make: Step, rule: str, variables: Mapping[str, str] = MappingProxyType({})) -> str:
    """What a rule prints that is added to a build's own Makefile; `-o` keeps make from bringing that up to date.

    `variables` are added to the environment.
    """
    words = (*make.argv[:-1], "--no-print-directory", "-o", "Makefile", f"--eval={rule}", _ASKING)
    asking = msgspec.structs.replace(make, argv=words, jobs=0)
    return capture(asking.words, env={**asking.environment(base_environment()), **variables}, cwd=make.cwd)


def chosen_macros(text: str) -> dict[str, str]:
    """Of the `#define` lines that a preprocessor prints, those that a reader wants to know; sorted."""
    found = {match[1]: match[2] or "" for match in map(_DEFINE.fullmatch, text.splitlines()) if match}
    return {name: found[name] for name in sorted(found) if _PLATFORM.match(name) or name in _OTHERS}
