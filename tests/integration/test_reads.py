"""What a test module depends on, as the guest sees it: what it opens, lists and imports, alone and in company."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.build.functions import functions_of
from harness.suite.edits import TEXT, path_of
from matrix.outcome import ModuleResult, Status
from tests.integration.guests import Guests, made_guests

pytestmark = pytest.mark.integration

TEMPLATE = """
import unittest
{imports}

class Reading(unittest.TestCase):
    def test_reading(self):
        {does}
"""
IMPORTS = TEMPLATE.format(imports="import csv", does="pass")
IMPORTS_LATE = TEMPLATE.format(imports="", does="import csv")
IMPORTS_BY_NAME = TEMPLATE.format(imports="import importlib", does="importlib.import_module('csv')")
IMPORTS_WHAT_IMPORTS = TEMPLATE.format(imports="import made_reader", does="pass")
NOTHING = TEMPLATE.format(imports="", does="pass")
FUNCTIONS = """
def first(*_): return 1  # code object 1
def second(): # 2
    def inner(): return 3  # 3
    return inner
class Kept: # 4
    def method(self): return 5  # 5
    async def coroutine(self): return 6  # 6
def generator(): yield 7  # 7
by_name = lambda: 8  # 8
"""
"""a module of the library: the module itself is code object 0, and its class runs with it"""
CSV = {"/Lib/csv.py", "/Lib/io.py", "/Lib/re/_parser.py"}
"""csv.py, and some of what it imports"""


@pytest.fixture(scope="module")
def guests() -> Iterator[Guests]:
    with made_guests() as guests:
        (guests.settings.tree / "Lib/made_reader.py").write_text("import csv\n")
        (guests.settings.tree / "Lib/made_functions.py").write_text(FUNCTIONS)
        yield guests


def reads(guests: Guests, *texts: str) -> list[set[str]]:
    """The paths in the reads of test modules with these texts, which pass in one shared guest."""
    return [set(map(path_of, one.reads)) for one in passing(guests, *texts)]


def passing(guests: Guests, *texts: str) -> list[ModuleResult]:
    """The results of test modules with these texts, which pass in one shared guest."""
    results = guests.results(texts)
    assert [one.statuses for one in results] == [frozenset({Status.PASSED})] * len(texts)
    assert not any(one.startup for one in results[1:])
    return results


def test_a_module_depends_on_what_it_imports_also_when_another_one_has_loaded_it(guests: Guests) -> None:
    first, nothing, again, late, by_name, indirect = reads(
        guests, IMPORTS, NOTHING, IMPORTS, IMPORTS_LATE, IMPORTS_BY_NAME, IMPORTS_WHAT_IMPORTS
    )
    assert not nothing & {"/Lib/csv.py", "/Lib/made_reader.py"}
    for found in (first, again, late, by_name, indirect):
        assert found >= CSV
    assert "/Lib/made_reader.py" in indirect
    assert "/Lib/made_reader.py" not in again


@pytest.mark.parametrize(
    "does",
    [
        "open(csv.__file__).close()",
        "import linecache; linecache.getline(csv.__file__, 1)",
        "csv.__loader__.get_source('csv')",
        "import inspect; inspect.getsource(csv.Sniffer)",
        "import traceback\n        try: csv.Sniffer().sniff('')\n        except csv.Error: traceback.format_exc()",
        "open(csv.__cached__).close()",
    ],
)
def test_a_module_depends_on_the_text_of_a_source_that_it_reads(guests: Guests, does: str) -> None:
    imports, *again = reads(guests, IMPORTS, *[TEMPLATE.format(imports="import csv", does=does)] * 2)
    assert not [path for path in imports if path.endswith(TEXT)]
    for found in again:
        assert {"/Lib/csv.py", f"/Lib/csv.py{TEXT}"} <= found


def test_a_module_depends_on_what_it_runs_without_importing_it(guests: Guests) -> None:
    (found,) = reads(guests, TEMPLATE.format(imports="import runpy", does="runpy.run_module('colorsys')"))
    assert "/Lib/colorsys.py" in found
    assert f"/Lib/colorsys.py{TEXT}" not in found


def test_to_compile_a_source_is_not_to_read_its_text(guests: Guests) -> None:
    (found,) = reads(guests, IMPORTS_WHAT_IMPORTS)
    assert not (guests.settings.tree / "Lib/__pycache__/made_reader.cpython-313.pyc").exists()
    assert {"/Lib/made_reader.py", "/Lib/test/test_made_0.py"} <= found
    assert not [path for path in found if path.endswith(TEXT)]


def test_a_module_depends_on_what_a_module_imports_that_others_have_loaded(guests: Guests) -> None:
    _, loaded_together = reads(guests, IMPORTS_WHAT_IMPORTS, IMPORTS_WHAT_IMPORTS)
    _, _, loaded_later = reads(guests, IMPORTS, IMPORTS_WHAT_IMPORTS, IMPORTS_WHAT_IMPORTS)
    assert loaded_together >= {"/Lib/made_reader.py", *CSV}
    assert loaded_later >= {"/Lib/made_reader.py", *CSV}


def test_a_module_depends_on_the_packages_that_a_loaded_module_is_in(guests: Guests) -> None:
    package = TEMPLATE.format(imports="from wsgiref.headers import Headers", does="pass")
    for found in reads(guests, package, package):
        assert found >= {"/Lib/wsgiref/__init__.py", "/Lib/wsgiref/headers.py"}
        assert "/Lib/wsgiref/" not in found  # importlib lists it, which is no reason to run again for any new file


@pytest.mark.parametrize("late", [False, True], ids=["at first", "late"])
def test_a_module_depends_on_a_submodule_that_its_package_has_already(guests: Guests, late: bool) -> None:
    takes = "from unittest import mock"
    package = TEMPLATE.format(imports="" if late else takes, does=takes if late else "pass")
    first, nothing, again = reads(guests, package, NOTHING, package)
    assert "/Lib/unittest/mock.py" not in nothing
    for found in (first, again):
        assert found >= {"/Lib/unittest/mock.py", "/Lib/asyncio/base_events.py"}


def test_a_module_depends_on_the_submodules_that_a_star_takes(guests: Guests) -> None:
    star = TEMPLATE.format(imports="from json import *", does="pass")
    listed = TEMPLATE.format(imports="import made_package.part", does="pass")
    taken = TEMPLATE.format(imports="from made_package import *", does="pass")
    package = guests.settings.tree / "Lib/made_package"
    package.mkdir()
    (package / "__init__.py").write_text("__all__ = ['part']\n")
    (package / "part.py").touch()
    _, found, other = reads(guests, listed, taken, star)
    assert "/Lib/made_package/part.py" in found
    assert "/Lib/made_package/part.py" not in other


def test_a_module_depends_on_a_codec_that_another_one_has_looked_up(guests: Guests) -> None:
    decodes = TEMPLATE.format(imports="", does="self.assertEqual(b'a'.decode('cp1258'), 'a')")
    first, nothing, again = reads(guests, decodes, NOTHING, decodes)
    assert "/Lib/encodings/cp1258.py" not in nothing
    for found in (first, again):
        assert "/Lib/encodings/cp1258.py" in found


def test_what_a_test_opens_is_its_own_also_after_it_has_loaded_a_module(guests: Guests) -> None:
    opens = TEMPLATE.format(imports="import made_reader", does="open('/Lib/this.py').close()")
    own, others = reads(guests, opens, IMPORTS_WHAT_IMPORTS)
    assert "/Lib/this.py" in own
    assert "/Lib/this.py" not in others


def test_a_module_depends_on_what_it_opens_and_lists(guests: Guests) -> None:
    opens = TEMPLATE.format(
        imports="import os", does="open(os.path.join(os.path.dirname(os.__file__), 'this.py')).close()"
    )
    relative = TEMPLATE.format(
        imports="import contextlib", does="with contextlib.chdir('/Lib/test'): open('../this.py', 'rb').close()"
    )
    lists = TEMPLATE.format(imports="import os", does="os.listdir(os.path.dirname(os.__file__) + '/json')")
    links = TEMPLATE.format(imports="import os", does="os.symlink('../../../../Lib/this.py', 'own'); os.unlink('own')")
    nothing, opened, relatively, listed, linked = reads(guests, NOTHING, opens, relative, lists, links)
    assert [("/Lib/this.py" in found) for found in (nothing, opened, relatively, linked)] == [False, True, True, True]
    assert "/Lib/json/" in listed
    assert "/Lib/json/" not in nothing


def test_what_is_no_path_cannot_be_opened(guests: Guests) -> None:
    # CPython 3.15's test_capi has C code open an object.
    (found,) = reads(guests, TEMPLATE.format(imports="import sys", does="sys.audit('open', object(), 'r', 0)"))
    assert "/Lib/unittest/case.py" in found


def test_a_module_does_not_depend_on_its_own_files_on_byte_code_and_on_regrtests_worker(guests: Guests) -> None:
    writes = TEMPLATE.format(imports="import os", does="open('own', 'w').close(); os.unlink('own')")
    (found,) = reads(guests, writes)
    assert not [path for path in found if path.endswith(("/own", ".pyc"))]
    assert "/Lib/unittest/case.py" in found
    assert "/Lib/json/__init__.py" not in found  # regrtest's worker imports it


def in_subinterpreter(does: str, *, after: str = "pass") -> str:
    """A test module that does something in a subinterpreter, and then something itself."""
    runs = f"self.assertEqual(support.run_in_subinterp({does!r}), 0)\n        {after}"
    return TEMPLATE.format(imports="from test import support\nimport os, sys", does=runs)


DEEP = """
import os
def opens():
    try: os.open('/Lib/this.py', os.O_RDONLY)
    except RecursionError: return False
    return True
