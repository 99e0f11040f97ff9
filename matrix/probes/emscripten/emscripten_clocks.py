"""A clock can be set, as far as one can tell without setting it, and a thread has its own clock."""

import errno
import json
import time

works, fails, missing = [], [], []


def setting():
    try:
        time.clock_settime(time.CLOCK_REALTIME, -1)
    except OSError as exc:
        if exc.errno != errno.EINVAL:
            raise
    return True


def own():
    from _thread import get_ident

    return time.clock_gettime(time.pthread_getcpuclockid(get_ident())) >= 0


for what, name, function in (
    ("time.clock_settime() to an impossible time", "clock_settime", setting),
    ("the clock of time.pthread_getcpuclockid()", "pthread_getcpuclockid", own),
):
    if not hasattr(time, name):
        missing.append(f"there is no time.{name}")
        continue
    try:
        function()
    except OSError as exc:
        fails.append(f"{what}: {errno.errorcode.get(exc.errno, exc.errno)}")
    else:
        works.append(f"{what}: {'EINVAL, so values are looked at' if function is setting else 'can be read'}")
holds = "partly" if works and fails else True if fails else False if works else None
print(json.dumps({"holds": holds, "saw": "; ".join(fails + works + missing)}))
