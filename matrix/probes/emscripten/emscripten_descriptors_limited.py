"""fstat() works on a pipe and a renamed or removed file; a duplicate shares the position; a pipe can block."""

import errno
import json
import os
import stat

works, fails, missing, opened = [], [], [], []


def size(change, *names):
    opened.append(os.open(names[0], os.O_RDWR | os.O_CREAT))
    os.write(opened[-1], b"content")
    change(*names)
    return os.fstat(opened[-1]).st_size == 7


def duplicate():
    opened.append(os.dup(opened[-1]))
    os.lseek(opened[-2], 3, os.SEEK_SET)
    return os.read(opened[-1], 9) == b"tent" and os.lseek(opened[-2], 0, os.SEEK_CUR) == 7


def blocking():
    opened.extend(os.pipe())
    os.set_blocking(opened[-1], False)
    first = os.get_blocking(opened[-1])
    os.set_blocking(opened[-1], True)
    return not first and os.get_blocking(opened[-1])


def pipe():
    opened.extend(os.pipe())
    return stat.S_ISFIFO(os.fstat(opened[-1]).st_mode)


ATTEMPTS = {
    "fstat() of a removed file": lambda: size(os.unlink, "removed"),
    "fstat() of a renamed file": lambda: size(os.rename, "before", "after"),
    "a duplicate": duplicate,
    "the flag for blocking": blocking,
    "fstat() of a pipe": pipe,
}
for what, attempt in ATTEMPTS.items():
    print(json.dumps({"holds": True, "saw": f"{what} ended the guest"}))
    try:
        right = attempt()
    except AttributeError as exc:
        missing.append(f"{what} ({exc})")
    except OSError as exc:
        fails.append(f"{what}: {errno.errorcode.get(exc.errno, exc.errno)}")
    else:
        (works if right else fails).append(f"{what} works" if right else f"{what}: a wrong result")
for descriptor in opened:
    try:
        os.close(descriptor)
    except OSError:
        pass  # closing the duplicate closed it
if not hasattr(os, "pipe"):
    fails = [text for text in fails if not text.startswith("a duplicate")]  # on platforms where nothing creates a second descriptor
saw = "; ".join(fails + works + ([f"not tried: {', '.join(missing)}"] if missing else []))
print(json.dumps({"holds": "partly" if works and fails else bool(fails), "saw": saw}))
