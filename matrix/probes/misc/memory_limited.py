"""2 GiB can be had at once."""

import json

print(json.dumps({"holds": True, "saw": "asking for 2 GiB ended the guest"}))
try:
    block = bytes((2 << 30) - 65536)  # zeros: most systems take no memory for them yet
except MemoryError:
    print(json.dumps({"holds": True, "saw": "2 GiB are refused with MemoryError"}))
else:
    del block
    print(json.dumps({"holds": False, "saw": "2 GiB can be had"}))
