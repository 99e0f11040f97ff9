"""os.posix_fadvise() of a descriptor that is not open fails with EBADF."""

import errno
import json
import os

if not hasattr(os, "posix_fadvise"):
    print(json.dumps({"holds": None, "saw": "there is no os.posix_fadvise()"}))
else:
    try:
        os.posix_fadvise(-42, 0, 0, os.POSIX_FADV_WILLNEED)
    except OSError as exc:
        found = errno.errorcode[exc.errno]
        print(json.dumps({"holds": found == "EINVAL", "saw": f"it fails with {found}"}))
    else:
        print(json.dumps({"holds": None, "saw": "it works"}))
