"""A directory can be listed through a symbolic link to it."""

import errno
import json
import os

works, fails = [], []


def scandir():
    with os.scandir("link") as entries:
        return [entry.name for entry in entries] == ["file"]


def walk():
    return sum("file" in files for _, _, files in os.walk(".", followlinks=True)) == 2


os.mkdir("directory")
with open(os.path.join("directory", "file"), "wb"):
    pass
try:
    os.symlink("directory", "link")
except (AttributeError, OSError) as exc:
    what = errno.errorcode.get(exc.errno, exc.errno) if isinstance(exc, OSError) else "not there"
    print(json.dumps({"holds": None, "saw": f"os.symlink: {what}"}))
else:
    for what, function in (
        ("os.listdir", lambda: os.listdir("link") == ["file"]),
        ("os.scandir", scandir),
        ("os.walk(followlinks=True)", walk),
    ):
        try:
            right = function()
        except OSError as exc:
            fails.append(f"{what}: {errno.errorcode.get(exc.errno, exc.errno)}")
        else:
            (works if right else fails).append(f"{what} {'follows' if right else 'does not follow'} the link")
    print(json.dumps({"holds": "partly" if works and fails else bool(fails), "saw": "; ".join(fails + works)}))
