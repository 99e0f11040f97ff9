"""The guest's signal handler is called when the runtime receives SIGTERM."""

import contextlib
import json
import signal
import sys
import time


def say(holds, saw, **request):
    print(json.dumps({"holds": holds, "saw": saw, **request}))


if sys.platform == "emscripten" and not sys._emscripten_info.runtime.startswith("Node"):
    say(None, "a page gets no signals")
else:
    came = []
    signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    say(True, "SIGTERM ended the runtime, and no handler was asked", send="SIGTERM")
    end = time.monotonic() + 3
    while not came and time.monotonic() < end:
        with contextlib.suppress(OSError):  # wazero cannot sleep
            time.sleep(0.02)
    if came:
        say(False, "the handler was asked")
    else:
        say("partly", "no handler was asked within 3 s, and the guest went on")
