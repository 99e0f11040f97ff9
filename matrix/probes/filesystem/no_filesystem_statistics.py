"""os.statvfs(), os.fstatvfs() and shutil.disk_usage() return the sizes of a file system."""

import errno
import json
import os
import shutil

works, fails = [], []


def of_descriptor():
    descriptor = os.open("file", os.O_RDWR | os.O_CREAT)
    try:
        return os.fstatvfs(descriptor).f_bsize
    finally:
        os.close(descriptor)


for name, known, function in (
    ("os.statvfs", hasattr(os, "statvfs"), lambda: os.statvfs(".").f_bsize),
    ("os.fstatvfs", hasattr(os, "fstatvfs"), of_descriptor),
    ("shutil.disk_usage", hasattr(shutil, "disk_usage"), lambda: shutil.disk_usage(".").total),
):
    if not known:
        fails.append(f"there is no {name}")
        continue
    try:
        right = function() > 0
    except OSError as exc:
        fails.append(f"{name}: {errno.errorcode.get(exc.errno, exc.errno)}")
    else:
        (works if right else fails).append(f"{name} works" if right else f"{name} gives 0")
print(json.dumps({"holds": "partly" if works and fails else bool(fails), "saw": "; ".join(fails + works)}))
