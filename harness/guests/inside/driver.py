"""Runs inside the guest: runs test modules one after the other and writes events.

    python.wasm -u -W ... -bb /driver.py PLAN

PLAN is a JSON file that says where to write events, which modules to run and how to set up `test.support`.
Each event is one JSON line, which is written at once: the host then knows what was running when a guest
ends in the middle. `harness.guests.events` reads the events and describes them.

This driver finds, loads and captures tests, and cleans up after them, as CPython's `test.libregrtest` does in
a worker process (`single.py`, `setup.py` in 3.13, `runtest.py` in 3.11). A test sees the same process: modules,
arguments, environment, streams, frames. tests/integration/test_surroundings.py compares them. Beside it lie
`filters.py`, which chooses tests, `reads.py`, which sees what test modules depend on, and `result.py`, which makes
events of what unittest tells.
"""

import os
import sys


def read_plan(path):
    # JSON with Python's names for its three constants is a Python literal: no need to import json.
    with open(path, encoding="utf-8") as file:
        return eval(file.read(), {"true": True, "false": False, "null": None})


def path_of(name):
    return os.path.join(os.path.dirname(__file__), name + ".py")


def text_of(name):
    """The text of the file of this name beside this one."""
    with open(path_of(name), encoding="utf-8") as file:
        return file.read()


BESIDE = {
    name: text_of(name) for name in ("filters", "functions", "reads", "result", "subinterpreters", "tree_files")
}  # before reads.py sees what is opened


def beside(name):
    """The names that a file beside this one defines. Tests do not see it among the modules."""
    names = {"__name__": name}
    exec(compile(BESIDE[name], path_of(name), "exec"), names)
    return type(sys.implementation)(**names)  # types.SimpleNamespace, without importing types


def reads_of(plan):
    """A `Reads` that sees all imports but those of Python's own start."""
    tree, work, told = plan["tree"], plan["work"], plan["work"] + "/subinterpreters"
    sitecustomize = (
        *(BESIDE["tree_files"], BESIDE["subinterpreters"], f"watch(TreeFiles({tree!r}, {work!r}), {told!r})"),
        "raise ModuleNotFoundError(f'No module named {__name__!r}', name=__name__)\n",
    )
    functions = beside("functions")
    return beside("reads").Reads(
        beside("tree_files").TreeFiles(tree, work),
        functions.Functions() if functions.can_tell() else None,
        beside("subinterpreters").Subinterpreters(told, plan["own_library"], "\n".join(sitecustomize)),
    )


if __name__ == "__main__":
    plan = read_plan(sys.argv[1])
    reads = reads_of(plan)

import atexit
import builtins
import codecs
import contextlib
import encodings
import faulthandler
import fnmatch
import gc
import importlib
import importlib.util
import random
import runpy  # starts regrtest's worker, so that tests see it among the modules
import time
import traceback
import unittest
import warnings
import weakref

from test import support
from test.libregrtest.save_env import saved_test_environment
from test.libregrtest.utils import clear_caches, setup_threading_excepthook, setup_unraisable_hook
from test.support import os_helper

# runpy 2, worker.py 3, single.py 7 (run_single_test to _run_suite), and the runner's `run`; CPython 3.13
REGRTEST_FRAMES = 14
result, filters = beside("result"), beside("filters")


def forget_codecs():
    """Have codecs looked up anew: a test module that uses one then imports it, whatever earlier ones have used."""
    codecs.unregister(encodings.search_function)  # this empties the interpreter's cache, too
    encodings._cache.clear()
    codecs.register(encodings.search_function)


def at_regrtest_depth(function, *arguments):
    """Call a function with as many frames on the stack as regrtest's worker has when it calls a suite.

    Some tests count frames: test_tracemalloc expects more than ten.
    """
    frame, frames = sys._getframe(), 0
    while frame is not None:
        frame, frames = frame.f_back, frames + 1
    if frames < REGRTEST_FRAMES:
        return at_regrtest_depth(function, *arguments)
    return function(*arguments)


def import_worker():
    modern = importlib.util.find_spec("test.libregrtest.worker") is not None
    return importlib.import_module("test.libregrtest.worker" if modern else "test.regrtest")  # CPython 3.11 has none


def copy_of(spec):
    copied = object.__new__(type(spec))
    vars(copied).update(vars(spec))
    return copied


def descriptors_in_use():  # test_rlcompleter looks for names that begin with "st" in this module
    """What standard input, output and error are; None for one that is closed."""
    found = []
    for descriptor in range(3):
        try:
            status = os.fstat(descriptor)
            found.append((status.st_mode, status.st_dev, status.st_ino))
        except OSError:
            found.append(None)
    return found


def left_for_exit():
    """How many functions run when this interpreter ends."""
    return atexit._ncallbacks() + sum(info.atexit for info in weakref.finalize._registry.values())


