"""ctypes.util finds the C library, and lists the libraries that are loaded."""

import json

try:
    from ctypes import util
except ImportError as exc:
    print(json.dumps({"holds": None, "saw": f"no ctypes: {exc}"}))
else:
    found = [name for name in ("c", "m", "GL") if util.find_library(name)]
    lists = hasattr(util, "dllist")
    holds = "partly" if bool(found) != lists else not found
    saw = f"found: {', '.join(found) or 'none'}; ctypes.util.dllist: {'there' if lists else 'missing'}"
    print(json.dumps({"holds": holds, "saw": saw}))
