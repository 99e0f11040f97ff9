"""os.readv(), writev(), preadv() and pwritev() transfer two buffers completely."""

import errno
import json
import os

works, fails = [], []
for name in ("writev", "pwritev", "readv", "preadv"):
    buffers = (b"01234", b"56789") if "write" in name else (bytearray(5), bytearray(5))
    offset = (0,) if name.startswith("p") else ()
    descriptor = os.open(name, os.O_RDWR | os.O_CREAT)
    try:
        if "read" in name:
            os.write(descriptor, b"0123456789")
            os.lseek(descriptor, 0, os.SEEK_SET)
        count = getattr(os, name)(descriptor, buffers, *offset)
        if "write" in name:
            os.lseek(descriptor, 0, os.SEEK_SET)
            buffers = (os.read(descriptor, 20),)
        right = count == 10 and b"".join(buffers) == b"0123456789"
        (works if right else fails).append(f"os.{name}: {count} of the 10 bytes in two buffers")
    except AttributeError:
        fails.append(f"there is no os.{name}")
    except OSError as exc:
        fails.append(f"os.{name}: {errno.errorcode.get(exc.errno, exc.errno)}")
    finally:
        os.close(descriptor)
print(json.dumps({"holds": "partly" if works and fails else bool(fails), "saw": "; ".join(fails + works)}))
