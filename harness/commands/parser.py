"""The argument parser of every command, and the types of its values. A mistake is a UsageError, never an exit."""

from __future__ import annotations

import argparse
import contextlib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar
from urllib.parse import urlsplit

from matrix.errors import UsageError, near

PROGRAM = "python -m harness"

T = TypeVar("T")


class Refused(argparse.Action):
    """An option that is known and refused, with what to type instead."""


class Parser(argparse.ArgumentParser):
    """argparse's parser, without abbreviations; options and positional arguments may be mixed."""

    def __init__(self, command: str, summary: str, *, example: str, details: str = "") -> None:
        super().__init__(
            prog=f"{PROGRAM} {command}",
            description=_sentence(summary) + (f"\n\n{details}" if details else ""),
            epilog="example:\n" + "\n".join(f"  {line}" for line in example.splitlines()),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.command = command
        self.translate: Callable[[Sequence[str]], Sequence[str]] = list
        """what makes the words that argparse reads of those that were typed"""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError for arguments that do not fit."""
        raise UsageError(f"`{self.command}`: {message}", hint=f"{self.prog} --help")

    def options(self) -> list[str]:
        """Every option that the command takes, in all its spellings; not those that it knows to refuse."""
        actions = (action for action in self._actions if not isinstance(action, Refused))
        return [option for action in actions for option in action.option_strings]

    def takes_value(self, word: str) -> bool:
        """Whether a word is an option whose value is the next word."""
        action = self._option_string_actions.get(word)
        return action is not None and action.nargs != 0

    def documented(self) -> list[argparse.Action]:
        """The options and arguments that `--help` lists, in its order, without `--help` itself."""
        return [action for action in self._actions if action.help != argparse.SUPPRESS and action.dest != "help"]

    def short_usage(self) -> str:
        """One line, where argparse would list all options."""
        words = [_shown(action) for action in self.documented() if not action.option_strings]
        return " ".join([self.prog, "[OPTION ...]", *words])

    def parse(self, words: Sequence[str], *, elsewhere: Callable[[str], str]) -> argparse.Namespace:
        """Parse the words after the command's name; `--`, which nox hands on, is ignored.

        `elsewhere` says which other command takes an option. Raises UsageError; exits for --help.
        """
        if not {"-h", "--help"}.isdisjoint(words):  # while it parses, argparse lacks the defaults of arguments
            self.print_help()
            self.exit()
        known, unknown = self.parse_known_intermixed_args(self.translate([word for word in words if word != "--"]))
        for word in unknown:
            if word.startswith("-"):
                option = word.partition("=")[0]
                hint = elsewhere(option) or similar(option, self.options()) or f"{self.prog} --help"
                raise UsageError(f"`{self.command}` has no option {option!r}", hint=hint)
        for word in unknown:
            raise UsageError(f"`{self.command}` does not take {word!r}", hint=f"{self.prog} --help")
        return known


def similar(word: str, known: Iterable[str]) -> str:
    """A hint that names the known words most like `word`; "" when no word is."""
    hint = near(word, known)
    return hint if hint.startswith("did you mean") else ""


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _shown(action: argparse.Action) -> str:
    name = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return {"*": f"[{name} ...]", "?": f"[{name}]", "+": f"{name} ..."}.get(str(action.nargs), name)


# --- types of values


def _number(read: Callable[[str], T], fits: Callable[[T], bool], what: str) -> Callable[[str], T]:
    """A type for argparse: what `read` makes of the text, if it `fits`; `what` says what was expected."""

    def parse(text: str) -> T:
        try:
            value = read(text)
        except ValueError:
            value = None
        if value is None or not fits(value):
            raise argparse.ArgumentTypeError(f"{text[:200]!r} is not {what}")
        return value

    return parse


_MOST = 1_000_000
positive = _number(int, lambda value: 1 <= value <= _MOST, f"a whole number from 1 to {_MOST}")
share = _number(float, lambda value: 0.0 <= value <= 1.0, "a number from 0 to 1")
port = _number(int, lambda value: 0 <= value <= 65535, "a port number, 0 to 65535")
timeout = _number(float, lambda value: math.isfinite(value) and value > 0, "a number of seconds above 0")


def path(text: str) -> Path:
    """A path that may exist, `~` expanded; a type for argparse."""
    try:
        found = Path(text).expanduser()
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            found.stat()
    except (OSError, ValueError, RuntimeError) as exc:  # too long, a null character, no such user
        what = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise argparse.ArgumentTypeError(f"{text[:200]!r} cannot be a path here: {what}") from None
    if not text:
        raise argparse.ArgumentTypeError("'' is not a path")
    return found


def new_file(text: str) -> Path:
    """A file to write, which is replaced when it exists; a type for argparse. Nothing else is replaced, no device."""
    found = path(text)
    if found.exists() and not found.is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is there and is not a file")
    return found


def directory(text: str) -> Path:
    """A directory, which need not exist yet; a type for argparse."""
    found = path(text)
    if any(part.exists() and not part.is_dir() for part in (found, *found.parents)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a directory")
    return found


def web_address(text: str) -> str:
    """The address of a directory on the web, with a slash at its end; a type for argparse."""
    parts = urlsplit(text) if re.fullmatch(r"[!-~]+", text) and not re.search(r'[<>"\\^`{|}?#]', text) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc:
        raise argparse.ArgumentTypeError(f"{text[:200]!r} is not an address such as https://example.org/wasm/")
    return text if text.endswith("/") else f"{text}/"


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def duration(text: str) -> float:
    """Seconds of `90m`, `6h` or `30s`; a type for argparse."""
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smh])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 90m, 6h or 30s")
    return float(match[1]) * _UNITS[match[2]]


def shard(text: str) -> tuple[int, int]:
    """`2/5` as (2, 5); a type for argparse."""
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count) <= _MOST):
        raise argparse.ArgumentTypeError(f"{text[:200]!r} is not a shard: the first of five is 1/5, the last 5/5")
    return int(index), int(count)
