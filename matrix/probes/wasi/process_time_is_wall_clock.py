"""process_time() does not advance while the process sleeps."""

import json
import time

try:
    begun = time.process_time()
    time.sleep(0.1)
    went = time.process_time() - begun
except (AttributeError, OSError, RuntimeError) as exc:
    print(json.dumps({"holds": True, "saw": f"process_time: {getattr(exc, 'strerror', None) or exc}"}))
else:
    holds = went > 0.09
    saw = f"process_time() {'goes on' if holds else 'stands still'} during a sleep"
    print(json.dumps({"holds": holds, "saw": saw}))
