"""listdir(fd), fwalk(), rmtree(dir_fd=...) and the rmtree() that is safe from symlink attacks are available.

If one of them is available but fails, another limitation is the cause, and this probe has no answer.
"""

import errno
import json
import os
import shutil

works, missing, fails = [], [], []


def walked(directory):
    return [files for _, _, files, _ in os.fwalk("top", dir_fd=directory)] == [["file"]]


def removed(directory):
    shutil.rmtree("top", dir_fd=directory)
    return not os.path.exists("top")


os.mkdir("top")
with open(os.path.join("top", "file"), "wb"):
    pass
directory = os.open(".", os.O_RDONLY)
try:
    for what, function in (
        ("os.listdir(fd)", lambda: "top" in os.listdir(directory)),
        ("os.fwalk", lambda: walked(directory)),
        ("shutil.rmtree safe from links", lambda: shutil.rmtree.avoids_symlink_attacks or None),
        ("shutil.rmtree(dir_fd=...)", lambda: removed(directory)),
    ):
        try:
            right = function()
        except (AttributeError, NotImplementedError, TypeError):
            right = None
        except OSError as exc:
            fails.append(f"{what}: {errno.errorcode.get(exc.errno, exc.errno)}")
            continue
        if right is None:
            missing.append(f"there is no {what}")
        else:
            (works if right else fails).append(f"{what} works" if right else f"{what}: a wrong result")
finally:
    os.close(directory)

holds = "partly" if missing and (works or fails) else True if missing else None if fails else False
print(json.dumps({"holds": holds, "saw": "; ".join(missing + fails + works)}))
