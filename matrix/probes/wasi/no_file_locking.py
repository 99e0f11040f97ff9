"""A lock on a file prevents another lock, and regions can be locked."""

import json
import os

works, fails = [], []
with open("file", "w+b") as one, open("file", "r+b") as other:
    try:
        import fcntl

        fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fails.append("flock() twice on one file is not refused")
        except BlockingIOError:
            works.append("flock() keeps another one out")
        fcntl.lockf(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        works.append("fcntl.lockf() returns")
    except ImportError as exc:
        fails.append(str(exc))
    except OSError as exc:
        fails.append(f"fcntl: {exc.strerror}")
    try:
        os.lockf(one.fileno(), os.F_TLOCK, 1)
        works.append("os.lockf() returns")
    except (AttributeError, OSError) as exc:
        fails.append(f"os.lockf: {getattr(exc, 'strerror', None) or exc}")
print(json.dumps({"holds": not works or (bool(fails) and "partly"), "saw": "; ".join(works + fails)}))
