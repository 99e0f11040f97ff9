"""What differs between two states of a tree, and which results that concerns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

import msgspec

Files = Mapping[str, str]
"""the digest of each file of a tree, by its path in the tree: `/Lib/os.py`"""
Functions = Mapping[str, Sequence[str]]
"""The digests of the code objects of a source, by its path: of the module, its functions and classes.

They are numbered in this order in the reads of a result (`harness/guests/inside/functions.py`).
"""

TEXT = " as text"
"""comes after the path of a source in the reads of a result, where more counts than what the source is compiled to"""
_RAN = re.compile(r"(?P<path>.*) ran (?P<numbers>\d{1,6}(?:-\d{1,6})?(?:,\d{1,6}(?:-\d{1,6})?)*)", re.DOTALL)
"""one of the reads of a result: a source, and the numbers of the code objects in it that count"""
_IMPORTED = (".py", ".pyc", ".so")
"""how the names of files end that an import may find"""
_SUBINTERPRETERS = re.compile(rb"subinterp|interpreters")


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """The tree that guests see, as it is."""

    directory: Path
    files: Files
    code: Files = {}
    """the digest of what sources were compiled to, by their paths, as far as that is known"""
    functions: Functions = {}
    """the digests of the code objects in what sources were compiled to, as far as they are known"""


class Edits:
    """The differences between a tree as it was and as it is.

    A result says which files its outcomes depend on, and which directories were listed (`ModuleResult.reads`). It does
    not say which files were looked for and not found, or only looked at. So a file that is new or missing concerns
    every result that depends on a source in which its name occurs, or on one that has its name: `csv/__init__.py` is
    found in place of `csv.py`. A file that is no Python source may be found by a name that is computed: one that is new
    or missing also concerns every result that depends on such a file beside it.

    A source that is compiled to the same as before concerns those results only that depend on its text, and a function
    of a module those for which it ran.
    """

    def __init__(
        self, before: Files, tree: Tree, code: Files | None = None, functions: Functions | None = None
    ) -> None:
        """`before` are the files of the tree as it was; `code` and `functions` as in `Tree`."""
        now = tree.files
        self._tree = tree
        self.changed = {path for path in before.keys() & now.keys() if before[path] != now[path]}
        code = code or {}
        self._reworded = {path for path in self.changed & code.keys() if code[path] == tree.code.get(path)}
        functions = functions or {}
        self._rewritten = {
            path: {number for number, pair in enumerate(zip(functions[path], new, strict=True)) if len({*pair}) == 2}
            for path in self.changed & functions.keys()
            if len(functions[path]) == len(new := tree.functions.get(path, ()))
        }
        """by the path of a source that changed, the numbers of the code objects that are not as they were"""
        self.moved = before.keys() ^ now.keys()
        """the paths that are new or missing"""
        there, here = _directories(before), _directories(now)
        self._relisted = {f"{_parent(path)}/" for path in (*self.moved, *(there ^ here))}
        self._known = there | here

    def __bool__(self) -> bool:
        return bool(self.changed or self.moved)

    def concerning(self, reads: Iterable[str]) -> str:
        """The first path because of which a result with these reads does not stand; "" when it stands."""
        reads = set(reads)
        if found := {one for one in reads if self._concerns(one)}:
            return path_of(min(found))
        opened = [f"{path}/" for path in reads & self._known]  # directories, from which files may have been opened
        return next((path for path in opened if any(one.startswith(path) for one in self._all)), "")

    def _concerns(self, read: str) -> bool:
        if read in self._concerned:
            return True
        path = read.rpartition(" ran ")[0]
        if path not in self._concerned or path_of(read) == read:  # most often the first: the pattern takes its time
            return False
        if path in self._for_other_reasons:
            return True
        rewritten = self._rewritten.get(path)
        return rewritten is None or any(rewritten.intersection(numbers) for numbers in _numbers(read))

    @property
    def _all(self) -> set[str]:
        return self.changed | self.moved

    @cached_property
    def _concerned(self) -> set[str]:
        """The paths in the reads of results that do not stand."""
        return (self.changed - self._reworded) | {path + TEXT for path in self._reworded} | self._for_other_reasons

    @cached_property
    def _for_other_reasons(self) -> set[str]:
        """Those that concern a result not because of a change of the file itself."""
        beside = {_parent(path) for path in self.moved if not path.endswith(".py")}
        near = {path for path in self._tree.files if not path.endswith(".py") and _parent(path) in beside}
        return self.moved | self._relisted | near | self._naming

    @cached_property
    def _naming(self) -> set[str]:
        """The sources in which the name of a new or missing file occurs, and those in whose place it could be found.

        The name of `__init__.py` is that of its package.
        """
        names = {_name(path).encode() for path in self.moved}
        if not names:
            return set()
        pattern = re.compile(b"|".join(map(re.escape, sorted(names))))
        sources = [path for path in self._tree.files if path.endswith(".py")]
        naming = {path for path in sources if pattern.search((self._tree.directory / path.lstrip("/")).read_bytes())}
        imported = {_name(path) for path in self.moved if path.endswith(_IMPORTED)}
        return naming | {path for path in sources if _name(path) in imported}


def path_of(read: str) -> str:
    """The path in one of the reads of a result."""
    found = _RAN.fullmatch(read)
    return found["path"] if found else read


def _numbers(read: str) -> Iterator[range]:
    """The numbers of the code objects that count: 0, 1, 2 and 5 for `/Lib/csv.py ran 0-2,5`."""
    for one in read.rpartition(" ")[2].split(","):
        first, _, last = one.partition("-")
        yield range(int(first), int(last or first) + 1)


def may_use_subinterpreters(reads: Iterable[str], directory: Path) -> bool:
    """Whether a result's reads may not be all: a subinterpreter has modules of its own, which the guest does not see.

    It is asked where the guest cannot count interpreters (CPython 3.12 and older). `_testcapi` creates them without an
    audit event. So it counts whether the tests speak of subinterpreters at all.
    """
    tests = (path for path in reads if path.startswith("/Lib/test/") and path.endswith(".py"))
    own = (directory / path.lstrip("/") for path in tests if not path.startswith("/Lib/test/support/"))
    return any(_SUBINTERPRETERS.search(file.read_bytes()) for file in own if file.is_file())


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    found = PurePosixPath(path)
    return found.parent.name if found.stem in ("__init__", "__main__") else found.name.partition(".")[0] or found.name


def _directories(files: Files) -> set[str]:
    return {str(parent) for directory in {_parent(path) for path in files} for parent in _above(directory)}


def _above(directory: str) -> Iterable[str]:
    while directory:
        yield directory
        directory = _parent(directory)
