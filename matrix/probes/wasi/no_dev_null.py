"""The null device, /dev/zero and /dev/fd exist and work."""

import json
import os
import stat

works, fails = [], []


def attempt(what, path, test):
    try:
        right = test(path)
    except OSError as exc:
        fails.append(f"{what}: {exc.strerror}")
    else:
        (works if right else fails).append(f"{what}{'' if right else ': not what it should be'}")


def read(path):
    with open(path, "rb", buffering=0) as file:
        return file.read(1)


attempt("null device", os.devnull, lambda path: not stat.S_ISREG(os.stat(path).st_mode) and read(path) == b"")
attempt("/dev/zero", "/dev/zero", lambda path: read(path) == b"\0")
attempt("/dev/fd", "/dev/fd", lambda path: stat.S_ISDIR(os.stat(path).st_mode))
saw = f"there: {', '.join(works) or 'nothing'}; not there: {'; '.join(fails) or 'nothing'}"
print(json.dumps({"holds": not works or (bool(fails) and "partly"), "saw": saw}))
