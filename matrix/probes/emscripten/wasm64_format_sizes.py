"""In wasm64, Py_BuildValue() puts numbers into a tuple unchanged (gh-95876)."""

import json
import struct
import sys


def say(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


if sys.platform != "emscripten":
    say(None, "this is about Emscripten")
elif struct.calcsize("P") != 8:
    say(None, f"this is wasm32: a pointer has {8 * struct.calcsize('P')} bits")
else:
    say(True, "to raise a SyntaxError ended the guest")
    try:
        compile("good = 1\nbad bad\n", "file", "exec")
    except SyntaxError as exc:
        place = (exc.lineno, exc.offset, exc.end_lineno, exc.end_offset)
        say(place != (2, 1, 2, 8), f"a SyntaxError is at line {place[0]}, column {place[1]}")
