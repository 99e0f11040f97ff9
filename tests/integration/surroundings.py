"""Writes down what a test sees of its process. It runs as a test module in a guest, and imports nothing of the harness.

The test fails with the facts as JSON, between FACTS and STCAF: both our driver and regrtest's worker report a failure.
"""

from __future__ import annotations

# ruff: noqa: E402  # the modules around it are written down before it imports any
import sys

MODULES = sorted(sys.modules)

import builtins
import faulthandler
import gc
import json
import locale
import os
import random
import threading
import time
import unittest
import warnings
from typing import Any

RANDOM = random.random()  # the first number that this module draws


def simple(namespace: dict[str, Any]) -> dict[str, str]:
    """The plain values of a namespace."""
    kinds = (bool, int, float, str, bytes, list, tuple, dict, type(None))
    return {name: ascii(value) for name, value in namespace.items() if isinstance(value, kinds) and name[:2] != "__"}


def of_stream(stream: Any) -> dict[str, str]:
    """What a stream is, and what it can do. unittest's buffer is a StringIO here and a subclass of it there."""
    found = {"StringIO": str("StringIO" in [kind.__name__ for kind in type(stream).__mro__])}
    for name in ("encoding", "errors", "line_buffering", "write_through", "name", "mode"):
        found[name] = ascii(getattr(stream, name, None))
    for name in ("isatty", "fileno", "seekable"):
        try:
            found[name] = ascii(getattr(stream, name)())
        except Exception as exc:
            found[name] = type(exc).__name__
    return found


def frames() -> int:
    """How many frames are on the stack."""
    frame = sys._getframe().f_back
    count = 1
    while frame is not None:
        frame, count = frame.f_back, count + 1
    return count


SUBINTERPRETER = """
import builtins, sys
seen = {
    "modules": sorted(sys.modules),
    "site": {name: value for name, value in vars(sys.modules["site"]).items() if name.isupper()},
    "builtins": sorted(vars(builtins)),
    "sys.path": sys.path,
    "sys.path_importer_cache": sorted(sys.path_importer_cache),
    "sys.path_hooks": len(sys.path_hooks),
    "sys.meta_path": [repr(one) for one in sys.meta_path],
}
with open("seen", "w") as file:
    file.write(ascii(seen))
"""


def in_subinterpreter() -> str:
    """What a subinterpreter sees."""
    # The harness's own Python may come without CPython's tests.
    from test import support  # type: ignore[import-not-found]

    if support.run_in_subinterp(SUBINTERPRETER) != 0:
        return "it failed"
    with open("seen") as file:
        seen = file.read()
    os.unlink("seen")
    return seen


def facts() -> dict[str, Any]:
    from test import support
    from test.support import os_helper  # type: ignore[import-not-found]

    main = sys.modules["__main__"]
    attributes = ("argv", "orig_argv", "path", "flags", "warnoptions", "_xoptions", "executable", "dont_write_bytecode")
    functions = (
        "getrecursionlimit",
        "gettrace",
        "getswitchinterval",
        "get_int_max_str_digits",
        "getfilesystemencoding",
    )
    hooks = ("excepthook", "unraisablehook", "displayhook", "breakpointhook")
    streams = ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__")
    return {
        "modules": MODULES,
        "frames": frames(),
        "main": [main.__spec__ and main.__spec__.name, main.__file__, main.__package__],
        **{f"sys.{name}": ascii(getattr(sys, name)) for name in attributes},
        **{f"sys.{name}": ascii(getattr(sys, name)()) for name in functions},
        **{f"sys.{name}": getattr(sys, name).__module__ for name in hooks},
        **{f"sys.{name}": of_stream(getattr(sys, name)) for name in streams},
        "sys.meta_path": [ascii(one) for one in sys.meta_path],
        "sys.path_hooks": len(sys.path_hooks),
        "gc": [gc.isenabled(), gc.get_threshold(), gc.get_debug(), gc.garbage, gc.callbacks],
        "frozen": gc.get_freeze_count() > 0,
        "warnings": [str(one) for one in warnings.filters],
        "environment": {name: ascii(value) for name, value in os.environ.items()},
        "directory": ascii(os.getcwd()),
        "files": os.listdir(),
        "locale": [locale.setlocale(locale.LC_ALL), locale.getencoding()],
        "time": [time.tzname, time.timezone],
        "random": RANDOM,
        "threads": [one.name for one in threading.enumerate()],
        "threading.excepthook": threading.excepthook.__module__,
        "faulthandler": faulthandler.is_enabled(),
        "builtins": sorted(vars(builtins)),
        "support": simple(vars(support)),
        "os_helper": simple(vars(os_helper)),
        "subinterpreter": in_subinterpreter(),
    }


class Surroundings(unittest.TestCase):
    def test_surroundings(self) -> None:
        raise AssertionError("FACTS" + json.dumps(facts()) + "STCAF")
