"""compression.zstd compresses and decompresses."""

import importlib
import json
import sys

try:
    zstd = importlib.import_module("compression.zstd")
    came = zstd.decompress(zstd.compress(b"x" * 1000))
except ImportError as exc:
    before = sys.version_info < (3, 14)
    saw = f"compression.zstd is new in CPython 3.14: {exc}" if before else str(exc)
    print(json.dumps({"holds": None if before else True, "saw": saw}))
else:
    right = came == b"x" * 1000
    print(json.dumps({"holds": not right, "saw": f"1000 bytes {'came' if right else 'did not come'} back"}))
