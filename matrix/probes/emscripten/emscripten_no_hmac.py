"""_hmac computes a digest."""

import importlib
import json
import sys

try:
    digest = importlib.import_module("_hmac").compute_md5(b"key", b"message").hex()
except ImportError as exc:
    before = sys.version_info < (3, 14)
    saw = f"_hmac is new in CPython 3.14: {exc}" if before else str(exc)
    print(json.dumps({"holds": None if before else True, "saw": saw}))
else:
    print(json.dumps({"holds": False, "saw": f"an MD5 digest: {digest}"}))
