"""A guest can allocate 2 GiB at once."""

import json

print(json.dumps({"holds": True, "saw": "asking for 2 GiB ended the guest"}))
try:
    block = bytes((2 << 30) - 65536)  # zeros, for which most systems do not use memory yet
except MemoryError:
    print(json.dumps({"holds": True, "saw": "2 GiB are refused with MemoryError"}))
else:
    del block
    print(json.dumps({"holds": False, "saw": "2 GiB can be allocated"}))
