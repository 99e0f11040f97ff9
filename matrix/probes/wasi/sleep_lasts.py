"""time.sleep(0.05) returns."""

import json
import time

print(json.dumps({"holds": True, "saw": "the guest was ended while it slept"}), flush=True)
time.sleep(0.05)
print(json.dumps({"holds": False, "saw": "time.sleep(0.05) returned"}))
