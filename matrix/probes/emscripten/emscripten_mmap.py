"""A write to one map of a file is visible in another map."""

import errno
import json

try:
    import mmap
except ImportError:
    print(json.dumps({"holds": None, "saw": "there is no mmap"}))
else:
    with open("file", "w+b") as file:
        file.write(b"before")
        file.flush()
        try:
            with mmap.mmap(file.fileno(), 6) as first, mmap.mmap(file.fileno(), 6) as second:
                first[:] = b"after!"
                seen = second[:]
        except OSError as exc:
            print(json.dumps({"holds": None, "saw": f"mmap.mmap: {errno.errorcode.get(exc.errno, exc.errno)}"}))
        else:
            saw = f"after a write of b'after!' to one map another map of the file has {seen!r}"
            print(json.dumps({"holds": seen != b"after!", "saw": saw}))
