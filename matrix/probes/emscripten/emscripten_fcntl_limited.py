"""fcntl() tells the size of a pipe."""

import errno
import json
import os

try:
    import fcntl
except ImportError as exc:
    print(json.dumps({"holds": None, "saw": str(exc)}))
else:
    try:
        size = fcntl.fcntl(os.pipe()[0], fcntl.F_GETPIPE_SZ)
    except AttributeError as exc:
        print(json.dumps({"holds": None, "saw": str(exc)}))
    except OSError as exc:
        print(json.dumps({"holds": True, "saw": f"F_GETPIPE_SZ: {errno.errorcode.get(exc.errno, exc.errno)}"}))
    else:
        print(json.dumps({"holds": size <= 0, "saw": f"F_GETPIPE_SZ: {size}"}))
