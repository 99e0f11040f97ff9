"""sendfile, splice, copy_file_range, eventfd, timerfd, memfd, pidfd, getrandom and SEEK_DATA work as on Linux."""

import errno
import json
import os
import time

works, fails, opened = [], [], []


def new(descriptor):
    opened.append(descriptor)
    return descriptor


def file(content, offset=0):
    descriptor = new(os.open(f"file{len(opened)}", os.O_RDWR | os.O_CREAT))
    os.lseek(descriptor, offset, os.SEEK_SET)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


CALLS = {
    "sendfile": lambda: os.sendfile(file(b""), file(b"abc"), 0, 3) == 3,
    "splice": lambda: os.splice(file(b"abc"), [new(end) for end in os.pipe()][1], 3) == 3,
    "copy_file_range": lambda: os.copy_file_range(file(b"abc"), file(b""), 3) == 3,
    "eventfd": lambda: os.eventfd_read(new(os.eventfd(3))) == 3,
    "timerfd_create": lambda: os.timerfd_gettime(new(os.timerfd_create(time.CLOCK_MONOTONIC))) == (0.0, 0.0),
    "memfd_create": lambda: os.write(new(os.memfd_create("memory")), b"abc") == 3,
    "pidfd_open": lambda: new(os.pidfd_open(os.getpid())) >= 0,
    "getrandom": lambda: len(os.getrandom(4, os.GRND_NONBLOCK)) == 4,
    "SEEK_DATA": lambda: os.lseek(file(b"x", 1 << 20), 0, os.SEEK_DATA) > 0,
}
for name, call in CALLS.items():
    try:
        right = hasattr(os, name) and call()
    except OSError as exc:
        fails.append(f"{name}: {errno.errorcode.get(exc.errno, exc.errno)}")
    else:
        (works if right else fails).append(name if hasattr(os, name) else f"no {name}")
for descriptor in opened:
    os.close(descriptor)
saw = [f"works: {', '.join(works)}"] if works else []
saw += [f"fails: {', '.join(fails)}"] if fails else []
print(json.dumps({"holds": "partly" if works and fails else bool(fails), "saw": "; ".join(saw)}))
