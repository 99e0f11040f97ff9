"""chmod() can forbid writing to a file, creating a file in a directory, and reaching the files in it."""

import errno
import json
import os

works, fails, cannot = [], [], ""


def attempt(what, name, less, more, function, *arguments):
    os.chmod(name, less)
    if os.stat(name).st_mode & 0o700 != less:
        raise OSError(errno.ENOSYS, "the mode is as before")
    try:
        function(*arguments)
    except PermissionError:
        works.append(what)
    else:
        fails.append(what)
    finally:
        os.chmod(name, more)


def make(name):
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT))


make("file")
os.mkdir("directory")
make("directory/old")
try:
    attempt("to write to a file", "file", 0o400, 0o600, make, "file")
    attempt("to make a file in a directory", "directory", 0o500, 0o700, make, "directory/new")
    attempt("to reach a file in a directory", "directory", 0o600, 0o700, os.stat, "directory/old")
    if fails and not works and os.stat("file").st_uid == 0:
        cannot = "a new file's owner is 0, who may do that anywhere"
except AttributeError:
    cannot = "there is no os.chmod"
except OSError as exc:
    cannot = f"os.chmod: {errno.errorcode.get(exc.errno, exc.errno)}"
saw = [f"permission taken away and refused: {', '.join(works)}"] if works else []
saw += [f"permission taken away and still allowed: {', '.join(fails)}"] if fails else []
holds = None if cannot else "partly" if works and fails else bool(fails)
print(json.dumps({"holds": holds, "saw": "; ".join(saw + ([cannot] if cannot else []))}))
