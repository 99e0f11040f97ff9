"""Runs inside the guest: which files of the tree each test module depends on.

Those are the files that are opened and the directories that are listed while a test module runs, and the files of the
modules that it imports. In a shared guest, an earlier test module may have loaded a module: importing it again opens
nothing. So for every module it is remembered what was imported and opened while it was loaded. What a test module
depends on is everything that can be reached from it.

An audit hook notices what is opened and listed (https://docs.python.org/3/library/audit_events.html). An import of
a module that is loaded already raises no audit event, but asks its spec each time whether it is still being loaded:
`_initializing`, which importlib sets before and after (`_load_unlocked` in Lib/importlib/_bootstrap.py). Here it
becomes a property, all of whose parts are compiled: asking adds the spec to a list, and telling raises an audit event.
Tests that trace, profile or evaluate frames themselves see no call. `from unittest import mock` asks the package's spec
only, when the package has the module as an attribute already. So the function of importlib that every such import calls
(`_handle_fromlist`) is called by one that writes down the names first.

Who imports a module sees what its source was compiled to, whether importlib reads that from a file of byte code or
compiles the source. Everybody else who opens a source sees its text, too: that is noted as `/Lib/os.py as text`, beside
`/Lib/os.py`. (regrtest's clear_caches, with which each test module begins, empties linecache.) Not noticed is who asks
for a file's size or date only, or whether it exists (harness/suite/edits.py copes with it). Nor is what a
subinterpreter does, which has hooks and modules of its own. From CPython 3.13 on the interpreters are counted: what a
test module depends on that made one is not known. Paths are those of the tree, `/Lib/os.py`; that of a listed directory
ends with a slash.

Of a module that is imported, only those functions count that ran (functions.py): `/Lib/json/decoder.py ran 0-2,7`. All
of it counts for a test module that looks at the code of one of its functions, traces, or goes through the garbage
collector's objects, and when it was loaded before the first test module.
"""

import os
import sys

import _frozen_importlib
from _functools import partial
from _thread import get_ident

RAN = " ran "
"""comes after the path of a source of which not everything counts, and before the numbers of its code objects that do"""
LOOKED = " looked at"
"""comes after the path of a source when the code of one of its functions was looked at"""
TOLD = "reads.told"
"""our own audit event: a spec was told whether its module is being loaded"""

HIDING = (
    *("sys.settrace", "sys.setprofile", "sys.monitoring.register_callback"),
    *("gc.get_objects", "gc.get_referents", "gc.get_referrers"),
)
"""audit events of what may run functions unnoticed, or find the code of one that did not run"""


