"""A link keeps its text and a chain of links has a limit; names that cannot be opened raise the right errors."""

import errno
import json
import os

works, fails, missing = [], [], []


def error(function, *arguments):
    try:
        function(*arguments)
    except OSError as exc:
        return exc.errno
    return 0


def make(name):
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT))


def relative_link():
    os.symlink("file", "link")
    return os.readlink("link") == "file"


def endless_link():
    os.symlink(".", "loop")
    return error(os.stat, "loop/" * 60 + "file") == errno.ELOOP  # Linux follows 40 links


def descriptors():
    number = error(os.listdir, "/proc/self/fd")
    if number not in (0, errno.ENOTDIR):
        raise OSError(number, "not there")
    return number == 0


make("file")
ATTEMPTS = {
    "os.readlink() of a relative link": relative_link,
    "60 links to their own directory": endless_link,
    "a new file's name that ends in a slash": lambda: error(make, "new/") != 0,
    "a name below a file": lambda: error(make, "file/new") == errno.ENOTDIR,
    "/proc/self/fd": descriptors,
}
for what, attempt in ATTEMPTS.items():
    try:
        right = attempt()
    except (AttributeError, OSError) as exc:
        number = getattr(exc, "errno", None)
        missing.append(f"{what} ({errno.errorcode.get(number, type(exc).__name__)})")
    else:
        (works if right else fails).append(f"{what}: {'as on Linux' if right else 'unlike on Linux'}")
saw = "; ".join(fails + works + ([f"not tried: {', '.join(missing)}"] if missing else []))
print(json.dumps({"holds": "partly" if works and fails else bool(fails), "saw": saw}))
