"""A file name is exactly the guest's bytes: invalid UTF-8 is kept, and similar-looking names are different files."""

import errno
import json
import os


def make(name):
    with open(name, "wb"):
        pass


def same(name, other):
    try:
        make(name)
        return os.path.exists(other)
    except (OSError, UnicodeError):
        return None


case = same("Name", "name")
form = same("caf\u00e9", "cafe\u0301")
try:
    make(b"bytes\xff")
    kept = b"bytes\xff" in os.listdir(b".")
    saw = "a name that is no UTF-8 is kept" if kept else "a name that is no UTF-8 became another one"
except UnicodeError:
    kept, saw = False, "a name that is no UTF-8 cannot be encoded"
except OSError as exc:
    kept, saw = False, f"a name that is no UTF-8: {errno.errorcode.get(exc.errno, exc.errno)}"
for name in os.listdir(b"."):
    try:
        os.remove(name)
    except OSError:
        pass  # a file that is listed under a name other than its own

for what, alike in (("in case", case), ("in Unicode form", form)):
    if alike is not None:
        saw += f"; names that differ {what} are {'the same here' if alike else 'different here'}"
print(json.dumps({"holds": not kept or bool(case or form), "saw": saw}))
