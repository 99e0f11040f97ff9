"""time.process_time() does not advance during a sleep."""

import json
import sys
import time

if sys.platform == "wasi":
    print(json.dumps({"holds": None, "saw": "this is not Emscripten: the clock of WASI is another limitation's"}))
else:
    try:
        begun = time.process_time()
    except RuntimeError as exc:
        print(json.dumps({"holds": None, "saw": f"time.process_time: {exc}"}))
    else:
        time.sleep(0.1)
        counts = time.process_time() - begun > 0.05
        saw = f"a sleep of 0.1 s {'counts' if counts else 'does not count'} as time of the process"
        print(json.dumps({"holds": counts, "saw": saw}))
