"""A struct of two doubles is passed as two doubles, as on x86-64."""

import json

try:
    import ctypes

    function = ctypes.pythonapi.PyComplex_FromDoubles
except (ImportError, AttributeError, OSError) as exc:
    print(json.dumps({"holds": None, "saw": f"no C function can be called: {exc}"}))
else:

    class Pair(ctypes.Structure):
        _fields_ = [("first", ctypes.c_double), ("second", ctypes.c_double)]

    print(json.dumps({"holds": True, "saw": "calling the function ended the guest"}))
    function.argtypes, function.restype = [Pair], ctypes.py_object
    gave = function(Pair(0.5, 0.25))
    holds = gave != complex(0.5, 0.25)
    print(json.dumps({"holds": holds, "saw": f"the function got {'other numbers' if holds else 'both numbers'}"}))
