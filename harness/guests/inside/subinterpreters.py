"""Runs inside the guest: which files of the tree its subinterpreters depend on.

An audit hook that Python adds is of one interpreter, and C code makes others without an audit event. But each begins
as the guest did: it imports `sitecustomize` (https://docs.python.org/3/library/site.html). So once the guest has
started, the driver writes one that adds a hook, in a directory of `sys.path` that is the guest's own. To the rest of
the guest it looks as if there was none. What is opened, listed and imported is written to a file at once.

From CPython 3.13 on the interpreters are counted. When one of them does not say that it is watched, because it was made
without `site` or the guest has no directory of its own, it is not known what the test module depends on.
"""

import os
import sys

import _imp
from _frozen_importlib import FrozenImporter

WATCHED = "watched"
"""what each subinterpreter tells first; paths begin with a slash"""


def interpreter_counter():
    """CPython's function that tells the number of the next interpreter; None where the binary has none."""
    spec = type(sys.__spec__)("_testinternalcapi", None)
    if sys.version_info < (3, 13) or spec.name not in sys.builtin_module_names:
        return None
    try:
        module = _imp.create_builtin(spec)  # tests do not see it among the modules
        _imp.exec_builtin(module)
    except Exception:  # these are CPython's own internals, and may have changed in an alpha
        return None
    return getattr(module, "next_interpreter_id", None)


class Subinterpreters:
    """Those that test modules make, as the guest's main interpreter sees them."""

    def __init__(self, told, library, source):
        """`told` is the path of the file to which they tell what they depend on.

        `library` is a directory of `sys.path` that only this guest sees, or "": `source` is written there, which calls
        `watch` in each of them.
        """
        self.told_file = told
        self.next = interpreter_counter()  # None where interpreters are not counted
        self.first = 0  # the number of the first one that the test module would make
        if self.next and library:
            try:
                with open(library + "/sitecustomize.py", "w", encoding="utf-8") as file:
                    file.write(source)
            except OSError:  # then none of them tells, and it is not known
                pass

    def begin(self):
        """A test module begins."""
        if self.next:
            self.first = self.next()
        if os.path.exists(self.told_file):
            os.unlink(self.told_file)

    def told(self):
        """The paths on which those depend that the test module made; None when that is not known."""
        told = []
        if os.path.exists(self.told_file):
            with open(self.told_file, encoding="utf-8", errors="surrogateescape", newline="") as file:
                told = file.read().split("\0")[:-1]
        if self.next and self.next() - self.first != told.count(WATCHED):
            return None
        return {*told} - {WATCHED}


def watch(tree_files, told_file):
    """Have this interpreter tell what is opened, listed and imported from now on, unless it is the main one."""
    from _thread import _is_main_interpreter  # CPython 3.11 has none, and does not come here

    if _is_main_interpreter():
        return
    # An interpreter that ends clears the modules before it removes the hook.
    open_file, write, close, unlink, find_spec = os.open, os.write, os.close, os.unlink, FrozenImporter.find_spec
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    told = set()

    def tell(*paths):
        new = [path for path in paths if path not in told]
        if new:
            text = "".join(f"{path}\0" for path in new).encode("utf-8", "surrogateescape")
            descriptor = open_file(told_file, flags, 0o600)
            try:
                if write(descriptor, text) != len(text):
                    raise OSError("the disk is full")
            finally:
                close(descriptor)
            told.update(new)

    def imported(arguments):
        name, file = arguments[:2]
        frozen = getattr(getattr(find_spec(name), "loader_state", None), "filename", None)
        tell(*[path for path in map(tree_files.path, (file, frozen)) if path is not None])

    def opened(arguments):
        tell(*tree_files.opened(arguments[0]))

    def listed(arguments):
        tell(*tree_files.listed(arguments[0]))

    watched = {
        "import": imported,
        "open": opened,
        "os.listdir": listed,
        "os.scandir": listed,
        "os.link": opened,
        "os.symlink": opened,
    }

    def hook(event, arguments):
        if event in watched:
            try:
                watched[event](arguments)
            except Exception:  # at the limit of recursion, or without memory
                try:
                    unlink(told_file)  # then it is not known: an interpreter is missing
                except FileNotFoundError:
                    pass

    try:
        tell(WATCHED)
    except OSError:  # then it is not known
        return
    sys.addaudithook(hook)
