"""How a browser is started with an address, as data of a row of runtimes.toml.

The words of `run` have these placeholders, in a word or as one:

    {profile}   a fresh directory for the browser's profile
    {url}       the address to open
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from msgspec import field
from packaging.version import InvalidVersion, Version

from matrix.record import Record

_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_KNOWN = ("profile", "url")


class BrowserLine(Record, frozen=True, kw_only=True):
    """The command line of a browser, and what it needs besides."""

    commands: tuple[str, ...]
    """the names of its command; the first one on PATH is taken"""
    run: tuple[str, ...]
    """the words behind the command"""
    as_root: tuple[str, ...] = ()
    """more words, before the others, for root"""
    says: str
    """a regular expression by which the output of `--version` is known to be this browser's"""
    oldest: dict[str, str] = field(default_factory=dict)
    """the oldest versions that can run guests, by the words before the version in the output of `--version`"""
    debian: str
    """Debian's package"""
    environment: dict[str, str] = field(default_factory=dict)
    """variables of the process"""
    preferences: dict[str, bool | int | str] = field(default_factory=dict)
    """what a file `user.js` in the profile sets, as Firefox reads it"""


def words(line: BrowserLine, *, profile: str, root: bool) -> tuple[str, ...]:
    """The words behind the command. The placeholder `{url}` is left."""
    return tuple(word.replace("{profile}", profile) for word in (*(line.as_root if root else ()), *line.run))


def too_old(line: BrowserLine, said: str) -> str | None:
    """Why a browser that prints this for `--version` is too old; None if it is not, or if the row has no such words."""
    for name, oldest in line.oldest.items():
        found = re.search(rf"^{re.escape(name)} (\d+(\.\d+)*)", said, re.MULTILINE)
        if found and Version(found[1]) < Version(oldest):
            return f"{name} {found[1]} is too old: {oldest} or later is needed"
    return None


def user_js(preferences: Mapping[str, bool | int | str]) -> str:
    """The text of a `user.js` that sets these preferences."""
    return "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items())


def defect(line: BrowserLine) -> str | None:
    """Why a browser cannot be started so, with its key; None if it can."""
    for key, parts in (("run", line.run), ("as_root", line.as_root)):
        for word in parts:
            for match in _PLACEHOLDER.finditer(word):
                if match[1] not in _KNOWN:
                    return f"{key}: there is no placeholder {{{match[1]}}}; there are: {', '.join(_KNOWN)}"
    for name in _KNOWN:
        if not any(f"{{{name}}}" in word for word in line.run):
            return f"run: {{{name}}} is missing"
    if not line.commands:
        return "commands: there is none"
    try:
        re.compile(line.says)
    except re.error as exc:
        return f"says: {line.says!r} is not a regular expression: {exc}"
    for name, oldest in line.oldest.items():
        try:
            Version(oldest)
        except InvalidVersion:
            return f"oldest: {name}: {oldest!r} is not a version"
    return None
