"""time.clock_settime() exists. The probe tries a clock that nobody may set."""

import json
import time

try:
    time.clock_settime(time.CLOCK_MONOTONIC, 1.0)
except AttributeError as exc:
    print(json.dumps({"holds": True, "saw": str(exc)}))
except OSError as exc:
    print(json.dumps({"holds": False, "saw": f"clock_settime(CLOCK_MONOTONIC): {exc.strerror}"}))
else:
    print(json.dumps({"holds": False, "saw": "clock_settime(CLOCK_MONOTONIC) returned"}))
