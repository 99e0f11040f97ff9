"""sys.executable names the interpreter even if the interpreter was started with a name without a path."""

import json
import sys

started = sys.orig_argv[0] if sys.orig_argv else ""
if not sys.executable:
    print(json.dumps({"holds": True, "saw": f"sys.executable is {sys.executable!r}"}))
elif "/" in started:
    saw = "the runtime was told a path for argv[0], and sys.executable is that; a bare name cannot be tried here"
    print(json.dumps({"holds": None, "saw": saw}))
else:
    print(json.dumps({"holds": False, "saw": "sys.executable is set, and argv[0] was a bare name"}))
