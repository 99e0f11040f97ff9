"""A file can have a time after 2554, the last year that fits into 64 bits of nanoseconds."""

import json
import os

LATE = 2**64 // 10**9 + 1_000_000
with open("file", "wb"):
    pass
try:
    os.utime("file", (LATE, LATE))
except (OSError, OverflowError) as exc:
    print(json.dumps({"holds": True, "saw": f"os.utime() of the year 2554: {getattr(exc, 'strerror', None) or exc}"}))
else:
    got = os.stat("file").st_mtime_ns // 10**9
    if got == LATE:
        print(json.dumps({"holds": False, "saw": "a file can have a time of the year 2554"}))
    elif 0 < got < LATE and got > 2**33:
        print(json.dumps({"holds": None, "saw": f"the file system takes {got} for the time {LATE}: it ends before"}))
    else:
        print(json.dumps({"holds": True, "saw": f"the time {LATE} has become {got}"}))
