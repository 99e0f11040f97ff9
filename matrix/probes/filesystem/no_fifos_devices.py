"""os.mkfifo() and os.mknod() create FIFOs, and os.makedev() returns a device number."""

import errno
import json
import os
import stat

works, fails = [], []


def fifo():
    os.mkfifo("fifo")
    return stat.S_ISFIFO(os.stat("fifo").st_mode)


def node():
    os.mknod("node", 0o600 | stat.S_IFIFO)
    return stat.S_ISFIFO(os.stat("node").st_mode)


def device():
    number = os.makedev(1, 3)
    return (os.major(number), os.minor(number)) == (1, 3)


for name, function in (("mkfifo", fifo), ("mknod", node), ("makedev", device)):
    if not hasattr(os, name):
        fails.append(f"there is no os.{name}")
        continue
    try:
        right = function()
    except OSError as exc:
        fails.append(f"os.{name}: {errno.errorcode.get(exc.errno, exc.errno)}")
    else:
        (works if right else fails).append(f"os.{name} works" if right else f"os.{name} makes something else")
print(json.dumps({"holds": "partly" if works and fails else bool(fails), "saw": "; ".join(fails + works)}))
