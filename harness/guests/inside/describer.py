"""Runs inside the guest: writes what the interpreter says of itself, then CPython's own `test.pythoninfo`.

    python.wasm -u -W ... -bb /describer.py PLAN

PLAN is a JSON file with the path for events and the working directory. It works with CPython 3.11 and later, with the
standard library alone, and leaves out what an interpreter does not have. What may end the guest comes last: each event
is written at once.
"""

import contextlib
import io
import json
import os
import sys
import sysconfig
import traceback

OF_SYS = (
    "platform", "version", "byteorder", "maxsize", "abiflags", "api_version", "platlibdir", "float_repr_style",
    "_framework", "_git",
)  # fmt: skip
GROUPS = ("_emscripten_info", "implementation", "thread_info", "int_info", "hash_info")
"""records in sys, each of which becomes a row for each of its fields"""
VARIABLES = (
    "HOST_GNU_TYPE", "BUILD_GNU_TYPE", "MULTIARCH", "SOABI", "EXT_SUFFIX", "SHLIB_SUFFIX", "BUILDEXE", "CONFIG_ARGS",
    "Py_DEBUG", "Py_GIL_DISABLED", "Py_TRACE_REFS", "WITH_PYMALLOC", "WITH_MIMALLOC", "WITH_DOC_STRINGS",
    "PY_CALL_TRAMPOLINE", "HAVE_DYNAMIC_LOADING", "HAVE_PTHREAD_STUBS", "TEST_MODULES", "MODULE_BUILDTYPE",
    "SIZEOF_VOID_P", "SIZEOF_SIZE_T", "SIZEOF_LONG", "SIZEOF_LONG_DOUBLE", "SIZEOF_OFF_T", "SIZEOF_TIME_T",
    "SIZEOF_WCHAR_T", "ALIGNOF_MAX_ALIGN_T", "CC", "OPT", "CONFIGURE_CFLAGS", "CONFIGURE_LDFLAGS", "PY_CFLAGS",
    "CFLAGS_NODIST", "PY_LDFLAGS", "PY_CORE_LDFLAGS",
    "LINKFORSHARED", "LIBS", "SYSLIBS", "HOSTRUNNER",
)  # fmt: skip
"""the variables of sysconfig that say how the build was configured"""


def text(value):
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def fields(name, record):
    """A row for each field of a named tuple or namespace."""
    if hasattr(record, "_asdict"):
        pairs = record._asdict().items()
    elif hasattr(record, "n_fields"):
        names = [attr for attr in dir(record) if not attr.startswith("_") and attr not in ("count", "index")]
        pairs = [(attr, getattr(record, attr)) for attr in names if not attr.startswith("n_")]
    else:
        pairs = vars(record).items()
    return {f"{name}.{key}": text(value) for key, value in sorted(pairs)}


def platform():
    found = {f"sys.{name}": text(getattr(sys, name)) for name in OF_SYS if getattr(sys, name, "")}
    found["os.name"] = os.name
    found["sys.getrecursionlimit()"] = text(sys.getrecursionlimit())
    found["sys.getfilesystemencoding()"] = text(sys.getfilesystemencoding())
    for name in GROUPS:
        if getattr(sys, name, None) is not None:
            found.update(fields(f"sys.{name}", getattr(sys, name)))
    if hasattr(sys, "_is_gil_enabled"):
        found["sys._is_gil_enabled()"] = text(sys._is_gil_enabled())
    if hasattr(os, "uname"):
        with contextlib.suppress(OSError):
            found.update(fields("os.uname()", os.uname()))
    found["pointer bits"] = text(64 if sys.maxsize > 2**32 else 32)
    return found


def of_sysconfig():
    found = {"get_platform()": text(sysconfig.get_platform())}
    variables = sysconfig.get_config_vars()
    found.update({name: text(variables[name]) for name in VARIABLES if variables.get(name) not in (None, "")})
    return found


def pythoninfo():
    """What `python -m test.pythoninfo` prints on standard output."""
    from test import pythoninfo as module

    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            module.main()
        except SystemExit:  # some of its functions failed; the rest is printed
            pass
    return said.getvalue()


def main(plan):
    descriptor = os.open(plan["events"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def event(kind, detail):
        data = (json.dumps({"event": kind, "detail": detail}) + "\n").encode("ascii")
        while data:
            data = data[os.write(descriptor, data) :]

    os.environ.update(plan["environment"])
    for name, gather in (("platform", platform), ("sysconfig", of_sysconfig), ("pythoninfo", pythoninfo)):
        event("begins", name)
        try:
            found = gather()
        except BaseException:
            event("failed", f"{name}: {traceback.format_exc(limit=-1)[-1000:]}")
        else:
            event(name, text(found) if name == "pythoninfo" else json.dumps(found))
    event("end", "")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        main(json.load(file))
    os._exit(0)
