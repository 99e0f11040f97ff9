"""os.utime() sets a file's times to the nanosecond."""

import json
import os

open("file", "w").close()
os.utime("file", ns=(1_002_003_004, 5_006_007_008))
found = os.stat("file").st_mtime_ns
print(json.dumps({"holds": found == 5_000_000_000, "saw": f"a time of 5006007008 ns is {found} ns afterwards"}))
