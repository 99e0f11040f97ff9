"""A byte can be written beyond the first 2 GiB of a file, on a file system that supports holes."""

import errno
import json
import os


def say(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


def attempt(descriptor):
    os.lseek(descriptor, 2**31, os.SEEK_SET)
    os.lseek(descriptor, 4 << 20, os.SEEK_SET)
    os.write(descriptor, b"x")
    if getattr(os.fstat(descriptor), "st_blocks", 0) > 512:  # blocks of 512 bytes; of 4096 in an in-memory file system
        say(None, "an offset of 2 GiB can be set, but such a file would really take as much here: it has no holes")
        return
    say(True, "a write at 2 GiB ended the guest")
    os.lseek(descriptor, 2**31, os.SEEK_SET)
    os.write(descriptor, b"y")
    size = os.fstat(descriptor).st_size
    os.lseek(descriptor, 2**31, os.SEEK_SET)
    right = size == 2**31 + 1 and os.read(descriptor, 2) == b"y"
    say(not right, f"a file with a byte at 2 GiB has {size} bytes{'' if right else ', but not that one'}")


descriptor = os.open("file", os.O_RDWR | os.O_CREAT)
try:
    attempt(descriptor)
except OverflowError as exc:
    say(True, f"an offset of 2 GiB: OverflowError: {exc}")
except OSError as exc:
    say(True, f"at 2 GiB: {errno.errorcode.get(exc.errno, exc.errno)}")
finally:
    os.close(descriptor)
    os.unlink("file")
