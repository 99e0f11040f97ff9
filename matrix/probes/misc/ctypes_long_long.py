"""ctypes passes a 64-bit integer and a long double to a C function and takes one back."""

import json

print(json.dumps({"holds": True, "saw": "calling a C function by ctypes ended the guest"}))
try:
    import ctypes

    functions = ctypes.pythonapi
    longer = functions.PyLong_FromLongLong
except (ImportError, AttributeError, OSError) as exc:
    print(json.dumps({"holds": None, "saw": f"no C function can be called: {exc}"}))
else:
    longer.argtypes, longer.restype = [ctypes.c_longlong], ctypes.py_object
    back = functions.PyLong_AsLongLong
    back.argtypes, back.restype = [ctypes.py_object], ctypes.c_longlong
    try:
        gave = (longer(2**40 + 1), back(2**40 + 1), ctypes.c_longdouble(0.5).value)
    except (TypeError, ValueError, OSError, ctypes.ArgumentError) as exc:
        print(json.dumps({"holds": True, "saw": f"calling it: {type(exc).__name__}"}))
    else:
        right = gave == (2**40 + 1, 2**40 + 1, 0.5)
        print(json.dumps({"holds": not right, "saw": f"the numbers came back {'right' if right else 'wrong'}"}))
