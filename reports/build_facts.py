"""What a cell's build is, as the guest, the compiler and the module say: the content of build.json. Pure.

docs/reference/summary.md describes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from matrix.text import shortened

_LARGEST = 1 << 40
"""bytes; no module is as large"""


class BuildFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a build is. What could not be gathered is empty, with a note."""

    platform: dict[str, str] = {}
    """what the interpreter says of itself: `sys.platform`, `os.uname().machine`, `pointer bits`, ..."""
    sysconfig: dict[str, str] = {}
    """how it was configured: `get_platform()` and variables such as `HOST_GNU_TYPE`"""
    macros: dict[str, str] = {}
    """the macros about the platform that the compiler predefines, with the build's flags"""
    target_features: tuple[str, ...] = ()
    """of the module: `+simd128` is used, `-atomics` must not be linked with"""
    wasm_bytes: int | None = None
    """the size of python.wasm"""
    build_details: dict[str, str] = {}
    """build-details.json, which CPython has since 3.14; the keys of nested objects are joined by dots"""
    pythoninfo: bool = False
    """whether `pythoninfo.txt` beside it has the output of CPython's `test.pythoninfo` in a guest"""
    notes: tuple[str, ...] = ()
    """what could not be gathered, and why"""

    def __post_init__(self) -> None:
        # The history has 64 bits for it, and a run may come from a stranger.
        if self.wasm_bytes is not None and not 0 <= self.wasm_bytes < _LARGEST:
            msgspec.structs.force_setattr(self, "wasm_bytes", None)


class BuildDescription(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a cell that say what its build is."""

    facts: BuildFacts
    pythoninfo: str = ""
    """the standard output of CPython's `test.pythoninfo` in a guest"""


class BuildChange(msgspec.Struct, frozen=True, kw_only=True):
    """A key of what a build is whose value is not the same in two cells."""

    key: str
    """as in `$.cells[].build`, such as `macros.__wasm_simd128__`; `pythoninfo: ...` for a line of pythoninfo"""
    before: str
    """"" where there is none"""
    after: str


def flattened(value: Any, key: str = "") -> dict[str, str]:
    """A JSON value as rows; the keys of nested objects are joined by dots."""
    if isinstance(value, dict):
        rows: dict[str, str] = {}
        for name, inner in value.items():
            rows |= flattened(inner, f"{key}.{name}" if key else name)
        return rows
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return {key: str(value)}


def pythoninfo_pairs(text: str) -> dict[str, str]:
    """The pairs that `test.pythoninfo` prints, one a line: `key: value`."""
    pairs = (line.partition(": ") for line in text.splitlines())
    return {key: value for key, colon, value in pairs if colon}


_OF_THE_MOMENT = re.compile(
    r"""
    time\.(?!get_clock_info) | datetime\. | tempfile\. | pwd\. | grp\. | resource\. | socket\.hostname
    | os\.(?:environ|get|loadavg|umask|cpu_count|process_cpu_count|login)
    | sys\.(?:path\b|argv|orig_argv|executable|_base_executable|prefix|exec_prefix|base_prefix|base_exec_prefix)
    | (?:pre_|core_|)config\[.*(?:argv|path|dir|prefix|executable|program|filename|_env|seed)
    | sysconfig\[(?:abs_builddir|abs_srcdir|srcdir|prefix|SHELL)
    """,
    re.VERBOSE,
)
"""lines of pythoninfo that say more about the moment, the machine and its paths than about the build"""
_PATH = re.compile(r"(?<![\w./])/(?:[^\s'\"/:;,=()\[\]{}]+/)*([^\s'\"/:;,=()\[\]{}]*)")
_DATE = re.compile(r"\b[A-Z][a-z]{2} [ \d]\d \d{4}, \d\d:\d\d:\d\d\b")
"""when it was compiled, as in sys.version"""


def _comparable(value: str) -> str:
    """A value without dates, and with only the last part of each absolute path: where it lies is not what it is."""
    return _DATE.sub("(date)", _PATH.sub(lambda match: match[1], value))


def _said_before(key: str, facts: BuildFacts) -> bool:
    """Whether the facts have what a line of pythoninfo says."""
    if key in ("sys.version_info", "sys.hexversion"):
        return "sys.version" in facts.platform
    if key.startswith("sysconfig["):
        return key[len("sysconfig[") : -1] in facts.sysconfig
    names = (key, f"{key}()")
    return any(fact in names or fact.startswith((f"{key}.", f"{key}().")) for fact in facts.platform)


def _rows(described: BuildDescription) -> Mapping[str, str]:
    facts = described.facts
    rows: dict[str, str] = {}
    for name in ("platform", "sysconfig", "macros", "build_details"):
        rows |= {f"{name}.{key}": value for key, value in getattr(facts, name).items()}
    rows["target_features"] = " ".join(sorted(facts.target_features))
    for key, value in pythoninfo_pairs(described.pythoninfo).items():
        if not _OF_THE_MOMENT.match(key) and not _said_before(key, facts):
            rows[f"pythoninfo: {key}"] = value
    return {key: _comparable(value) for key, value in rows.items()}


def build_changes(before: BuildDescription, after: BuildDescription) -> tuple[BuildChange, ...]:
    """What differs between two builds, a row for each key. Times, paths and the machine's own are left out."""
    old, new = _rows(before), _rows(after)
    return tuple(
        BuildChange(key=key, before=old.get(key, ""), after=new.get(key, ""))
        for key in dict.fromkeys((*old, *new))
        if old.get(key, "") != new.get(key, "")
    )


_LONG = 160
"""characters of a value beyond which only the words that differ are shown"""


def shown(change: BuildChange) -> tuple[str, str]:
    """The values of a change for a narrow table: of long ones, the words that the other side does not have."""
    before, after = change.before.split(), change.after.split()
    if max(len(change.before), len(change.after)) <= _LONG or not before or not after:
        return shortened(change.before, _LONG), shortened(change.after, _LONG)
    return (
        shortened("... " + " ".join(word for word in before if word not in after), _LONG),
        shortened("... " + " ".join(word for word in after if word not in before), _LONG),
    )
