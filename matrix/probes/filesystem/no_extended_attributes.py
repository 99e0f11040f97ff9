"""An extended attribute of a file can be set, read, listed and removed."""

import errno
import json
import os

NAMES = "setxattr", "getxattr", "listxattr", "removexattr"
with open("file", "wb"):
    pass
missing = [f"os.{name}" for name in NAMES if not hasattr(os, name)]
if missing:
    holds = True if len(missing) == len(NAMES) else "partly"
    print(json.dumps({"holds": holds, "saw": f"there is no {', no '.join(missing)}"}))
else:
    try:
        os.setxattr("file", "user.probe", b"value")
        right = os.getxattr("file", "user.probe") == b"value" and "user.probe" in os.listxattr("file")
        os.removexattr("file", "user.probe")
        right = right and "user.probe" not in os.listxattr("file")
    except OSError as exc:
        saw = f"os.setxattr and its like: {errno.errorcode.get(exc.errno, exc.errno)}"
        print(json.dumps({"holds": True, "saw": saw}))
    else:
        saw = "an attribute was set, read, listed and removed" if right else "an attribute is not what was set"
        print(json.dumps({"holds": not right, "saw": saw}))
