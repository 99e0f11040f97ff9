"""time.sleep(0.05) returns, and does not fail."""

import errno
import json
import time

try:
    time.sleep(0.05)
except OSError as exc:
    print(json.dumps({"holds": True, "saw": f"time.sleep(0.05) fails with {errno.errorcode[exc.errno]}"}))
else:
    print(json.dumps({"holds": False, "saw": "time.sleep(0.05) returned"}))
