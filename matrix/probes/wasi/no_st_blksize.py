"""stat() returns the preferred block size for reading and writing."""

import json
import os

with open("file", "wb"):
    pass
size = getattr(os.stat("file"), "st_blksize", None)
saw = f"st_blksize is {size}" if not size else "st_blksize is more than 0"
print(json.dumps({"holds": not size, "saw": saw}))