def deep():
    try: done = deep()
    except RecursionError: done = False
    return done or opens()
assert deep()
"""
"""opens a file as deep as it can: deeper than where the hook can tell"""
NESTED = f"from test import support\nassert support.run_in_subinterp({'import csv'!r}) == 0"


@pytest.mark.parametrize(
    ("does", "counts", "not_these"),
    [
        ("import csv", {"/Lib/csv.py"}, {f"/Lib/csv.py{TEXT}", "/Lib/csv.py ran 0"}),
        ("import made_reader", {"/Lib/made_reader.py", "/Lib/csv.py"}, set()),
        ("open('/Lib/this.py').close()", {"/Lib/this.py", f"/Lib/this.py{TEXT}"}, set()),
        ("import os; os.listdir('/Lib/json')", {"/Lib/json/"}, {"/Lib/json/__init__.py"}),
        ("import wsgiref.headers", {"/Lib/wsgiref/__init__.py", "/Lib/wsgiref/headers.py"}, {"/Lib/wsgiref/"}),
        ("import __hello__", {"/Lib/__hello__.py"}, set()),
        (NESTED, {"/Lib/csv.py"}, set()),
    ],
)
def test_a_module_depends_on_what_its_subinterpreters_do(
    guests: Guests, does: str, counts: set[str], not_these: set[str]
) -> None:
    made = in_subinterpreter(does)
    first, nothing, again = (set(result.reads) for result in passing(guests, made, NOTHING, made))
    assert "/Lib/unittest/case.py" in first & nothing & again
    assert not nothing & counts
    for found in (first, again):
        assert found >= counts
        assert not found & not_these


def test_all_of_a_source_counts_that_a_subinterpreter_imports(guests: Guests) -> None:
    both = in_subinterpreter("import made_functions", after="import made_functions; made_functions.first()")
    (result,) = passing(guests, both)
    assert "/Lib/made_functions.py" in result.reads
    assert [path_of(one) for one in result.reads].count("/Lib/made_functions.py") == 1


@pytest.mark.parametrize(
    "does",
    [
        # the limit of recursion: the subinterpreter cannot tell all that it does
        "[os.unlink(name) for name in ('../subinterpreters',)]",
        # the next one is not watched
        "[os.unlink(name) for one in sys.path if os.path.exists(name := one + '/sitecustomize.py')]; "
        "support.run_in_subinterp('import csv')",
    ],
    ids=["lost", "not watched"],
)
def test_what_a_subinterpreter_depends_on_that_does_not_tell_it_is_not_known(guests: Guests, does: str) -> None:
    nothing, made, mentions = reads(
        guests,
        NOTHING,
        in_subinterpreter("pass", after=does),
        TEMPLATE.format(imports="from test import support", does="self.assertTrue(support.run_in_subinterp)"),
    )
    assert made == set()
    assert "/Lib/unittest/case.py" in mentions & nothing


def test_a_subinterpreter_at_the_limit_of_recursion_tells_all_or_is_not_known(guests: Guests) -> None:
    (found,) = reads(guests, in_subinterpreter(DEEP))
    assert not found or "/Lib/this.py" in found


def test_the_main_interpreter_has_no_sitecustomize(guests: Guests) -> None:
    raises = "with self.assertRaises(ModuleNotFoundError): import sitecustomize"
    (found,) = reads(guests, TEMPLATE.format(imports="", does=raises))
    assert "/Lib/unittest/case.py" in found


def test_to_import_the_main_module_is_not_to_depend_on_regrtests_worker(guests: Guests) -> None:
    imports_main = TEMPLATE.format(imports="import __main__", does="pass")
    imports_worker = TEMPLATE.format(imports="import test.libregrtest.worker", does="pass")
    main, what_imports_it, worker = reads(
        guests, imports_main, TEMPLATE.format(imports="import pdb", does="pass"), imports_worker
    )
    assert "/Lib/pdb.py" in what_imports_it
    for found in (main, what_imports_it):
        assert not found & {"/Lib/test/libregrtest/worker.py", "/Lib/json/__init__.py"}
    assert worker >= {"/Lib/test/libregrtest/worker.py", "/Lib/json/__init__.py"}


# --- functions


def ran(guests: Guests, *does: str) -> list[list[str]]:
    """What counts of made_functions.py for test modules that do this: `0,4`, or "" for everything."""
    return [
        [one.partition(f"{path_of(one)} ran ")[2] for one in result.reads if path_of(one) == "/Lib/made_functions.py"]
        for result in passing(guests, *map(made, does))
    ]


def made(does: str) -> str:
    """A test module that imports made_functions.py and does this."""
    return TEMPLATE.format(imports="import made_functions as made", does=does)


@pytest.mark.parametrize(
    ("does", "counts"),
    [
        ("pass", "0,4"),
        ("made.first, made.Kept.method, repr(made.first), made.first.__doc__, dir(made)", "0,4"),
        ("made.first()", "0-1,4"),
        ("list(map(made.first, [1]))", "0-1,4"),
        ("import functools; functools.partial(made.first)()", "0-1,4"),
        ("made.second()", "0,2,4"),
        ("made.second()()", "0,2-4"),
        ("made.Kept().method()", "0,4-5"),
        ("made.Kept.__call__ = made.first; made.Kept()()", "0-1,4"),
        ("made.Kept().coroutine().close()", "0,4"),
        ("try: made.Kept().coroutine().send(None)\n        except StopIteration: pass", "0,4,6"),
        ("made.generator()", "0,4"),
        ("next(made.generator())", "0,4,7"),
        ("made.by_name()", "0,4,8"),
        ("import importlib; one = made.first; importlib.reload(made); one()", "0-1,4"),
        ("import importlib; importlib.reload(made); made.first()", "0-1,4"),
        ("from test.support.import_helper import import_fresh_module as f; f('made_functions').by_name()", "0,4,8"),
        ("import test.support; test.support.no_tracing(made.first)()", "0-1,4"),
        ("import doctest; doctest.run_docstring_examples('>>> made.first()\\n1', {'made': made})", "0-1,4"),
    ],
)
def test_of_a_module_only_the_functions_count_that_ran(guests: Guests, does: str, counts: str) -> None:
    assert ran(guests, does) == [[counts]]


@pytest.mark.parametrize(
    "does",
    [
        "made.first.__code__",
        "import inspect; inspect.signature(made.first)",
        "import dis; dis.dis(made)",
        "import sys; sys.settrace(lambda *_: made.first()); sys.settrace(None)",
        "import sys; sys.setprofile(lambda *_: made.first()); sys.setprofile(None)",
        "import cProfile; cProfile.Profile().runcall(made.first)",
        "import gc; gc.get_objects()",
        "import gc; gc.get_referents(made.first)",
    ],
)
def test_all_of_a_module_counts_when_a_function_may_have_run_or_been_looked_at_unseen(
    guests: Guests, does: str
) -> None:
    assert ran(guests, does, "pass") == [[""], ["0-1,4" if "runcall" in does else "0,4"]]


def test_after_a_test_has_added_an_audit_hook_all_counts(guests: Guests) -> None:
    hooked = "import sys; sys.addaudithook(lambda *_: None)"
    assert ran(guests, "pass", hooked, "pass") == [["0,4"], [""], [""]]


def test_what_an_earlier_module_of_the_guest_ran_counts_too(guests: Guests) -> None:
    assert ran(guests, "pass", "made.first()", "pass", "made.by_name()") == [["0,4"], ["0-1,4"], ["0-1,4"], ["0-1,4,8"]]


def test_all_counts_of_a_module_that_is_loaded_too_often(guests: Guests) -> None:
    often = "import importlib\n        for _ in range(2000): importlib.reload(made)"
    assert ran(guests, "pass", often, "pass") == [["0,4"], [""], [""]]


def test_all_counts_of_a_module_that_is_loaded_while_functions_may_run_unseen(guests: Guests) -> None:
    traced = "import sys; sys.settrace(lambda *_: None); import made_functions; sys.settrace(None)"
    (found,) = (one.reads for one in passing(guests, TEMPLATE.format(imports="", does=traced), made("pass"))[1:])
    assert "/Lib/made_functions.py" in found


def test_all_counts_of_what_each_test_module_needs(guests: Guests) -> None:
    (result,) = passing(guests, NOTHING)
    assert {"/Lib/unittest/case.py", "/Lib/test/support/__init__.py", "/Lib/random.py"} <= {*result.reads}


def test_all_counts_of_a_module_that_was_loaded_before_and_is_loaded_again(guests: Guests) -> None:
    fresh = "from test.support.import_helper import import_fresh_module as f; f('random').random()"
    reload = "import importlib, encodings; importlib.reload(encodings)"  # Python's own start needs it
    one, other = passing(guests, *(TEMPLATE.format(imports="", does=does) for does in (fresh, reload)))
    assert "/Lib/random.py" in one.reads
    assert "/Lib/encodings/__init__.py" in other.reads


def test_lines_that_move_are_no_change_of_a_function(guests: Guests, tmp_path: Path) -> None:
    """From CPython 3.13 on, a class knows its first line, so the build Python is asked here."""
    (python,) = guests.store.root.glob("builds/native_cpython-3.13.5-*/python")
    source = tmp_path / "tree/Lib/made.py"
    source.parent.mkdir(parents=True)

    def digests(text: str) -> tuple[str, ...]:
        source.write_text(text)
        subprocess.run([python, "-m", "py_compile", source], check=True)
        return functions_of(tmp_path / "tree", {"/Lib/made.py": text}, python)["/Lib/made.py"]

    assert digests(FUNCTIONS) == digests(FUNCTIONS.replace("class", "\n# moved\nclass"))
    before, after = digests(FUNCTIONS), digests(FUNCTIONS.replace("return 5", "return 50"))
    assert [number for number, pair in enumerate(zip(before, after, strict=True)) if len({*pair}) > 1] == [5]
