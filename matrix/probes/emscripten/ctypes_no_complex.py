"""ctypes has types for C's complex numbers, from CPython 3.14 on."""

import json
import sys

try:
    import ctypes
except ImportError as exc:
    print(json.dumps({"holds": None, "saw": f"no ctypes: {exc}"}))
else:
    if sys.version_info < (3, 14):
        print(json.dumps({"holds": None, "saw": "complex types are new in CPython 3.14"}))
    else:
        there = hasattr(ctypes, "c_double_complex")
        print(json.dumps({"holds": not there, "saw": f"ctypes.c_double_complex: {'there' if there else 'missing'}"}))