class Reads:
    def __init__(self, tree_files, functions, subinterpreters):
        """With a `TreeFiles` of tree_files.py and the `Subinterpreters` of subinterpreters.py.

        `functions` is a `Functions` of functions.py; None when this Python does not show which ran.
        """
        self.tree_files = tree_files
        self.functions = functions
        self.subinterpreters = subinterpreters
        self.tree = tree_files.tree
        self.library, self.tests = self.tree + "/Lib/", self.tree + "/Lib/test/"
        self.always = set()  # paths, and names of modules, that every test module depends on
        self.found = self.always  # those of the test module that runs
        self.of_module = {}  # those of each module that was loaded, by its name
        self.loading = {}  # by thread: the names of modules that are being loaded, the innermost last
        self.asked = []  # specs of modules that were imported again, since `take_asked`
        self.taken = []  # packages, by name, and the names that were imported from them, since then
        self.untraced = False  # whether something happened that cannot be followed
        self.hidden = False  # whether functions may have run, or been looked at, unnoticed
        self.main = None  # the spec of the main module, to import which loads nothing
        for name, module in list(sys.modules.items()):
            if name != "__main__":
                path = self.note_file(getattr(module, "__file__", None))
                if path and self.functions:
                    self.functions.gives_up(path)
        self.watch()

    def begin(self):
        """A test module begins."""
        self.take_asked()
        self.found = set()
        self.untraced = self.hidden = False
        self.subinterpreters.begin()

    def files(self):
        """What the test module depends on so far, sorted; None when that is not known."""
        self.take_asked()
        told = self.subinterpreters.told()
        if self.untraced or told is None:
            return None
        seen, left = set(), self.always | self.found | told
        seen.update(path + LOOKED for path in told)
        while left:
            one = left.pop()
            seen.add(one)
            left |= self.of_module.get(one, seen) - seen  # tens of thousands of edges, so no loop over each
            if "/" not in one and "." in one and (package := one.rpartition(".")[0]) not in seen:
                left.add(package)
        looked = {one.removesuffix(LOOKED) for one in seen if one.endswith(LOOKED)}
        rest = (one for one in seen - looked if "/" in one and not one.endswith(LOOKED))
        return sorted({*looked, *map(self.in_part, rest)})

    def in_part(self, path):
        """The path of a source with what counts of it; the path itself when everything does."""
        if self.hidden or not self.functions:
            return path
        numbers = self.functions.numbers(path)
        return path if numbers is None else path + RAN + numbers

    def aside(self, name, load):
        """What `load` returns. What it imports does not count as what test modules depend on."""
        self.take_asked()
        stack, found = self.loading.setdefault(get_ident(), []), self.found
        stack.append(name)
        self.found = self.of_module.setdefault(name, set())
        try:
            return load()
        finally:
            self.take_asked()
            stack.clear()
            self.found = found

    def note(self, what):
        stack = self.loading.get(get_ident())
        (self.of_module[stack[-1]] if stack else self.found).add(what)

    def take_asked(self):
        """Note what was imported again: for the test module, and for whatever is being loaded."""
        specs, taken = self.asked[:], self.taken[:]
        del self.asked[: len(specs)], self.taken[: len(taken)]
        names = {getattr(spec, "name", "") for spec in specs if spec is not self.main}
        for package, parts in taken:
            names.update(whole for part in parts if (whole := f"{package}.{part}") in self.of_module)
        if names:
            self.found |= names
            for stack in self.loading.values():
                if stack:
                    self.of_module[stack[-1]] |= names

    def watch(self):
        spec_class = type(sys.__spec__)
        told = partial(sys.audit, TOLD)
        loading_class = type(spec_class.__name__, (spec_class,), {"_initializing": property(bool, told)})
        loading_class.__module__, loading_class.__qualname__ = spec_class.__module__, spec_class.__qualname__
        spec_class._initializing = property(self.asked.append, told)  # None: it is not being loaded

        handle, taken = _frozen_importlib._handle_fromlist, self.taken

        def handle_noted(module, fromlist, import_, **options):
            taken.append((getattr(module, "__name__", ""), fromlist))
            return handle(module, fromlist, import_, **options)

        # Tracebacks leave out the frames of importlib's files.
        handle_noted.__code__ = handle_noted.__code__.replace(co_filename=handle.__code__.co_filename)
        _frozen_importlib._handle_fromlist = handle_noted

        def when_told(arguments):
            spec, is_loading = arguments
            spec.__class__ = loading_class if is_loading else spec_class
            (self.load_begins if is_loading else self.load_ends)(spec)

        watched = {
            TOLD: when_told,
            "import": self.imported,
            "open": self.opened,
            "os.listdir": self.listed,
            "os.scandir": self.listed,
            "os.link": self.opened,
            "os.symlink": self.opened,
        }
        if self.functions:
            watched["exec"] = self.executed
            watched["object.__getattr__"] = self.looked_at
            for event in HIDING:
                watched[event] = self.hides
            watched["sys.addaudithook"] = self.hides_from_now_on

        def hook(event, arguments):
            if event in watched:
                try:
                    watched[event](arguments)
                except Exception:  # at the limit of recursion, or without memory
                    self.untraced = True

        sys.addaudithook(hook)

    # --- modules

    def load_begins(self, spec):
        self.take_asked()
        self.note(spec.name)
        self.of_module.setdefault(spec.name, set())
        self.loading.setdefault(get_ident(), []).append(spec.name)
        frozen = getattr(spec.loader_state, "filename", None)  # it is compiled into the binary, and has a source
        self.note_file(spec.origin if spec.has_location else frozen)

    def load_ends(self, spec):
        self.take_asked()
        stack = self.loading.get(get_ident(), [])
        if spec.name in stack:
            del stack[stack.index(spec.name) :]

    def imported(self, arguments):
        name, file = arguments[:2]
        self.note(name)
        self.note_file(file)

    # --- functions

    def executed(self, arguments):
        """A code object is about to be executed, maybe that of a module of the library."""
        code = arguments[0]
        name = getattr(code, "co_filename", "")
        if not self.functions or not name.startswith(self.library) or name.startswith(self.tests):
            return
        if code.co_name != "<module>":
            return
        path = name[len(self.tree) :]
        if self.found is self.always or self.hidden:  # what it runs while it is loaded is not seen
            self.functions.gives_up(path)
            return
        try:
            self.functions.loads(path, code)
        except Exception:
            self.functions.gives_up(path)
            raise

    def looked_at(self, arguments):
        function, name = arguments
        if name == "__code__":
            self.note_file(getattr(function, "__globals__", {}).get("__file__"), LOOKED)

    def hides(self, arguments):
        # These turn a tracer off, and put back the one that was there: support.no_tracing, DocTestRunner.run.
        # sys._getframe raises an audit event itself, so it is asked last.
        putting_back = (self.tests + "support/__init__.py", self.library + "doctest.py")
        self.hidden = self.hidden or sys._getframe(2).f_code.co_filename not in putting_back

    def hides_from_now_on(self, arguments):
        """A hook is added, which stays: Python marks nothing that runs in its calls."""
        self.functions = None

    # --- files

    def note_file(self, path, end=""):
        """Note a file of the tree. Returns what was noted, without `end`; None for a file that lies elsewhere."""
        path = self.tree_files.path(path)
        if path is not None:
            self.note(path + end)
        return path

    def opened(self, arguments):
        for one in self.tree_files.opened(arguments[0]):
            self.note(one)

    def listed(self, arguments):
        for one in self.tree_files.listed(arguments[0]):
            self.note(one)
