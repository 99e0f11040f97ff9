"""The guest sees the host's files: the program that runs it is not Python, but the host's directories are visible."""

import json
import os

try:
    program = os.path.basename(os.readlink("/proc/self/exe"))
except (AttributeError, OSError) as exc:
    saw = f"there is no /proc/self/exe: {getattr(exc, 'strerror', None) or exc}"
    print(json.dumps({"holds": False, "saw": saw}))
else:
    foreign = not program.startswith("python")
    saw = f"/proc/self/exe is {program}, /etc is {'there' if os.path.isdir('/etc') else 'missing'}"
    print(json.dumps({"holds": foreign, "saw": saw}))
