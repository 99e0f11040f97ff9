"""A file has separate access and modification times; a directory's time can be set, and survives a chmod()."""

import errno
import json
import os

works, fails, missing = [], [], []


def two_times():
    os.utime("file", (1000, 2000))
    status = os.stat("file")
    return (status.st_atime, status.st_mtime) == (1000, 2000)


def directory():
    os.utime("directory", (2000, 2000))
    return os.stat("directory").st_mtime == 2000


def directory_chmod():
    os.chmod("directory", 0o755)
    return directory() and (os.chmod("directory", 0o700), os.stat("directory").st_mtime)[1] == 2000


with open("file", "wb"):
    pass
os.mkdir("directory")
for what, function in (
    ("a file's two times", two_times),
    ("a directory's time", directory),
    ("a directory's time after chmod()", directory_chmod),
):
    try:
        right = function()
    except AttributeError:
        missing.append(what)
    except OSError as exc:
        missing.append(f"{what} ({errno.errorcode.get(exc.errno, exc.errno)})")
    else:
        (works if right else fails).append(f"{what}: {'as set' if right else 'not as set'}")
saw = "; ".join(fails + works + ([f"not tried: {', '.join(missing)}"] if missing else []))
holds = "partly" if works and fails else True if fails else False if works else None
print(json.dumps({"holds": holds, "saw": saw}))
