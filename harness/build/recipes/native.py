"""The build Python: a lean native build of the same sources.

It only has to freeze modules, run the build's scripts and compile byte-code. So it is compiled with -O1 and without
the modules that wrap libraries: 28 s + 53 s as measured, against 3 min 20 s for a full build.

A cross build's configure runs only the interpreter, to ask for its version. So that is made first.

The sources are a link in its directory. So the compiler's command lines are the same for every tree, and a compiler
cache has the files that two trees share.
"""

from __future__ import annotations

from pathlib import Path

from harness.build.step import CACHE, BuildPlan, Step

SOURCE = "source"
"""the name of the link to the sources"""
INTERPRETER, MODULES = "native-python", "native-make"
"""the names of the steps that make the interpreter, and then the rest of the build Python"""
BYTE_CODE = "bytecode"
"""the name of the step that compiles the library's byte-code"""

_LEFT_OUT = (
    "_ssl", "_hashlib", "_tkinter", "_curses", "_curses_panel", "_dbm", "_gdbm", "_sqlite3", "_ctypes",
    "_decimal", "readline", "nis", "_crypt",
)  # fmt: skip
"""extension modules that no build step imports"""
CONFIGURE = (
    f"{SOURCE}/configure",
    "-q",
    "--disable-test-modules",
    "--without-ensurepip",
    "CC=gcc",
    "OPT=-O1 -fno-strict-overflow",
    *(f"py_cv_module_{module}=n/a" for module in _LEFT_OUT),
)

_NOT_CODE = r"bad_coding|badsyntax|lib2to3/tests/data|test_lib2to3/data|site-packages|bad_.*_encoding|tokenizedata"
"""files below Lib that are invalid Python on purpose"""


def plan(name: str, directory: Path, source: Path, make_digest: str, configure_digest: str, *, jobs: int) -> BuildPlan:
    """Configure and make the build Python in `directory`; the interpreter is `directory/python`."""
    link = Step(
        name="native-link",
        title="link the sources of the build Python",
        argv=("ln", "-sfn", str(source), SOURCE),
        cwd=directory,
        inputs=(str(source),),
        outputs=(directory / SOURCE / "configure",),
        expected=1,
    )
    configure = Step(
        name="native-configure",
        title="configure the build Python",
        argv=CONFIGURE,
        cwd=directory,
        inputs=(configure_digest,),
        outputs=(directory / "config.status",),
        expected=30,
    )
    interpreter = Step(
        name=INTERPRETER,
        title="make the build Python's interpreter",
        argv=("make", "-s", "pybuilddir.txt"),  # it needs the interpreter, which finds its library by this file
        jobs=jobs,
        cwd=directory,
        inputs=(make_digest,),
        outputs=(directory / "python", directory / "pybuilddir.txt"),
        through_cache=(f"CC={CACHE} gcc",),
        expected=45,
    )
    make = Step(
        name=MODULES,
        title="make the build Python's modules",
        argv=("nice", "-n", "5", "make", "-s", "all"),  # the configure beside it takes longer, on one core
        jobs=jobs,
        cwd=directory,
        inputs=(make_digest,),
        through_cache=(f"CC={CACHE} gcc",),
        expected=20,
    )
    return BuildPlan(name=name, directory=directory, steps=(link, configure, interpreter, make))


def bytecode(tree: Path, source_digest: str, python: Path, *, jobs: int) -> Step:
    """Compile the byte-code of the library in the guests' `tree`, as a first run of Python would.

    Guests then use it, since their magic number is the same, and need not compile the tests themselves.
    """
    return Step(
        name=BYTE_CODE,
        title="compile the library's byte-code",
        argv=(
            str(python),
            "-m",
            "compileall",
            "-qq",
            *("-s", str(tree), "-p", "/"),
            *("-x", _NOT_CODE),
            str(tree / "Lib"),
        ),
        jobs=jobs,
        cwd=tree.parent,
        inputs=(source_digest,),
        expected=15,
    )
