"""os.fpathconf() refuses a descriptor that is not open."""

import errno
import json
import os

if not hasattr(os, "fpathconf"):
    print(json.dumps({"holds": None, "saw": "there is no os.fpathconf"}))
else:
    descriptor = os.open("file", os.O_RDWR | os.O_CREAT)
    os.close(descriptor)
    try:
        found = os.fpathconf(descriptor, "PC_NAME_MAX")
    except OSError as exc:
        saw = f"fpathconf() of a closed descriptor: {errno.errorcode.get(exc.errno, exc.errno)}"
        print(json.dumps({"holds": exc.errno != errno.EBADF, "saw": saw}))
    else:
        print(json.dumps({"holds": True, "saw": f"fpathconf() of a closed descriptor: {found}"}))
