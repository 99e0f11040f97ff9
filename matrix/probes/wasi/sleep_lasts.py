"""time.sleep(0.05) returns."""

import json
import time

print(json.dumps({"holds": True, "saw": "the guest was ended while it slept"}), flush=True)
try:
    time.sleep(0.05)
except OSError as exc:
    print(json.dumps({"holds": None, "saw": f"time.sleep(0.05) fails: {exc}"}))
else:
    print(json.dumps({"holds": False, "saw": "time.sleep(0.05) returned"}))
