"""The mmap module maps a file."""

import errno
import json

try:
    import mmap
except ImportError:
    print(json.dumps({"holds": True, "saw": "there is no mmap"}))
else:
    with open("file", "w+b") as file:
        file.write(b"mapped")
        file.flush()
        try:
            with mmap.mmap(file.fileno(), 6) as mapped:
                content = mapped[:]
        except OSError as exc:
            saw = f"mmap.mmap: {errno.errorcode.get(exc.errno, exc.errno)}"
            print(json.dumps({"holds": True, "saw": saw}))
        else:
            print(json.dumps({"holds": content != b"mapped", "saw": f"a map of a file has {content!r}"}))
