"""The command line of a runtime as data: what an adapter in Python would compute, as a row of runtimes.toml.

Words have placeholders in braces. These stand for a word or a part of one:

    {module}        the module; its file has the name that the build gave it
    {code}          the directory that `compile` fills, where there is one
    {argv0}         the guest's argv[0], which is a path
    {memory}        the limit on the guest's memory in bytes; {pages} in pages of 64 KiB
    {stack}         the size of the guest's stack in bytes; {kib} in KiB

and these, which are a word of their own, for several words:

    {preopens}      `preopen` or `read_only` for each directory, with {host} and {guest}
    {variables}     `variable` for each variable of the guest, with {name} and {value}
    {arguments}     the guest's arguments behind argv[0]

A runtime of JavaScript (kind `javascript`) runs the program that Emscripten makes, which is {argv0}. The guest sees the
host's files and variables, so that there is nothing to say about directories, variables and the module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from matrix.record import Record

PAGE = 65536
"""bytes of a page of WebAssembly's memory"""
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
LISTS = ("preopens", "variables", "arguments")
_VALUES = ("module", "code", "argv0", "memory", "pages", "stack", "kib")
_PREOPEN = ("host", "guest")
_VARIABLE = ("name", "value")
_SCRIPT = ("argv0", "memory", "pages", "stack", "kib", "arguments")


class Ending(Record, frozen=True, kw_only=True):
    """One way in which guests end: what the command's output and exit status are then. What is not named may be any."""

    means: str
    """as it ends the sentence "the guest ended with ..." """
    output: str = ""
    """a regular expression, searched in the end of the output"""
    status: int | None = None


class CommandLine(Record, frozen=True, kw_only=True):
    """How a command is called that executes modules of WASI preview 1, or Emscripten's programs."""

    run: tuple[str, ...]
    """the words behind the command that run a guest"""
    preopen: tuple[str, ...] = ()
    """the words for a directory that the guest may use"""
    read_only: tuple[str, ...] = ()
    """the words for a directory that the guest may only read; those of `preopen` where the command has none"""
    variable: tuple[str, ...] = ()
    """the words for a variable of the guest"""
    compile: tuple[str, ...] = ()
    """the words behind the command that compile the module into {code}; empty where code is not kept"""
    version: tuple[str, ...] = ("--version",)
    """the words behind the command that make it print its version"""
    says: str = ""
    """a regular expression by which the output of `version` is known to be this runtime's"""
    ends: tuple[Ending, ...] = ()
    """the first one that fits counts"""
    confines: bool = True
    """whether neither `..` nor symbolic links lead a guest out of its directories"""

    def asks_for(self, *placeholders: str) -> bool:
        """Whether `run` or `compile` has one of these placeholders."""
        return bool(set(placeholders) & set(_placeholders((*self.run, *self.compile))))


def filled(words: Sequence[str], values: Mapping[str, str], lists: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The words of a template with their placeholders replaced."""

    def replaced(word: str) -> Sequence[str]:
        if word[:1] == "{" and word[1:-1] in lists:
            return lists[word[1:-1]]
        return (_PLACEHOLDER.sub(lambda match: values[match[1]], word),)

    return tuple(one for word in words for one in replaced(word))


def limits(memory: int, stack: int) -> dict[str, str]:
    """What the placeholders of limits stand for; both limits are in bytes."""
    return {"memory": str(memory), "pages": str(memory // PAGE), "stack": str(stack), "kib": str(stack >> 10)}


def defect(line: CommandLine, *, script: bool = False) -> str | None:
    """Why a command line cannot work, with its key; None if it can. `script`: it runs a program of Emscripten's."""
    return _unknown(line, _SCRIPT if script else (*_VALUES, *LISTS)) or (
        _defect_of_script(line) if script else _defect_of_module(line)
    )


def _unknown(line: CommandLine, known_in_run: Sequence[str]) -> str | None:
    """A placeholder or a regular expression that is none."""
    for key, words, known in (
        ("run", line.run, known_in_run),
        ("compile", line.compile, tuple(name for name in _VALUES if name != "argv0")),
        ("preopen", line.preopen, _PREOPEN),
        ("read_only", line.read_only, _PREOPEN),
        ("variable", line.variable, _VARIABLE),
    ):
        for name in _placeholders(words):
            if name not in known:
                return f"{key}: there is no placeholder {{{name}}}; there are: {', '.join(known)}"
            if name in LISTS and f"{{{name}}}" not in words:
                return f"{key}: {{{name}}} stands for several words, so it must be a word of its own"
    for key, pattern in (("says", line.says), *((f"ends[{n}].output", one.output) for n, one in enumerate(line.ends))):
        try:
            re.compile(pattern)
        except re.error as exc:
            return f"{key}: {pattern!r} is not a regular expression: {exc}"
    return None


def _defect_of_script(line: CommandLine) -> str | None:
    for key in ("preopen", "read_only", "variable", "compile"):
        if getattr(line, key):
            return f"{key}: a runtime of JavaScript has none: its guests see the host's files and variables"
    missing = [name for name in ("argv0", "arguments") if name not in _placeholders(line.run)]
    return f"run: {{{missing[0]}}} is missing" if missing else None


def _defect_of_module(line: CommandLine) -> str | None:
    for key in ("preopen", "variable"):
        if not getattr(line, key):
            return f"{key}: it is missing"
    code = "code" if line.compile else "module"
    if missing := [name for name in LISTS if name not in _placeholders(line.run)]:
        return f"run: {{{missing[0]}}} is missing"
    if not {"module", code} & set(_placeholders(line.run)):
        return "run: {module} is missing"
    if line.compile and not {"module", "code"} <= set(_placeholders(line.compile)):
        return "compile: it must have {module} and {code}"
    if not line.compile and "code" in _placeholders(line.run):
        return "run: {code} needs `compile`"
    return None


def _placeholders(words: Sequence[str]) -> Iterator[str]:
    return (match[1] for word in words for match in _PLACEHOLDER.finditer(word))
