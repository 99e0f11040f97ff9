"""os.fork() creates a second process."""

import json
import os

try:
    child = os.fork()
except AttributeError:
    print(json.dumps({"holds": True, "saw": "there is no os.fork"}))
except OSError as exc:
    print(json.dumps({"holds": True, "saw": f"os.fork: {exc}"}))
else:
    if child == 0:
        os._exit(0)
    print(json.dumps({"holds": False, "saw": f"os.fork() gave {os.waitpid(child, 0)}"}))
