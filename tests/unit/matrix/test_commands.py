"""Command lines as data: what a row may say, and what the loader refuses."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from matrix.commands import CommandLine, Ending, defect, filled

LINE = CommandLine(
    run=("run", "{preopens}", "{variables}", "{module}", "{arguments}"),
    preopen=("--dir={host}:{guest}",),
    variable=("--env={name}={value}",),
)


def test_a_complete_line_has_no_defect() -> None:
    assert defect(LINE) is None
    kept = replace(
        LINE, run=(*LINE.run[:3], "--cache={code}", *LINE.run[3:]), compile=("compile", "{module}", "{code}")
    )
    assert defect(kept) is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"run": (*LINE.run, "{modul}")}, "run: there is no placeholder {modul}; there are: module, code, argv0"),
        ({"preopen": ("{host}", "{name}")}, "preopen: there is no placeholder {name}; there are: host, guest"),
        ({"preopen": ()}, "preopen: it is missing"),
        ({"variable": ()}, "variable: it is missing"),
        ({"read_only": ("{x}",)}, "read_only: there is no placeholder {x}"),
        ({"variable": ("{host}",)}, "variable: there is no placeholder {host}"),
        ({"run": (*LINE.run, "--dirs={preopens}")}, None),
        ({"run": ("--dirs={preopens}", *LINE.run[2:])}, "run: {preopens} stands for several words"),
        ({"run": LINE.run[:-1]}, "run: {arguments} is missing"),
        ({"run": (*LINE.run[:3], LINE.run[4])}, "run: {module} is missing"),
        ({"compile": ("compile", "{module}")}, "compile: it must have {module} and {code}"),
        ({"compile": ("{argv0}",)}, "compile: there is no placeholder {argv0}"),
        ({"run": (*LINE.run, "{code}")}, "run: {code} needs `compile`"),
        ({"says": "("}, "says: '(' is not a regular expression"),
        ({"ends": (Ending(means="x"), Ending(means="y", output="["))}, "ends[1].output: '[' is not a regular"),
    ],
)
def test_what_cannot_work_is_named_with_its_key(change: dict[str, Any], problem: str | None) -> None:
    found = defect(replace(LINE, **change))
    assert (found is None) if problem is None else (found or "").startswith(problem)


SCRIPT = CommandLine(run=("run", "--pages={pages}", "{argv0}", "{arguments}"))


def test_a_runtime_of_javascript_needs_no_directories() -> None:
    assert defect(SCRIPT, script=True) is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"preopen": ("{host}",)}, "preopen: a runtime of JavaScript has none"),
        ({"variable": ("{name}",)}, "variable: a runtime of JavaScript has none"),
        ({"compile": ("{stack}",)}, "compile: a runtime of JavaScript has none"),
        ({"run": ("{argv0}",)}, "run: {arguments} is missing"),
        ({"run": ("{arguments}",)}, "run: {argv0} is missing"),
        ({"run": (*SCRIPT.run, "{module}")}, "run: there is no placeholder {module}; there are: argv0, memory"),
        ({"says": "("}, "says: '(' is not a regular expression"),
    ],
)
def test_what_cannot_work_in_javascript_is_named_with_its_key(change: dict[str, Any], problem: str) -> None:
    assert (defect(replace(SCRIPT, **change), script=True) or "").startswith(problem)


def test_what_replaces_a_placeholder_is_not_looked_at_again() -> None:
    words = filled(("a{x}b", "{many}", "{x}"), {"x": "{many}{x}"}, {"many": ["{x}", ""]})
    assert words == ("a{many}{x}b", "{x}", "", "{many}{x}")


def test_a_line_is_asked_for_its_placeholders() -> None:
    assert LINE.asks_for("memory", "module")
    assert not LINE.asks_for("memory", "pages")
    assert replace(LINE, compile=("--stack={stack}",)).asks_for("stack")
