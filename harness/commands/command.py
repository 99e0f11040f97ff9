"""What a command is, how its words find it, and the overview that `--help` prints."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
from rich.console import Console

from harness.commands.parser import PROGRAM, Parser, similar
from matrix.errors import UsageError, near

HELP = ("-h", "--help")


Elsewhere = Callable[[str], str]
"""says which other commands take an option, as a hint; "" when no command does"""


def _nowhere(option: str) -> str:
    return ""


def _no_options(parser: Parser) -> None:
    pass


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One command, or a subcommand of one."""

    name: str
    """all of its words: `test`, `triage show`"""
    summary: str
    """one line, in lower case and without a full stop"""
    details: str = ""
    """what a user has to know besides, for `--help`"""
    example: str
    """one or more command lines, without `python -m harness`"""
    add_options: Callable[[Parser], None] = _no_options
    run: Callable[[argparse.Namespace, Console], int] | None = None
    """does the work and returns the exit status; None when only the subcommands do anything"""
    subcommands: tuple[Command, ...] = ()

    def parser(self) -> Parser:
        """A new parser of the command's own words."""
        example = "\n".join(f"{PROGRAM} {line}" for line in self.example.splitlines())
        parts = [self.details]
        if self.subcommands:
            parts.append("subcommands:\n" + _lines(self.subcommands) + f"\n\n{PROGRAM} {self.name} SUBCOMMAND --help")
        parser = Parser(self.name, self.summary, example=example, details="\n\n".join(filter(None, parts)))
        self.add_options(parser)
        parser.usage = parser.short_usage()
        return parser

    def parse(self, words: Sequence[str], *, elsewhere: Elsewhere = _nowhere) -> argparse.Namespace:
        """Parse the words after the command's name. Raises UsageError; exits for --help."""
        return self.parser().parse(words, elsewhere=elsewhere)

    def execute(self, words: Sequence[str], console: Console, *, elsewhere: Elsewhere = _nowhere) -> int:
        """Run the command, or its subcommand that the words begin with; the exit status. Raises as `parse` does."""
        subcommands = {one.name.split()[-1]: one for one in self.subcommands}
        if words and words[0] in subcommands:
            return subcommands[words[0]].execute(words[1:], console, elsewhere=elsewhere)
        if words and subcommands and not words[0].startswith("-"):
            hint = near(words[0], subcommands) or f"{PROGRAM} {self.name} --help"
            raise UsageError(f"`{self.name}` has no subcommand {words[0]!r}", hint=hint)
        known = self.parse(words, elsewhere=elsewhere)
        if self.run is None:
            hint = f"{PROGRAM} {self.name} --help"
            raise UsageError(f"`{self.name}` needs a subcommand: {', '.join(subcommands)}", hint=hint)
        return self.run(known, console)


Table = Mapping[str, Sequence[Command]]
"""the commands by the headings of the overview"""


def flattened(table: Table) -> Iterator[Command]:
    """Every command and subcommand."""
    for group in table.values():
        for command in group:
            yield command
            yield from command.subcommands


def overview(table: Table) -> str:
    """Every command with one line, under its heading."""
    groups = "\n\n".join(f"{heading}:\n{_lines(group)}" for heading, group in table.items())
    return (
        f"usage: {PROGRAM} COMMAND [OPTION ...]\n\nA test matrix for CPython on WebAssembly.\n\n{groups}\n\n"
        f"`{PROGRAM} COMMAND --help` describes a command.\n\n"
        f"example:\n  {PROGRAM} test --target wasi test_json\n"
    )


def run(table: Table, words: Sequence[str], console: Console) -> int:
    """Run the command that some words name; its exit status. Raises UsageError; exits for --help."""
    if words and words[0] in HELP:
        console.file.write(overview(table))
        return 0
    commands = {command.name: command for group in table.values() for command in group}
    if not words:
        raise UsageError("no COMMAND is given", hint=f"{PROGRAM} --help")
    if words[0] not in commands:
        hint = similar(words[0], commands) or f"{PROGRAM} --help"
        raise UsageError(f"there is no command {words[0]!r}", hint=hint)

    def elsewhere(option: str) -> str:
        takers = [other.name for other in flattened(table) if option in other.parser().options()]
        return f"it is an option of {_names(takers)}" if takers else ""

    return commands[words[0]].execute(words[1:], console, elsewhere=elsewhere)


def _names(commands: Sequence[str]) -> str:
    *most, last = (f"`{name}`" for name in commands)
    return f"{', '.join(most)} and {last}" if most else last


def _lines(commands: Sequence[Command]) -> str:
    return "\n".join(f"  {command.name.split()[-1]:13}{command.summary}" for command in commands)
