"""ctypes calls a C function that calls back into Python."""

import json
import sys


def say(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


try:
    import ctypes
except ImportError as exc:
    # Emscripten has a port of libffi; whether a build uses it is no fact about the platform.
    wasi = sys.platform == "wasi"
    say(True if wasi else None, str(exc) if wasi else f"this build has no libffi: {exc}")
else:
    say(True, "a call through ctypes ended the guest")
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda number: number + 1)
    came = callback(41)
    say(came != 42, f"a callback with 41 returned {came}")
