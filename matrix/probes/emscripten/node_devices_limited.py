"""Under Node, /dev has the host's devices."""

import json
import os
import sys

DEVICES = ("/dev/zero", "/dev/fd")
if "Node" not in getattr(getattr(sys, "_emscripten_info", None), "runtime", ""):
    print(json.dumps({"holds": None, "saw": "not under Node"}))
else:
    there = [name for name in DEVICES if os.path.exists(name)]
    saw = f"there: {', '.join(there) or 'nothing'} of {', '.join(DEVICES)}"
    holds = False if len(there) == len(DEVICES) else "partly" if there else True
    print(json.dumps({"holds": holds, "saw": saw}))
