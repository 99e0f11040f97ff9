"""How a tree wants its suite to be run: `test-args` of Platforms/emscripten/config.toml.

They are the words after upstream's `python.sh`, such as `-m test -v -uall --rerun --single-process -W`, and mean here
what regrtest takes them for. What has no meaning here is said.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import msgspec

from harness.build.resources import resources
from harness.build.tree import EMSCRIPTEN_CONFIG, Table
from matrix.errors import Unobtainable, UsageError
from matrix.model import SdkFamily, Series

_KEY, _INFO = "test-args", "pythoninfo-args"
_REGRTEST = ("test", "test.regrtest")
_PYTHONINFO = ("-m", "test.pythoninfo")
_UNBUFFERED = "-u"
"""Python's: what a guest prints before it crashes is not lost"""


class SuiteDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """How a tree's suite is run unless the command line says otherwise."""

    series: Series
    notes: tuple[str, ...] = ()
    """what the tree asks for and does not get"""


def suite_defaults(series: Series, source: Path) -> SuiteDefaults:
    """A series with what a tree says of its tests in place of what the data say.

    Raises Unobtainable, with file and key, for what regrtest would not understand either.
    """
    if series.sdk_family is not SdkFamily.EMSCRIPTEN:
        return SuiteDefaults(series=series)
    table = Table(source / EMSCRIPTEN_CONFIG)
    words, info = table.words(_KEY), table.words(_INFO)
    notes = []
    if info is not None and info != _PYTHONINFO:
        notes.append(_not_followed(_INFO, info, f"{' '.join(_PYTHONINFO)} is run"))
    if words is None:
        return SuiteDefaults(series=series, notes=tuple(notes))
    module = words.index("-m") if "-m" in words else len(words)
    if words[module + 1 : module + 2] not in [(name,) for name in _REGRTEST]:
        notes.append(_not_followed(_KEY, words, "they do not run regrtest (-m test)"))
        return SuiteDefaults(series=series, notes=tuple(notes))
    known, rest = _parser().parse_known_args(words[module + 2 :])
    if rest:
        notes.append(_not_followed(_KEY, rest, "which tests run, and in which guest, is decided here"))
    return SuiteDefaults(series=_fitted(series, source, words[:module], known), notes=tuple(notes))


def _fitted(series: Series, source: Path, flags: Sequence[str], known: argparse.Namespace) -> Series:
    ci = known.fast_ci or known.slow_ci
    use = [word.strip().lower() for words in known.use for word in words.split(",")]
    use = [*(("all",) if known.slow_ci else ("all", "-cpu") if ci else ()), *use]
    try:
        found = resources(use, source, f"{EMSCRIPTEN_CONFIG}: {_KEY}: -u") if use else ()
    except UsageError as exc:
        raise Unobtainable(exc.message, hint=exc.hint) from None
    usual = (1200.0 if known.slow_ci else 600.0) if ci else 0.0
    return msgspec.structs.replace(
        series,
        # regrtest gives itself the others in the modes for continuous integration only.
        python_flags=(*(series.python_flags if ci else (_UNBUFFERED,)), *flags),
        resources=found,
        verbose=bool(known.verbose or known.verbose3 or ci),
        fail_env_changed=bool(known.fail_env_changed or ci),
        timeout=max(known.timeout, 0.0) if known.timeout is not None else usual,
    )


def _parser() -> argparse.ArgumentParser:
    """The options of regrtest that decide outcomes, as its own parser has them, and those that are always done."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    add = parser.add_argument
    add("-u", "--use", action="append", default=[])
    add("-v", "--verbose", action="count")
    add("-W", "--verbose3", action="store_true")
    add("--fail-env-changed", action="store_true")
    add("--fast-ci", action="store_true")
    add("--slow-ci", action="store_true")
    add("--timeout", type=float)
    add("-w", "--rerun", "--verbose2", action="store_true")  # always done
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Unobtainable(f"{EMSCRIPTEN_CONFIG}: {_KEY}: {message}", hint="the words are those of `python -m test`")


def _not_followed(key: str, words: Sequence[str], why: str) -> str:
    return f"{EMSCRIPTEN_CONFIG}: {key}: {' '.join(words)} is not followed: {why}"
