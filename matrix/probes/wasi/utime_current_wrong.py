"""utime() without times sets both times to now."""

import json
import os
import time

with open("file", "wb"):
    pass
os.utime("file", (1_000_000, 1_000_000))
try:
    os.utime("file")
except OSError as exc:
    print(json.dumps({"holds": True, "saw": f"utime(): {exc.strerror}"}))
else:
    found = os.stat("file")
    wrong = [name for name in ("st_atime", "st_mtime") if abs(getattr(found, name) - time.time()) > 60]
    saw = f"{' and '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} not now" if wrong else "both times are now"
    print(json.dumps({"holds": "partly" if len(wrong) == 1 else bool(wrong), "saw": saw}))
