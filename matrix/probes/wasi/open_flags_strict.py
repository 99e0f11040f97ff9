"""open(2) needs no flags for reading, and opens a directory for reading without O_DIRECTORY."""

import json
import os

works, fails = [], []
with open("file", "wb"):
    pass


def attempt(what, path, flags):
    try:
        os.close(os.open(path, flags))
    except OSError as exc:
        fails.append(f"{what}: {exc.strerror}")
    else:
        works.append(f"{what} works")


attempt("a file without any flag", "file", 0)
attempt("a directory with O_RDONLY", ".", os.O_RDONLY)
print(json.dumps({"holds": not works or (bool(fails) and "partly"), "saw": "; ".join(works + fails)}))
