"""The empty path is not a file, and the root directory is that of a system: it has /etc."""

import json
import os

try:
    os.stat("")
    empty = True
except OSError:
    empty = False
foreign = not os.path.isdir("/etc")
saw = f"the path '' is {'a directory' if empty else 'no file'}; there is {'no' if foreign else 'an'} /etc"
print(json.dumps({"holds": "partly" if empty != foreign else empty, "saw": saw}))
