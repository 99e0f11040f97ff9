"""os.chown(), of a name and of a descriptor, and os.fchown() set a file's owner (to the current owner)."""

import errno
import json
import os

works, fails = [], []


def attempt(what, function, *arguments, **options):
    try:
        getattr(os, function)(*arguments, **options)
    except AttributeError:
        fails.append(f"there is no os.{function}")
    except NotImplementedError:
        fails.append(f"{what}: not implemented")
    except OSError as exc:
        fails.append(f"{what}: {errno.errorcode.get(exc.errno, exc.errno)}")
    else:
        works.append(f"{what} works")


with open("file", "wb") as file:
    status = os.stat("file")
    ids = status.st_uid, status.st_gid
    attempt("os.chown(name)", "chown", "file", *ids)
    attempt("os.fchown(descriptor)", "fchown", file.fileno(), *ids)

saw = "; ".join(dict.fromkeys(fails + works))
print(json.dumps({"holds": "partly" if works and fails else bool(fails), "saw": saw}))
