"""A file name that is not valid UTF-8 is refused, not just not found."""

import errno
import json
import os

print(json.dumps({"holds": False, "saw": "os.stat(b'\\xff') ended the guest"}))
try:
    os.stat(b"\xff")
except OSError as exc:
    saw = f"os.stat(b'\\xff') fails with {errno.errorcode[exc.errno]}"
    print(json.dumps({"holds": exc.errno == errno.ENOENT, "saw": saw}))
else:
    print(json.dumps({"holds": None, "saw": "there is a file of that name"}))
