"""In wasm64, a JavaScript function that returns a pointer returns a BigInt."""

import json
import struct
import sys


def say(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


if sys.platform != "emscripten":
    say(None, "there is no JavaScript")
elif struct.calcsize("P") != 8:
    say(None, f"this is wasm32: a pointer has {8 * struct.calcsize('P')} bits")
else:
    runtime = sys._emscripten_info.runtime  # the value that an EM_JS function returned when Python started
    say(not runtime, f"a function in JavaScript returned the string {runtime!r}")