@contextlib.contextmanager
def replaced(owner, name, value):
    """Replace an attribute of a module for a while. Later test modules see what it was, or that there was none."""
    there, before = hasattr(owner, name), getattr(owner, name, None)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if there:
            setattr(owner, name, before)
        else:
            delattr(owner, name)


class Environment(saved_test_environment):
    """Looks for changes of the environment, also in modules that earlier test modules have loaded.

    A test module does not depend on those: what is imported here does not count.
    """

    def __init__(self, reads, name):
        super().__init__(name, 0, False, pgo=False)
        self._reads = reads

    def __enter__(self):
        return self._reads.aside("environment", super().__enter__)

    def __exit__(self, *raised):
        return self._reads.aside("environment", lambda: super(Environment, self).__exit__(*raised))


class Runner:
    def __init__(self, plan, reads):
        self.plan = plan
        self.reads = reads
        self.events = result.Events(plan["events"])
        self.garbage = []  # keeps what cannot be collected, so that a later module does not see it in gc.garbage
        result.BoundedOutput.limit = plan["output_limit"]

    def set_up(self):
        plan = self.plan
        os.environ.update(plan["environment"])
        faulthandler.enable(all_threads=True, file=sys.__stderr__.fileno())
        support.record_original_stdout(sys.stdout)
        sys.stdout.reconfigure(errors="backslashreplace")
        setup_unraisable_hook()
        setup_threading_excepthook()
        # Tests must cope with a variable that is not ASCII (https://bugs.python.org/issue44647).
        if os_helper.TESTFN_UNDECODABLE and os.supports_bytes_environ:
            os.environb.setdefault(b"PYTHONREGRTEST_UNICODE_GUARD", os_helper.TESTFN_UNDECODABLE)
        elif os_helper.FS_NONASCII:
            os.environ.setdefault("PYTHONREGRTEST_UNICODE_GUARD", os_helper.FS_NONASCII)
        self.pose_as_worker()
        if not plan["alone"]:
            weakref.finalize(self, int).detach()  # the first one registers what runs all others at exit
        support.verbose = plan["verbose"]
        # CPython 3.15 maps a resource to its value; before, only the names count.
        support.use_resources = dict.fromkeys(plan["resources"]) if sys.version_info >= (3, 15) else plan["resources"]
        if timeout := plan["timeout"]:
            support.LOOPBACK_TIMEOUT = min(max(support.LOOPBACK_TIMEOUT, timeout / 120), timeout)
            support.SHORT_TIMEOUT = min(max(support.SHORT_TIMEOUT, timeout / 40), timeout)
            support.LONG_TIMEOUT = min(max(support.LONG_TIMEOUT, timeout / 4), timeout)
            support.INTERNET_TIMEOUT = min(support.INTERNET_TIMEOUT, timeout)

    def pose_as_worker(self):
        """Make the main module and the arguments those of `python -m test.libregrtest.worker JSON`.

        The worker is imported for this, and for all that it imports. No test depends on that: when it cannot be
        imported, which its own tests tell, the others run without it.
        """
        try:
            worker = self.reads.aside("regrtest's worker", import_worker)
        except Exception:
            traceback.print_exc()
            return
        main = sys.modules["__main__"]
        main.__spec__ = self.reads.main = copy_of(worker.__spec__)
        main.__package__ = worker.__spec__.parent
        main.__file__ = worker.__file__
        sys.orig_argv[-2:] = ["-m", worker.__name__, "{}"]
        sys.argv[:] = [worker.__file__, "{}"]

    def run(self):
        self.set_up()
        for number, entry in enumerate(self.plan["modules"]):
            before, names = set(sys.modules), set(vars(builtins))
            intact = self.module(number, entry)
            self.unload(before)
            for name in vars(builtins).keys() - names:  # such as `_`, in which an interactive session keeps a value
                delattr(builtins, name)
            if not intact:
                break  # the modules that are left get guests of their own
        self.events.write("end")

    def module(self, number, entry):
        """Run a test module. Whether the standard descriptors are what they were before."""
        name = entry["module"]
        self.entry = entry
        self.events.write("module", module=name)
        self.reads.begin()
        started = time.perf_counter()
        directory = os.path.join(self.plan["work"], f"test_python_{number:06}{os_helper.FS_NONASCII}")
        os.mkdir(directory)
        os.chdir(directory)
        support.environment_altered = False
        status, detail = "passed", ""
        descriptors, for_exit = descriptors_in_use(), left_for_exit()
        try:
            clear_caches()
            forget_codecs()
            self.settle()
            with Environment(self.reads, name):
                self.load_and_run(name)
        except unittest.SkipTest as exc:
            status, detail = "skipped", str(exc)
        except SystemExit:
            raise
        except BaseException:
            status, detail = "errored", traceback.format_exc()
        if status == "passed" and support.environment_altered and self.plan["fail_env_changed"]:
            status, detail = "errored", "the test altered the execution environment"
        intact = descriptors_in_use() == descriptors
        if status != "errored":
            status, detail = self.without_company(status, detail, intact, left_for_exit() - for_exit)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os.chdir(self.plan["work"])
        duration = time.perf_counter() - started
        if (files := self.reads.files()) is not None:
            counted = "counted" if self.reads.subinterpreters.next else "unknown"
            self.events.write("reads", files=files, interpreters=counted)
        self.events.write(
            "done",
            module=name,
            status=status,
            detail=result.shorten(detail),
            duration=round(duration, 6),
        )
        return intact

    def without_company(self, status, detail, intact, for_exit):
        """The status and detail of a module whose tests left the guest in a state that shows only later.

        A shared guest ends without running what is left for its exit, so such a module is to run again, alone. There it
        runs, within the time that a test has.
        """
        if not intact:
            return "errored", "the test closed or replaced a standard descriptor: 0, 1 or 2"
        if for_exit > 0 and not self.plan["alone"]:
            return "errored", "the test left functions to run at exit, which a shared guest does not run"
        return status, detail

    def settle(self):
        """Collect garbage. In a shared guest, freeze the survivors so that later collections skip them.

        Otherwise each module would traverse them several times. A module that then does not simply pass runs again,
        alone, without this.
        """
        support.gc_collect()
        if not self.plan["alone"]:
            gc.freeze()

    def load_and_run(self, name):
        random.seed(self.plan["seed"])
        module = importlib.import_module(name if name.startswith("test.") else "test." + name)
        try:
            # CPython 3.11 has modules with a `test_main`, which calls support._run_suite in the end.
            if hasattr(module, "test_main"):
                with replaced(support, "_run_suite", self.run_suite):
                    module.test_main()
            else:
                loader = unittest.TestLoader()
                suite = loader.loadTestsFromModule(module)
                if loader.errors:
                    raise ImportError("errors while loading tests:\n" + "\n".join(loader.errors))
                self.run_suite(suite)
        finally:
            # First close what the tests left open, which may print warnings.
            support.gc_collect()
            self.remove_leftovers(name)
        if gc.garbage:
            support.environment_altered = True
            support.print_warning(f"{name} created {len(gc.garbage)} uncollectable object(s)")
            self.garbage.extend(gc.garbage)
            gc.garbage.clear()
        support.reap_children()

    def run_suite(self, suite):
        """Runs the wanted tests of a suite, after an event that lists them."""
        done = dict(self.entry["done"])
        match = self.entry["match"]
        skip = self.entry["skip"]
        patterns = self.entry["patterns"]
        left_out = []

        def wanted(test):
            name = result.id_of(test)
            if match and not any(name == word or name.startswith(word + ".") for word in match):
                return False
            if patterns and not filters.is_wanted(name, patterns):
                return False
            if done.get(name, 0):  # an earlier guest ran it, and ended later
                done[name] -= 1
                return False
            if skip and any(fnmatch.fnmatchcase(name, pattern) for pattern in skip):
                left_out.append(name)
                return False
            return True

        filters.keep_only(suite, wanted)
        self.events.write("plan", tests=left_out + [result.id_of(test) for test in filters.cases_of(suite)])
        for name in left_out:
            self.events.write(
                "stop", test=name, status="skipped", duration=0.0, detail="not run, by the list of limitations", output=""
            )
        outcomes = result.Result(self.events)
        # regrtest's runner for verbose output restores the warnings filters; the one for quiet output does not.
        with warnings.catch_warnings() if support.verbose else contextlib.nullcontext():
            try:
                at_regrtest_depth(suite, outcomes)
            finally:
                outcomes.stopTestRun()

    def remove_leftovers(self, name):
        for path in (name, os_helper.TESTFN):
            if os.path.lexists(path):
                support.environment_altered = True
                if os.path.isdir(path) and not os.path.islink(path):
                    os_helper.rmtree(path)
                else:
                    os_helper.unlink(path)

    def unload(self, before):
        """Forget the modules that a test module imported, as regrtest's sequential mode does."""
        for name in [name for name in sys.modules if name not in before and name.startswith("test.")]:
            sys.modules.pop(name, None)
            parent, _, child = name.rpartition(".")
            if parent in sys.modules:
                try:
                    delattr(sys.modules[parent], child)
                except AttributeError:
                    pass
        tempfile = sys.modules.get("tempfile")
        if tempfile is not None:
            tempfile.tempdir = None  # it may be the directory of the module that has ended


if __name__ == "__main__":
    Runner(plan, reads).run()
    if not plan["alone"]:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
