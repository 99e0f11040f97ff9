"""os.utime() sets a file's times to the nanosecond, or to the microsecond at least."""

import errno
import json
import os

WANTED = 4_005_006_007
with open("file", "wb"):
    pass
try:
    os.utime("file", ns=(WANTED, WANTED))
except (AttributeError, OSError) as exc:
    what = errno.errorcode.get(exc.errno, exc.errno) if isinstance(exc, OSError) else "not there"
    print(json.dumps({"holds": None, "saw": f"os.utime: {what}"}))
else:
    came = os.stat("file").st_mtime_ns
    if abs(WANTED - came) < 1000:
        print(json.dumps({"holds": False, "saw": f"{WANTED} ns came back as {came} ns"}))
    elif abs(WANTED - came) < 1_000_000:
        print(json.dumps({"holds": True, "saw": f"{WANTED} ns came back as {came} ns"}))
    else:
        print(json.dumps({"holds": None, "saw": "os.utime() did not set the time at all"}))
