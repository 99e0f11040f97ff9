"""os.readlink() is what os.symlink() was given, and a file behind a link is found."""

import json
import os
import sys


def look():
    os.mkdir("directory")
    open("directory/file", "w").close()
    os.symlink("directory", "link")
    works, fails = [], []
    target = os.readlink("link")
    (works if target == "directory" else fails).append(f"os.readlink() is {target!r}")
    try:
        os.stat("link/file")
    except OSError as exc:
        fails.append(f"link/file: {exc.strerror}")
    else:
        works.append("link/file was found")
    return bool(fails) and (not works or "partly"), "; ".join(works + fails)


if sys.platform == "wasi":
    holds, saw = look()
else:
    holds, saw = None, "there is no runtime of WASI"
print(json.dumps({"holds": holds, "saw": saw}))
