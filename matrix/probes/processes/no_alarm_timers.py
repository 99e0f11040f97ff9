"""alarm() and setitimer() send a signal after some time."""

import json
import signal
import time

works, fails, came = [], [], []
try:
    signal.alarm(10)
    left = signal.alarm(0)
    (works if left == 10 else fails).append(f"alarm(0) says that {left} of 10 s were left")
except (AttributeError, OSError) as exc:
    fails.append(f"alarm: {getattr(exc, 'strerror', None) or exc}")
try:
    before = signal.signal(signal.SIGALRM, lambda number, frame: came.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        end = time.monotonic() + 0.2
        while not came and time.monotonic() < end:
            time.sleep(0.01)
        signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)
    (works if came else fails).append(f"setitimer(): {'the signal came' if came else 'no signal came within 0.2 s'}")
except (AttributeError, OSError) as exc:
    fails.append(f"setitimer: {getattr(exc, 'strerror', None) or exc}")
print(json.dumps({"holds": not works or (bool(fails) and "partly"), "saw": "; ".join(works + fails)}))
