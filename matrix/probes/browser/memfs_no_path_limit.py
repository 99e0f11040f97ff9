"""A path that is longer than PATH_MAX is refused."""

import errno
import json
import os
import shutil

NAME = "d" * 200
most = os.pathconf(".", "PC_PATH_MAX") if "PC_PATH_MAX" in getattr(os, "pathconf_names", {}) else 4096
top = os.getcwd()
path = top
try:
    while len(path) <= most:
        path = f"{path}/{NAME}"
        os.mkdir(path)
    os.stat(path)
    holds, saw = True, f"a path of {len(path)} characters can be made and looked at; PATH_MAX is {most}"
except OSError as exc:
    holds, saw = False, f"a path of {len(path)} characters: {errno.errorcode.get(exc.errno, exc.errno)}"
print(json.dumps({"holds": holds, "saw": saw}))
shutil.rmtree(f"{top}/{NAME}", ignore_errors=True)
