"""A thread starts, runs and ends, and has its own clock."""

import json
import threading
import time

print(json.dumps({"holds": True, "saw": "starting a thread ended the guest"}))
ran = []
thread = threading.Thread(target=ran.append, args=(1,), daemon=True)
try:
    thread.start()
except RuntimeError as exc:
    print(json.dumps({"holds": True, "saw": f"Thread.start: {exc}"}))
else:
    thread.join(2.0)
    missing = [name for name in ("thread_time", "pthread_getcpuclockid") if not hasattr(time, name)]
    saw = "a thread ran" if ran else "a thread was started, but did not run within 2 s"
    if missing:
        saw += f"; time has no {' and no '.join(missing)}"
    print(json.dumps({"holds": not ran or (bool(missing) and "partly"), "saw": saw}))
