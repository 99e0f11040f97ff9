"""Requirements on a name and a version, as selectors and conditions use them.

There are three forms:

- a name and a version range in packaging's syntax: `wasi-sdk>=20`, `>=3.11,<3.14`,
  `wasmtime==50.*` (no name: any name)
- a plain version, which matches every version that it is a prefix of: `3.13` matches 3.13.5
- a glob over `name-version`: `wasi-sdk-*`, `wasmtime-5*`

`!` before one of them turns it round: `!node-wasi<22` is everything but Node's WASI before 22. In a list, where one has
to match, what begins with `!` excludes (`any_match`).

A pre-release stands for the release that it leads to: 3.16.0a2 is 3.16 to `>=3.16` and not to `<3.16`. Only a
requirement that names a pre-release itself (`==3.14.0rc1`, `>=3.14.0rc1`) tells pre-releases apart.

Ranges: https://packaging.python.org/en/latest/specifications/version-specifiers/.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

_RANGE = re.compile(r"^(?P<name>[A-Za-z][A-Za-z0-9-]*?)?\s*(?P<range>[<>=!~].*)$")
_PLAIN = re.compile(r"^\d+(\.\d+)*(?P<pre>(a|b|rc)\d+)?$")


class Requirement:
    """A condition on a name and a version; `text` is its source, `excludes` is whether `!` comes before it.

    This is a plain class because msgspec would read a dataclass from a table and not from a string.
    """

    __slots__ = ("_answers", "_glob", "_name", "_versions", "excludes", "text")

    def __init__(self, text: str, *, name: str = "", versions: SpecifierSet | None = None, glob: str = "") -> None:
        self.text = text
        self.excludes = False
        self._name = name
        self._versions = versions
        self._glob = glob
        self._answers: dict[tuple[str, str], bool] = {}

    def __repr__(self) -> str:
        return f"Requirement.parse({self.text!r})"

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Requirement) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Raises ValueError when `text` has none of the three forms."""
        stripped = text.strip()
        if stripped.startswith("!") and not stripped.startswith("!="):
            excluding = cls.parse(stripped.removeprefix("!"))
            excluding.text, excluding.excludes = text, not excluding.excludes
            return excluding
        if not stripped:
            raise ValueError("a version requirement must not be empty")
        if match := _RANGE.match(stripped):
            try:
                versions = SpecifierSet(match["range"], prereleases=True)
            except InvalidSpecifier as exc:
                raise ValueError(f"{text!r} is not a version range: {exc}") from None
            return cls(text, name=match["name"] or "", versions=versions)
        if match := _PLAIN.match(stripped):
            exact = bool(match["pre"])  # a prefix match on a pre-release is no valid specifier
            versions = SpecifierSet(f"=={stripped}" + ("" if exact else ".*"), prereleases=True)
            return cls(text, versions=versions)
        if re.fullmatch(r"[A-Za-z0-9.+*?\[\]-]+", stripped):
            return cls(text, glob=stripped)
        raise ValueError(f"{text!r} is neither a version range, nor a version, nor a glob over name-version")

    def matches(self, name: str, version: str) -> bool:
        """Whether `name` at `version` matches. A version that is not valid (`installed`) matches globs only."""
        # An axis has few values, and each is in many cells: remember the answers.
        if (answer := self._answers.get((name, version))) is None:
            answer = self._answers[name, version] = self._matches(name, version) is not self.excludes
        return answer

    def _matches(self, name: str, version: str) -> bool:
        if self._glob:
            return fnmatch.fnmatchcase(f"{name}-{version}", self._glob) or self._glob == name
        if self._name and self._name != name:
            return False
        try:
            parsed = Version(version)
        except InvalidVersion:
            return False
        if self._versions is None:
            return False
        if parsed.is_prerelease and not any(
            Version(each.version.removesuffix(".*")).is_prerelease for each in self._versions
        ):
            # PEP 440 sorts 3.14.0rc1 before 3.14: it would be in neither `<3.14` nor `>=3.14`.
            parsed = Version(parsed.base_version)
        return self._versions.contains(parsed, prereleases=True)


def any_match(requirements: Sequence[Requirement], name: str, version: str) -> bool:
    """Whether `name` at `version` matches one of these, and is excluded by none.

    Where all of them exclude, everything else matches.
    """
    including = matched = False
    for one in requirements:
        if one.excludes:
            if not one.matches(name, version):
                return False
        else:
            including = True
            matched = matched or one.matches(name, version)
    return matched or not including
