"""Tracebacks as Python prints them: what was raised, and where. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from matrix.text import last_line

_HEADER = re.compile(r"(?:Traceback|  \+ Exception Group Traceback) \(most recent call last\):\s*$")
_GROUP_MARGIN = re.compile(r"  \| ?")
_CHAINED = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)
"""what `traceback` prints between two exceptions of one chain"""
_NAME_ALONE = re.compile(r"[\w.<>]+:\s*$")
"""an exception whose message begins with an empty line"""
_LEFT_OUT = re.compile(r"\[\.\.\. \d+ characters left out")
_FATAL = "Fatal Python error: "
_STACK = re.compile(r"\s+at \S")
"""a line of JavaScript's stack, below the error"""
_FRAME = re.compile(r'\s+File "(?P<path>[^"]*)", line (?P<line>\d+)(?:, in (?P<function>.*))?')
_LIBRARY = re.compile(r".*/(?:Lib|lib/python3\.\d+t?)/")
_FROZEN = re.compile(r"<frozen (?P<name>[\w.]+)>")
_RUNNERS = ("unittest/", "importlib/", "driver.py")
"""whose frames lead to a test and say nothing about it, with the script that runs tests in a guest"""
_TEST_NAME = re.compile(r"test[\w.]*\.\w+")
"""the beginning of the line before a sub-test's traceback"""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One frame of a traceback."""

    file: str
    """relative to the standard library, such as `test/test_os.py`; elsewhere the whole path"""
    line: int
    function: str
    text: str
    """as it was printed, with its source"""

    @property
    def runner(self) -> bool:
        """Whether it belongs to what runs tests: unittest, the imports, the guest's driver."""
        return self.file.startswith(_RUNNERS) or self.file.endswith("/driver.py")

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" + (f", in {self.function}" if self.function else "")


class Failure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One traceback of a test's detail in its parts, as people read it."""

    before: str = ""
    """what stands above it: the name of a sub-test, or how it follows from the traceback before"""
    raised: str = ""
    """the exception with the first line of its message"""
    more: str = ""
    """the other lines of the message, such as a diff"""
    frames: str = ""
    """the frames of tests and of what they call, the innermost last"""
    runner: str = ""
    """the frames of what runs tests"""


def raised(text: str) -> str:
    """One line that says why a test failed: the exception and the first line of its message.

    Of chained exceptions the last one counts, and of several failures (of sub-tests, or of a test and then its
    `tearDown`) the first. A traceback within a message, such as a child process's, is not looked at. Of a text without
    a traceback it is the line with the error, else the last line. It is "" only when every line is blank.
    """
    lines = text.split("\n")
    block = _last_of_chain(lines)
    found = _exception(lines, block) if block is not None else ""
    return _one_line(found) or _without_traceback(text)


def _last_of_chain(lines: Sequence[str]) -> int | None:
    """The number of the line that begins the first failure's last traceback; None when there is no traceback."""
    found: int | None = None
    before = ""
    """the last line before this one that is not blank"""
    for number, line in enumerate(lines):
        if _HEADER.match(line):
            if found is not None and before not in _CHAINED:
                break
            found = number
        if line.strip():
            before = line.removeprefix("  | ").strip()
    return found


def _exception(lines: Sequence[str], header: int) -> str:
    """The exception of the traceback that begins at a line, with the first line of its message; "" without one."""
    rest = _after(lines, header)
    return _first_line(rest[_exception_at(rest) :])[0]


def _after(lines: Sequence[str], header: int) -> list[str]:
    """The lines after a header, without the margin of a group of exceptions."""
    rest = lines[header + 1 :]
    return [_GROUP_MARGIN.sub("", line, count=1) for line in rest] if lines[header].startswith(" ") else list(rest)


def _exception_at(rest: Sequence[str]) -> int:
    """The index of the first line that is not indented like a frame; the number of lines when there is none."""
    cut = False
    for number, line in enumerate(rest):
        if _LEFT_OUT.match(line):
            cut = True  # the next line is the end of one
        elif cut:
            cut = False
        elif line.strip() and not line[0].isspace():
            return number
    return len(rest)


