"""A file of the tree is edited at random; what stands by the harness's word is run all the same.

What does not stand runs anyway. So the verdicts are those of a whole run if each module that stands has the outcomes
that it had before the edit.
"""

from __future__ import annotations

import ast
import atexit
import contextlib
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

import msgspec

from harness.build.functions import functions_of
from harness.build.manifest import Contents, code_digest
from harness.build.watcher import Silent
from harness.cells.prepare import Prepared, PrepareOptions, Preparer
from harness.guests.settings import Limits
from harness.machine.files import remove_path
from harness.machine.store import Store
from harness.suite.batch import Batch, ModulePlan
from harness.suite.edits import Edits, Tree, path_of
from harness.suite.observing import adapter_of
from matrix.errors import GuestDidNotStart
from matrix.expand import expand
from matrix.load import load
from matrix.outcome import ModuleResult, Status
from matrix.resolve import resolve
from matrix.select import Selection, select
from matrix.text import some_of
from tests.fuzz.cases import Case
from tests.fuzz.judge import Finding

MODULES = tuple(
    f"test_{name}"
    for name in (
        *("abstract_numbers", "ast", "atexit", "bisect", "bool", "calendar", "capi", "colorsys", "copy", "csv"),
        *("enumerate", "exceptions", "int", "multibytecodec"),
        *("fnmatch", "genericpath", "glob", "graphlib", "heapq", "html", "importlib", "keyword", "linecache"),
        *("mimetypes", "netrc", "ntpath", "numeric_tower", "opcache", "opcodes", "operator", "plistlib", "posixpath"),
        *("pprint", "reprlib", "sched", "shlex", "stat", "string", "structseq", "sys", "tempfile"),
        *("textwrap", "timeit", "tomllib", "traceback", "types", "uuid", "wsgiref", "zipapp"),
    )
)
"""Modules of CPython 3.13 that use many parts of the library, quick ones but for test_importlib. Five of them make
subinterpreters."""
_NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")

_UNTIL_EXIT = contextlib.ExitStack()
atexit.register(_UNTIL_EXIT.close)

T = TypeVar("T")
Outcomes = Mapping[str, tuple[Status, str]]
"""the status of each test, with the reason of a skip"""


class Before(NamedTuple):
    """The tree before any edit, and what its tests did."""

    prepared: Prepared
    store: Store
    tree: Path
    """a copy of the tree that guests see, whose files may be edited"""
    results: Mapping[str, ModuleResult]


class Edit(NamedTuple):
    """One way to edit a tree."""

    name: str
    choose: Callable[[Before, Random], str]
    """the path of the file to edit, as the guest sees it"""
    change: Callable[[str, Random], str | None]
    """its new text; None to remove it"""


def _read_by_some(before: Before, chance: Random) -> str:
    """A source that some modules depend on, and others do not."""
    read = Counter(path_of(one) for result in before.results.values() for one in result.reads)
    found = [path for path, times in read.items() if times < len(MODULES)]
    return chance.choice(
        sorted(path for path in found if path in before.prepared.contents.files and path.endswith(".py"))
    )


def _read_in_part(before: Before, chance: Random) -> str:
    """A source of the library of which some modules ran some functions."""
    reads = {one for result in before.results.values() for one in result.reads}
    return chance.choice(sorted({path_of(one) for one in reads} - reads))


def _any_source(before: Before, chance: Random) -> str:
    return chance.choice(sorted(path for path in before.prepared.contents.files if re.match(r"/Lib/.*\.py$", path)))


def _data(before: Before, chance: Random) -> str:
    return chance.choice(
        sorted(path for path in before.prepared.contents.files if re.match(r"/Lib/.*\.(txt|ini|toml)$", path))
    )


def _shadow(before: Before, chance: Random) -> str:
    """A package that is found in place of a module."""
    return _read_by_some(before, chance).removesuffix(".py") + "/__init__.py"


def _constant(text: str, chance: Random) -> str:
    numbers = list(_NUMBER.finditer(text))
    if not numbers:
        return text + "\nchanged = 1\n"
    one = chance.choice(numbers)
    return f"{text[: one.start()]}{int(one[0]) + 1}{text[one.end() :]}"


