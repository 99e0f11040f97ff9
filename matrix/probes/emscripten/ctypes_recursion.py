"""An argument of a C function whose _as_parameter_ is itself raises RecursionError."""

import json

try:
    import ctypes

    function = ctypes.pythonapi.Py_IsInitialized
except (ImportError, AttributeError, OSError) as exc:
    print(json.dumps({"holds": None, "saw": f"no C function can be called: {exc}"}))
else:

    class Endless:
        pass

    endless = Endless()
    endless._as_parameter_ = endless
    function.argtypes = [ctypes.c_int]
    print(json.dumps({"holds": True, "saw": "converting the argument ended the guest"}), flush=True)
    try:
        function(endless)
    except RecursionError:
        print(json.dumps({"holds": False, "saw": "RecursionError"}))
