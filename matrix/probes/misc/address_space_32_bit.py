"""Pointers and sizes have 64 bits."""

import json
import struct
import sys

pointer, size = 8 * struct.calcsize("P"), sys.maxsize.bit_length() + 1
saw = f"a pointer has {pointer} bits, a size {size}"
print(json.dumps({"holds": True if max(pointer, size) <= 32 else (min(pointer, size) <= 32 and "partly"), "saw": saw}))