def _raise(text: str, chance: Random) -> str:
    """A function raises, after its docstring. So whoever calls it, and stands, is noticed."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except SyntaxError:  # it is newer than this Python
        nodes = []
    functions = [one for one in nodes if isinstance(one, ast.FunctionDef) and one.body[0].lineno > one.lineno]
    if not functions:
        return text + "\nchanged = 1\n"
    first, *rest = chance.choice(functions).body
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and bool(rest)
    lines = text.split("\n")
    after = first.end_lineno if documented else min([first.lineno, *_decorated_from(first)]) - 1
    lines.insert(after or 0, " " * first.col_offset + "raise RuntimeError('edited')")
    return "\n".join(lines)


def _decorated_from(node: ast.stmt) -> list[int]:
    return [one.lineno for one in getattr(node, "decorator_list", ())]


EDITS = (
    Edit("a function that raises", _read_in_part, _raise),
    Edit("a function that raises anywhere", _any_source, _raise),
    Edit("a comment", _read_by_some, lambda text, _: text + "\n# changed\n"),
    Edit("a comment anywhere", _any_source, lambda text, _: text + "\n# changed\n"),
    Edit("a constant", _read_by_some, _constant),
    Edit("a constant anywhere", _any_source, _constant),
    Edit("a file that is removed", _read_by_some, lambda text, _: None),
    Edit("a file that is removed anywhere", _any_source, lambda text, _: None),
    Edit("a package in place of a module", _shadow, lambda text, _: "raise ImportError('in its place')\n"),
    Edit("a new module", lambda _, chance: f"/Lib/new_{chance.random()}.py", lambda text, _: "new = 1\n"),
    Edit("a data file", _data, lambda text, _: text[: len(text) // 2]),
)


def edit_case(seed: int, edits: Sequence[Edit]) -> Case:
    """The case of a seed."""
    chance = Random(seed)
    edit = chance.choice(list(edits))
    before = _before()
    path = edit.choose(before, chance)
    with _edited(before.tree, path, edit, chance):
        standing = _standing(before, path)
        wrong = _wrong(before, standing)
    finding = Finding.FALSE_GREEN if wrong else Finding.EQUAL
    stand = f"and {len(standing)} of {len(MODULES)} modules stand"
    return Case(seed, edit.name, path, stand, finding, "\n".join(wrong))


def _wrong(before: Before, standing: Sequence[str]) -> list[str]:
    """What the modules that stand do otherwise now."""
    if not standing:
        return []
    try:
        now = _run(before, standing)
    except GuestDidNotStart as exc:
        return [f"{some_of(standing, 3)} stand, but: {exc}"]
    return [
        f"{module} stands, but: {sorted(set(_outcomes(now[module]).items()) ^ set(_outcomes(result).items()))[:4]}"
        for module, result in before.results.items()
        if module in standing and _outcomes(now[module]) != _outcomes(result)
    ]


@contextlib.contextmanager
def _edited(tree: Path, path: str, edit: Edit, chance: Random) -> Iterator[None]:
    file = tree / path.lstrip("/")
    kept = {one: one.read_bytes() for one in (file, *_byte_code(file)) if one.exists()}
    made = next((parent for parent in (*reversed(file.parents), file) if not parent.exists()), file)
    text = edit.change(kept.get(file, b"").decode("utf-8", "surrogateescape"), chance)
    for one in kept:
        one.unlink()
    if text is not None:
        _write(file, text.encode("utf-8", "surrogateescape"))
    try:
        yield
    finally:
        for one in (made, *_byte_code(file)):
            remove_path(one)
        for one, data in kept.items():
            _write(one, data)


def _byte_code(file: Path) -> list[Path]:
    return list(file.parent.glob(f"__pycache__/{file.stem}.*"))


def _compiled(before: Before, path: str) -> tuple[str, tuple[str, ...]]:
    """The digest of what a source is compiled to, and those of its functions, as the builder has them; "" for none."""
    file = before.tree / path.lstrip("/")
    (python,) = (before.store.root / "builds").glob(f"native_{before.prepared.cell.build.cpython.id}-*/python")
    subprocess.run([python, "-m", "compileall", "-qq", "-s", before.tree, "-p", "/", file], check=False)
    found = _byte_code(file)
    digest = code_digest(found[0].read_bytes()).decode("ascii") if found else ""
    return digest, functions_of(before.tree, {path: digest}, python).get(path, ()) if digest else ()


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)  # it may be a link to the file in the cache
    file.write_bytes(data)


def _standing(before: Before, path: str) -> list[str]:
    """The modules whose results stand although the file at `path` was edited."""
    file = before.tree / path.lstrip("/")
    was = before.prepared.contents

    def without(known: Mapping[str, T]) -> dict[str, T]:
        return {one: digest for one, digest in known.items() if one != path}

    files, code, functions = without(was.files), without(was.code), without(was.functions)
    if file.exists():
        files[path] = "edited"
        if file.suffix == ".py":
            code[path], functions[path] = _compiled(before, path)
    edits = Edits(was, Tree(directory=before.tree, contents=Contents(files, code, functions)))
    return [module for module, one in before.results.items() if one.reads and not edits.concerning(one.reads)]


def _outcomes(result: ModuleResult) -> Outcomes:
    return {one.test: (one.status, one.detail if one.status is Status.SKIPPED else "") for one in result.outcomes}


def _run(before: Before, modules: Sequence[str]) -> dict[str, ModuleResult]:
    prepared = before.prepared
    settings = msgspec.structs.replace(prepared.settings, tree=before.tree)
    batch = Batch(settings, adapter_of(prepared), before.store, [ModulePlan(module=module) for module in modules])
    return {module: batch.result(module) for module in modules}


@cache
def _before() -> Before:
    matrix = load()
    (cell,) = select(expand(matrix), Selection(target=("wasi",)))
    store = Store()
    prepared = Preparer(store, PrepareOptions(jobs=os.cpu_count() or 1), Silent(), print).prepare(
        resolve(matrix, cell), Limits()
    )
    # On the cache's file system, since the tree is made of hard links; it goes when this process ends.
    tree = _UNTIL_EXIT.enter_context(store.scratch("fuzz")) / "tree"
    shutil.copytree(prepared.settings.tree, tree, symlinks=True, copy_function=os.link)
    nothing_yet = Before(prepared, store, tree, {})
    results = _run(nothing_yet, MODULES)
    return nothing_yet._replace(results=results)
