"""docs/reference/command-line.md and `--help` have the same commands, arguments and options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import TOP
from harness.__main__ import COMMANDS
from harness.commands.command import Command, flattened

PAGE = TOP / "docs/reference/command-line.md"
NO_COMMANDS = {"Sessions", "Options that several commands share", "Exit status"}
SHARED = {"Which cells", "One cell", "Provisioning and building", "Limits of each guest", "Reuse", "Set", "Out"} | {
    "Options of the history",
    "List of limitations",
}
"""sections with options of several commands"""
EVERY_COMMAND = pytest.mark.parametrize("command", list(flattened(COMMANDS)), ids=lambda command: command.name)


def sections() -> dict[str, str]:
    """The text below each heading, up to the next one."""
    parts = re.split(r"(?m)^#{2,3} (.*)\n", PAGE.read_text("utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def own_options(text: str) -> set[str]:
    """The options in the first column of a section's table."""
    cells = re.findall(r"(?m)^\| (`--.*?)(?<!\\) \| ", text)
    return {option for cell in cells for option in re.findall(r"--[a-z][a-z0-9-]*", cell)}


def documented(heading: str) -> set[str]:
    """The options of a section, with those of the shared sections that it links to."""
    found = sections()
    anchors = {re.sub(r"\W", "-", name.lower()): name for name in SHARED}
    links = [anchors[anchor] for anchor in re.findall(r"\(#([\w-]+)\)", found[heading]) if anchor in anchors]
    return own_options(found[heading]).union(*(documented(link) for link in links))


@EVERY_COMMAND
def test_the_page_has_the_options_that_help_lists_and_no_others(command: Command) -> None:
    listed = {action.option_strings[-1] for action in command.parser().documented() if action.option_strings}
    assert documented(command.name) == listed


@EVERY_COMMAND
def test_the_page_shows_how_a_command_is_called(command: Command) -> None:
    usage = command.parser().short_usage() if command.run else f"python -m harness {command.name} SUBCOMMAND"
    assert f"\n    {usage}\n" in sections()[command.name]


def test_the_page_has_no_other_commands() -> None:
    assert set(sections()) == {command.name for command in flattened(COMMANDS)} | NO_COMMANDS | SHARED


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Every call of the harness in the project's documents and workflows, with its place."""
    call = re.compile(r"^(?:    |- run: |.*\brun: )?\$? ?(?:nox -s (\w[\w-]*)|python3? -m harness)\b(.*)")
    places = [TOP / "README.md", *(TOP / "docs").rglob("*.md"), *(TOP / ".github").rglob("*.yml")]
    for path in places:
        for number, line in enumerate(path.read_text("utf-8").replace("\\\n", " ").splitlines(), 1):
            for one in re.split(r"; (?=nox -s |python -m )", line):
                match = call.match(one)
                if match and not re.search(r"COMMAND|SESSION|OPTION|SUBCOMMAND|\$\{\{", one):
                    yield f"{path.relative_to(TOP)}:{number}", words_of(match[1], match[2])


def words_of(session: str | None, rest: str) -> list[str]:
    """The words after `python -m harness` that a line means."""
    words = shlex.split(re.split(r" [>|&]+ ", rest)[0], comments=True)
    if session is None:
        return words
    if session.startswith("test-"):
        return ["test", "--target", session.removeprefix("test-"), *words[1:]]
    return [session, *words[1:]]


@pytest.mark.parametrize(
    ("place", "words"), list(command_lines()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_call_in_the_documents_is_understood(place: str, words: list[str]) -> None:
    commands = [one for one in flattened(COMMANDS) if words[: len(one.name.split())] == one.name.split()]
    if commands:
        command = commands[-1]
        command.parse(words[len(command.name.split()) :])
    else:
        assert words[0] in ("lint", "tests", "bench", "dev", "hello", "environment"), place


def test_calls_in_the_documents_are_found() -> None:
    assert len({Path(place.partition(":")[0]) for place, _ in command_lines()}) >= 5
