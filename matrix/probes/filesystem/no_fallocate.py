"""os.posix_fallocate() extends a file to the given size."""

import errno
import json
import os

descriptor = os.open("file", os.O_RDWR | os.O_CREAT)
try:
    os.posix_fallocate(descriptor, 0, 10)
    size = os.fstat(descriptor).st_size
    print(json.dumps({"holds": size != 10, "saw": f"os.posix_fallocate() for 10 bytes made {size}"}))
except AttributeError:
    print(json.dumps({"holds": True, "saw": "there is no os.posix_fallocate"}))
except OSError as exc:
    print(json.dumps({"holds": True, "saw": f"os.posix_fallocate: {errno.errorcode.get(exc.errno, exc.errno)}"}))
finally:
    os.close(descriptor)
