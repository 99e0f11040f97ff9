"""lseek() of a descriptor that is not open fails with EBADF."""

import errno
import json
import os

descriptor = os.open("file", os.O_RDWR | os.O_CREAT)
os.close(descriptor)
try:
    os.lseek(descriptor, 0, os.SEEK_CUR)
except OSError as exc:
    found = errno.errorcode[exc.errno]
    print(json.dumps({"holds": found == "ESPIPE", "saw": f"it fails with {found}"}))
else:
    print(json.dumps({"holds": None, "saw": "it works: the descriptor is open again"}))
