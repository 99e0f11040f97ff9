"""pytest's own options, taken from pytest's and pytest-xdist's own declarations.

They are added to the parser of `test`, so that argparse reads them with the command's options: it knows which of
them take a value, and an option that neither has is refused. They are kept as words, for the pytest that runs the
suite, except for the number of workers, which the harness needs to know.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, NoReturn

import pytest
from _pytest.config import get_config
from xdist import plugin as xdist

from harness.commands.parser import Parser, Refused
from matrix.errors import UsageError

_OWN = frozenset(["--help", "--version"])
"""options of pytest's about pytest itself"""
_RUN_NOTHING = frozenset(
    ["--cache-show", "--collect-only", "--fixtures", "--fixtures-per-test", "--markers", "--setup-only", "--setup-plan"]
)
"""options with which pytest runs no tests: all that was planned would count as missing"""
_WORKERS = "--numprocesses"


@cache
def _config() -> pytest.Config:
    """A configuration that knows all options of pytest and pytest-xdist; nothing is parsed or collected."""
    config = get_config()
    config.pluginmanager.import_plugin(xdist.__name__)
    return config


def add_pytest_options(parser: Parser) -> None:
    """Add pytest's options, which `--help` does not list: `pytest` holds their words, `workers` is a number or None.

    Those that the parser has already keep the meaning that they have there.
    """
    parser.set_defaults(pytest=[], workers=None)
    taken = {*parser.options()}
    for action in _config()._parser.optparser._actions:
        names = [name for name in action.option_strings if name not in taken]
        if not names or _OWN & {*names}:
            continue
        if _RUN_NOTHING & {*names}:
            parser.add_argument(*names, action=_Refuse, nargs="?", help=argparse.SUPPRESS)
        elif _WORKERS in names:
            parser.add_argument(*names, dest="workers", type=worker_count, help=argparse.SUPPRESS)
        else:
            parser.add_argument(
                *names,
                dest="pytest",
                action=_KeepWords,
                nargs=action.nargs,
                type=_type(action),
                choices=action.choices if action.type is None else None,
                help=argparse.SUPPRESS,
            )


def worker_count(text: str) -> int:
    """How many workers `-n` asks for; pytest-xdist itself says what `auto` and `logical` mean on this machine."""
    config = _config()
    if text in ("auto", "logical"):
        config.option.numprocesses = text
        return int(xdist.pytest_xdist_auto_num_workers(config))
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of workers, `auto` or `logical`")
    return int(text)


def _type(action: argparse.Action) -> Callable[[str], str]:
    if action.dest == "override_ini":
        return _setting
    return partial(_checked, action.type) if action.type in (int, float) else str


def _setting(text: str) -> str:
    """The text itself, if it sets an option of pytest's. Raises ArgumentTypeError."""
    if "=" not in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE, a setting of pytest's (reports go to --out)")
    return text


def _checked(read: type[int] | type[float], text: str) -> str:
    """The text itself, if pytest can read it. Raises ArgumentTypeError."""
    try:
        read(text)
    except ValueError:
        what = "a whole number" if read is int else "a number"
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}") from None
    return text


class _Refuse(Refused):
    """An option with which pytest runs no tests."""

    def __call__(self, parser: object, namespace: object, values: object, option_string: str | None = None) -> NoReturn:
        raise UsageError(
            f"`test` does not take pytest's {option_string}, with which no test runs",
            hint="`build` builds and runs nothing; the report of a run lists every test, also those that did not run",
        )


class _KeepWords(argparse.Action):
    """Appends an option and its value, as words that pytest reads the same way."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        assert option_string is not None
        words = [option_string]
        if isinstance(values, str):
            if self.nargs == "?" or values.startswith("-"):  # the value must not be a word of its own
                words = [f"{option_string}={values}" if option_string.startswith("--") else option_string + values]
            else:
                words.append(values)
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), *words])
