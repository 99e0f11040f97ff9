"""The source of a library module can be read, listed in its directory, and shown in a traceback."""

import errno
import json
import linecache
import os
import textwrap  # a module that is not frozen

works, fails = [], []


def read():
    with open(textwrap.__file__, "rb") as file:
        return b"def dedent(" in file.read()


def listed():
    return "textwrap.py" in os.listdir(os.path.dirname(textwrap.__file__))


def shown():
    lines = linecache.getlines(textwrap.__file__, vars(textwrap))
    return any(line.startswith("def dedent(") for line in lines)


for what, function in (("read", read), ("listed", listed), ("shown", shown)):
    try:
        right = function()
    except OSError as exc:
        fails.append(f"cannot be {what}: {errno.errorcode.get(exc.errno, exc.errno)}")
    else:
        (works if right else fails).append(f"can be {what}" if right else f"cannot be {what}")
kind = "of source" if textwrap.__file__.endswith(".py") else "of byte-code"
saw = f"a module {kind} in the library: its source {'; '.join(fails + works)}"
print(json.dumps({"holds": "partly" if works and fails else bool(fails), "saw": saw}))
