"""time.tzset() applies another time zone."""

import json
import os
import time

before = os.environ.get("TZ")
os.environ["TZ"] = "ABC+05"
try:
    time.tzset()
except AttributeError as exc:
    print(json.dumps({"holds": True, "saw": str(exc)}))
else:
    offset = time.timezone
    print(json.dumps({"holds": offset != 5 * 3600, "saw": f"after tzset() with TZ=ABC+05 time.timezone is {offset}"}))
finally:
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    if hasattr(time, "tzset"):
        time.tzset()
