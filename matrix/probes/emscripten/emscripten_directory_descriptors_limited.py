"""access(), symlink(), stat() and scandir() work with a directory's descriptor, utime() on a link itself."""

import errno
import json
import os

works, fails, missing = [], [], []


def symlink():
    os.symlink("file", "link", dir_fd=directory)
    return os.readlink("top/link") == "file"


def scandir():
    with os.scandir(directory) as entries:
        return "file" in [entry.name for entry in entries]


def utime():
    os.symlink("file", "top/other")
    os.utime("top/other", (1000, 2000), follow_symlinks=False)
    return os.lstat("top/other").st_mtime == 2000 != os.stat("top/other").st_mtime


ATTEMPTS = {
    "os.stat(dir_fd=...)": lambda: os.stat("file", dir_fd=directory).st_size == 0,
    "os.access(dir_fd=...)": lambda: os.access("file", os.F_OK, dir_fd=directory),
    "os.symlink(dir_fd=...)": symlink,
    "os.scandir(fd)": scandir,
    "os.utime(follow_symlinks=False)": utime,
}
os.mkdir("top")
with open("top/file", "wb"):
    pass
directory = os.open("top", os.O_RDONLY)
for what, attempt in ATTEMPTS.items():
    try:
        right = attempt()
    except NotImplementedError:
        fails.append(f"{what}: not implemented")
    except (AttributeError, TypeError) as exc:
        missing.append(f"{what} ({type(exc).__name__})")
    except OSError as exc:
        fails.append(f"{what}: {errno.errorcode.get(exc.errno, exc.errno)}")
    else:
        (works if right else fails).append(f"{what} works" if right else f"{what}: a wrong result")
os.close(directory)
saw = "; ".join(fails + works + ([f"not tried: {', '.join(missing)}"] if missing else []))
print(json.dumps({"holds": "partly" if works and fails else bool(fails), "saw": saw}))
