"""What differs between two states of a tree, and which results that concerns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath

import msgspec

from harness.build.manifest import Contents

Files = Mapping[str, str]
"""the digest of each file of a tree, by its path in the tree: `/Lib/os.py`"""

TEXT = " as text"
"""comes after the path of a source in the reads of a result, where more counts than what the source is compiled to"""
_RAN = " ran "
"""comes after the path of a source in the reads of a result, and before the numbers of the code objects that count"""
_NUMBERS = re.compile(r"\d{1,6}(-\d{1,6})?(,\d{1,6}(-\d{1,6})?)*")
"""`0-2,5`"""
_IMPORTED = (".py", ".pyc", ".so")
"""how the names of files end that an import may find"""
_SUBINTERPRETERS = re.compile(rb"subinterp|interpreters")


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """The tree that guests see, as it is."""

    directory: Path
    contents: Contents


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

    def __init__(self, before: Contents, tree: Tree) -> None:
        """`before` is what the tree had. What a source was compiled to may not be known."""
        was, now = before.files, tree.contents.files
        self._tree = tree
        self.changed = {path for path in was.keys() & now.keys() if was[path] != now[path]}
        code, code_now = before.code, tree.contents.code
        self._reworded = {path for path in self.changed & code.keys() if code[path] == code_now.get(path)}
        old, new = before.functions, tree.contents.functions
        self._rewritten = {
            path: {number for number, pair in enumerate(zip(old[path], new[path], strict=True)) if len({*pair}) == 2}
            for path in self.changed & old.keys() & new.keys()
            if len(old[path]) == len(new[path])
        }
        """by the path of a source that changed, the numbers of the code objects that are not as they were"""
        self.moved = was.keys() ^ now.keys()
        """the paths that are new or missing"""
        there, here = _directories(was), _directories(now)
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
        path = read.rpartition(_RAN)[0]
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
        near = {path for path in self._tree.contents.files if not path.endswith(".py") and _parent(path) in beside}
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
        sources = [path for path in self._tree.contents.files if path.endswith(".py")]
        naming = {path for path in sources if pattern.search((self._tree.directory / path.lstrip("/")).read_bytes())}
        imported = {_name(path) for path in self.moved if path.endswith(_IMPORTED)}
        return naming | {path for path in sources if _name(path) in imported}


def path_of(read: str) -> str:
    """The path in one of the reads of a result."""
    path, ran, numbers = read.rpartition(_RAN)
    return path if ran and _NUMBERS.fullmatch(numbers) else read


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
