"""Imports go one way, and some packages have one place each.

The top level: `noxfile -> harness -> reports -> matrix`. Inside `harness`, from `commands` down to `machine`.
"""

from __future__ import annotations

import ast
from collections.abc import Set
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
STANDALONE = {
    "harness/build/function_digests.py",
    "harness/guests/runtimes/host.py",
    *(f"harness/guests/inside/{path.name}" for path in (TOP / "harness/guests/inside").glob("[!_]*.py")),
}
"""scripts that other interpreters run: the guest's, and one without site-packages"""

STAGES = (
    ("commands",),
    ("runs",),
    ("suite",),
    ("cells",),
    ("guests",),
    ("provide", "build"),  # neither imports the other
    ("machine",),
)
"""the folders of `harness`, from the top floor to the ground"""


def _allowed() -> dict[str, set[str]]:
    """What each part may import of this project: itself, and what lies on lower floors."""
    allowed = {"matrix": {"matrix"}, "reports": {"reports", "matrix"}}
    below = {"harness.TOP", "matrix"}  # `from harness import TOP`: a path, no code
    for floor in reversed(STAGES):
        if floor == ("runs",):
            below = below | {"reports"}
        for folder in floor:
            allowed[f"harness/{folder}"] = below | {f"harness.{folder}"}
        below = below | {f"harness.{folder}" for folder in floor}
    return allowed | {"harness/__init__": set(), "harness/__main__": below, "noxfile": below}


ALLOWED = _allowed()
OURS = {"matrix", "harness", "reports", "benchmarks", "tests", "noxfile"}

SOLE_PLACES = {
    "subprocess": "harness/machine/process.py",
    "httpx": "harness/machine/fetch.py",
    "socket": "harness/machine/http_server.py",
    "junitparser": "reports/junit.py",
    "sqlite3": "reports/history/file.py",
}
BANNED = {"urllib.request", "http.client", "requests", "multiprocessing", "asyncio"}
"""other ways to the network and to processes, which nothing needs"""
STARTING = {"system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp"}
"""functions of os that start a process"""

PROBES = sorted(str(path.relative_to(TOP)) for path in (TOP / "matrix/probes").rglob("*.py"))
"""what guests run, which may try everything"""
SOURCES = sorted(
    {str(path.relative_to(TOP)) for part in ("matrix", "harness", "reports") for path in (TOP / part).rglob("*.py")}
    - set(PROBES)
)
EVERY_SOURCE = pytest.mark.parametrize("source", [*SOURCES, "noxfile.py"])


@cache
def tree(source: str) -> ast.Module:
    return ast.parse((TOP / source).read_text("utf-8"), source)


def imported(module: ast.Module, package: str) -> set[str]:
    """The modules that a module imports, wherever it does; of `from a import b`, both `a` and `a.b`."""
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *filter(None, [base])])
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return found


@cache
def imports_of(source: str) -> frozenset[str]:
    return frozenset(imported(tree(source), ".".join(Path(source).parent.parts)))


def within(name: str, places: Set[str]) -> bool:
    return any(name == place or name.startswith(place + ".") for place in places)


def violations(names: Set[str], allowed: Set[str]) -> set[str]:
    """Modules of this project that may not be imported; a package that leads to an allowed module is fine."""
    ours = {name for name in names if name.split(".")[0] in OURS}
    leading = {name for name in ours if any(place.startswith(name + ".") for place in allowed)}
    return {name for name in ours - leading if not within(name, allowed)}


def part_of(source: str) -> str:
    """The part of the project that a file belongs to: a key of ALLOWED."""
    words = source.removesuffix(".py").split("/")
    return "/".join(words[:2]) if words[0] == "harness" else words[0]


@EVERY_SOURCE
def test_imports_go_one_way(source: str) -> None:
    assert not violations(imports_of(source), ALLOWED[part_of(source)])


@pytest.mark.parametrize("source", [*sorted(STANDALONE), *PROBES])
def test_what_other_interpreters_run_imports_nothing_of_ours(source: str) -> None:
    assert not violations(imports_of(source), set())


@EVERY_SOURCE
def test_each_of_these_packages_has_one_place(source: str) -> None:
    names = imports_of(source)
    for package, place in SOLE_PLACES.items():
        assert source == place or not any(within(name, {package}) for name in names), package


@pytest.mark.parametrize(("package", "place"), SOLE_PLACES.items())
def test_the_place_is_the_one_that_uses_it(package: str, place: str) -> None:
    assert package in imports_of(place)


CONFINED = "harness/guests/runtimes/confine.py"


@EVERY_SOURCE
def test_there_is_no_other_way_to_the_network_and_to_processes(source: str) -> None:
    assert not {name for name in imports_of(source) if within(name, BANNED)}
    used = {
        node.attr
        for node in ast.walk(tree(source))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    if source == CONFINED:  # it becomes the command that harness.machine.process was told to start
        used -= {"execvp"}
    assert not {name for name in used if name in STARTING or name.startswith(("exec", "spawn"))}


# --- the check itself


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import subprocess as s", {"subprocess"}),
        ("import httpx._models", {"httpx._models"}),
        ("from harness.machine import process", {"harness.machine", "harness.machine.process"}),
        ("from . import obtain", {"harness.provide", "harness.provide.obtain"}),
        ("from ..machine.store import Store", {"harness.machine.store", "harness.machine.store.Store"}),
        ("def f():\n    if True:\n        import subprocess", {"subprocess"}),
    ],
)
def test_every_form_of_import_is_seen(text: str, names: set[str]) -> None:
    assert imported(ast.parse(text), "harness.provide") == names


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("harness.machine.store", "matrix"),
        ("reports.verdict", "matrix"),
        ("harness.machine.process", "reports"),
        ("reports.verdict", "harness/suite"),
        ("harness.commands.parser", "harness/runs"),
        ("harness.runs.publish", "harness/suite"),
        ("harness.suite.run", "harness/cells"),
        ("harness.cells.request", "harness/guests"),
        ("harness.guests.settings", "harness/build"),
        ("harness.provide.obtain", "harness/build"),
        ("harness.build.step", "harness/provide"),
        ("harness.build.step", "harness/machine"),
        ("harness.machines", "harness/runs"),
        ("tests.unit.made", "harness/commands"),
    ],
)
def test_the_wrong_way_is_a_violation(name: str, part: str) -> None:
    assert violations({name}, ALLOWED[part]) == {name}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("matrix.model", "matrix"),
        ("matrix.outcome.Status", "reports"),
        ("harness", "harness/runs"),
        ("reports.verdict", "harness/runs"),
        ("harness.machine.store", "harness/build"),
        ("harness.provide.obtain", "harness/guests"),
        ("msgspec", "matrix"),
    ],
)
def test_the_right_way_is_none(name: str, part: str) -> None:
    assert not violations({name}, ALLOWED[part])


def test_every_folder_has_its_floor() -> None:
    folders = {path.parent.name for path in (TOP / "harness").glob("*/__init__.py")}
    assert folders == {folder for floor in STAGES for folder in floor}


def test_there_are_sources_to_check() -> None:
    assert {*STANDALONE, *SOLE_PLACES.values()} <= set(SOURCES)
