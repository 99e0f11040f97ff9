"""A guest survives the use of a file name that is not valid UTF-8."""

import errno
import json
import os

print(json.dumps({"holds": True, "saw": "os.stat(b'\\xff') ended the guest"}))
try:
    os.stat(b"\xff")
except OSError as exc:
    print(json.dumps({"holds": False, "saw": f"os.stat(b'\\xff') fails with {errno.errorcode[exc.errno]}"}))
else:
    print(json.dumps({"holds": False, "saw": "there is a file of that name"}))
