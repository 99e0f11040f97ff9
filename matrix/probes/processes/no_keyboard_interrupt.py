"""The guest raises KeyboardInterrupt when the runtime receives SIGINT, which Ctrl+C on a terminal sends."""

import contextlib
import json
import sys
import time


def say(holds, saw, **request):
    print(json.dumps({"holds": holds, "saw": saw, **request}))


if sys.platform == "emscripten" and not sys._emscripten_info.runtime.startswith("Node"):
    say(None, "a page gets no signals")
else:
    say(True, "SIGINT ended the runtime", send="SIGINT")
    try:
        end = time.monotonic() + 3
        while time.monotonic() < end:
            with contextlib.suppress(OSError):  # wazero cannot sleep
                time.sleep(0.02)
    except KeyboardInterrupt:
        say(False, "KeyboardInterrupt was raised")
    else:
        say(True, "nothing was raised within 3 s, and the guest went on")