def _first_line(message: Sequence[str]) -> tuple[str, list[str]]:
    """An exception with the first line of its message that has text, and the lines after it."""
    if not message:
        return "", []
    first, *more = message
    if not _NAME_ALONE.match(first):
        return first, more
    while more and not more[0].strip():
        del more[0]
    return f"{first.strip()} {more[0].strip() if more else ''}", more[1:]


def _without_traceback(text: str) -> str:
    """The line with the error in a text without a traceback, else its last line."""
    lines = text.strip().splitlines()
    for number, line in enumerate(lines):
        if line.startswith(_FATAL):
            return line.strip()
        if _STACK.match(line) and number and lines[number - 1].strip():
            return lines[number - 1].strip()
    return last_line(text)


def _one_line(text: str) -> str:
    """The first line of a text, by everything that ends a line somewhere."""
    return (text.strip().splitlines() or [""])[0].strip()


def raised_at(text: str) -> Frame | None:
    """Where the exception of `raised` was raised: the innermost frame outside unittest; None without a traceback.

    An assertion is raised in unittest, but the place that says what is wrong is the line that asserts.
    """
    lines = text.split("\n")
    header = _last_of_chain(lines)
    if header is None:
        return None
    rest = _after(lines, header)
    frames = _frames(rest[: _exception_at(rest)])
    return next((frame for frame in reversed(frames) if not frame.runner), frames[-1] if frames else None)


def failures(text: str) -> tuple[Failure, ...]:
    """The tracebacks of a detail: those of a chain, of sub-tests, of a test and its `tearDown`; () without any."""
    lines = text.split("\n")
    blocks = list(_blocks(lines))
    ends = [*(start for start, _ in blocks), len(lines)][1:]
    return tuple(_failure(lines[:end], start, header) for (start, header), end in zip(blocks, ends, strict=True))


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The first line and the header of each traceback, without those of a child whose output is in a message."""
    found = child = False
    for number, line in enumerate(lines):
        if not _HEADER.match(line):
            continue
        before = number - 1
        while before >= 0 and not lines[before].removeprefix("  | ").strip():
            before -= 1
        above = lines[before].removeprefix("  | ").strip() if before >= 0 else ""
        if not found:
            yield 0, number
        elif above in _CHAINED:
            if not child:
                yield before, number
            continue
        elif before < number - 1:
            yield number, number
        elif _TEST_NAME.match(above):
            yield before, number
        else:
            child = True
            continue
        found, child = True, False


def _failure(lines: Sequence[str], start: int, header: int) -> Failure:
    rest = _after(lines, header)
    at = _exception_at(rest)
    frames = _frames(rest[:at])
    first, more = _first_line(rest[at:])
    return Failure(
        before="\n".join(lines[start:header]).strip(),
        raised=first.strip(),
        more="\n".join(more).strip("\n"),
        frames="\n".join(frame.text for frame in frames if not frame.runner),
        runner="\n".join(frame.text for frame in frames if frame.runner),
    )


def _frames(lines: Sequence[str]) -> list[Frame]:
    """The frames of a traceback's indented lines, the outermost first."""
    found: list[tuple[re.Match[str], list[str]]] = []
    for line in lines:
        if match := _FRAME.match(line):
            found.append((match, [line]))
        elif found and line.strip():
            found[-1][1].append(line)
    return [
        Frame(
            file=_in_library(match["path"]),
            line=int(match["line"]),
            function=match["function"] or "",
            text="\n".join(text),
        )
        for match, text in found
    ]


def _in_library(path: str) -> str:
    """A file as it is named in every build: relative to the standard library, and frozen modules by their files."""
    if frozen := _FROZEN.match(path):
        return frozen["name"].replace(".", "/") + ".py"
    return _LIBRARY.sub("", path)
