"""The known limitations in the formats of other tools. Pure.

- regrtest: `--ignorefile` reads globs of test names from a file (Lib/test/libregrtest/cmdline.py)
- pytest: `pytest @FILE` reads options from a file; `--deselect` skips the tests whose node ids begin with a prefix
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from matrix.conditions import Condition
from matrix.limitations import CellLimitations, Expectation, Limitation
from reports.safe_text import markdown_line

_WILD = re.compile(r"[*?\[]")


def as_records(entries: Iterable[Limitation]) -> list[dict[str, Any]]:
    """The entries as plain data, without their empty fields."""
    return [_plain(msgspec.to_builtins(entry, enc_hook=str)) for entry in entries]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        parts = {key: _plain(part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part not in (None, "", [], {})}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def as_markdown(entries: Sequence[Limitation]) -> str:
    """A list of the entries by section, each with its title, condition, references and number of known failures."""
    lines: list[str] = []
    for section in dict.fromkeys(entry.section for entry in entries):
        lines += [f"## {section}", ""]
        for entry in (entry for entry in entries if entry.section == section):
            lines.append(f"- **{entry.id}**: {markdown_line(entry.title)}")
            facts = [where(entry.when, *entry.or_when)] if entry.when != Condition() else []
            globs = sum(1 if isinstance(test.match, str) else len(test.match) for test in entry.tests)
            facts += [f"{globs} known failing (names or globs)"] if globs else []
            facts += [", ".join(entry.references)] if entry.references else []
            lines += [f"  {markdown_line(fact)}" for fact in facts]
        lines.append("")
    return "\n".join(lines)


def where(*conditions: Condition) -> str:
    """The cells for which one of the conditions holds, in words."""
    return "; or ".join(map(_where, conditions))


def _where(when: Condition) -> str:
    parts = [
        f"{axis}: {', '.join(map(str, values))}" for axis, values in msgspec.structs.asdict(when).items() if values
    ]
    return "; ".join(parts) or "everywhere"


def failing(limitations: CellLimitations) -> list[str]:
    """The globs of the tests that are not expected to pass on a cell, each once, in the order of the list."""
    globs = [test.match for test in limitations.tests if test.expect is not Expectation.SKIPPED]
    return list(dict.fromkeys(globs))


def as_ignorefile(limitations: CellLimitations) -> str:
    """The content of a file for regrtest's `--ignorefile`: one glob on each line."""
    return "".join(f"{glob}\n" for glob in failing(limitations))


def as_deselect(limitations: CellLimitations) -> tuple[str, list[str]]:
    """The content of a file for `pytest @FILE` in Lib/test, and the globs that pytest cannot express.

    pytest takes prefixes only. For test.test_os.ExecTests.test_execve it takes test_os.py::ExecTests::test_execve.
    """
    lines, left = [], []
    for glob in failing(limitations):
        prefix = glob.removesuffix("*")
        node = None if _WILD.search(prefix) else node_of(prefix)
        if node is None:
            left.append(glob)
        else:
            lines.append(f"--deselect={node}\n")
    return "".join(lines), left


def node_of(name: str) -> str | None:
    """The prefix of pytest's node ids for the tests whose names begin with `name`; None for tests outside Lib/test.

    Parts in lower case are packages and modules; the first other part is a class.
    """
    top, *parts = name.split(".")
    modules = 0
    while modules < len(parts) - 1 and re.fullmatch(r"[a-z]\w*", parts[modules]):
        modules += 1
    if top != "test" or not modules:
        return None
    return "::".join(["/".join(parts[:modules]) + ".py", *parts[modules:]]).removesuffix("::")
