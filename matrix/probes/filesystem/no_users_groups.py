"""pwd and grp list users and groups; a process has their ids and can set them; a file's owner can be changed."""

import errno
import json
import os

works, fails = [], []


def attempt(name, *arguments):
    try:
        function = getattr(os, name)
        function(*[argument() if callable(argument) else argument for argument in arguments])
    except AttributeError:
        fails.append(f"no os.{name}")
    except OSError as exc:
        fails.append(f"os.{name}: {errno.errorcode.get(exc.errno, exc.errno)}")
    else:
        works.append(f"os.{name}")


for name in ("pwd", "grp"):
    try:
        module = __import__(name)
    except ImportError:
        fails.append(f"no {name}")
        continue
    entries = getattr(module, "getpwall", None) or getattr(module, "getgrall", None)
    if entries and entries():
        works.append(f"{name} has entries")
    else:
        fails.append(f"{name} has no entries")

for name in ("getuid", "geteuid", "getgid", "getegid", "getgroups", "getresuid", "getresgid"):
    attempt(name)
for kind in ("uid", "euid", "gid", "egid"):
    attempt(f"set{kind}", getattr(os, f"get{kind}", lambda: 0))  # sets the current id, so nothing changes

with open("file", "wb"):
    pass
status = os.stat("file")
attempt("lchown", "file", status.st_uid, status.st_gid)

saw = [f"works: {', '.join(works)}"] if works else []
saw += [f"fails: {', '.join(fails)}"] if fails else []
print(json.dumps({"holds": "partly" if works and fails else bool(fails), "saw": "; ".join(saw)}))
