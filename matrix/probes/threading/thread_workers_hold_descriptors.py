"""A thread uses no file descriptors of the process, neither while it runs nor after it has ended."""

import json
import os
import threading


def tell(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


def count():
    return len(os.listdir("/proc/self/fd"))


running, over = threading.Event(), threading.Event()


def work():
    running.set()
    over.wait(5.0)


thread = threading.Thread(target=work, daemon=True)
try:
    before = count()
    thread.start()
    running.wait(2.0)
    during = count()
    over.set()
    thread.join(2.0)
    after = count()
except OSError as exc:
    tell(None, f"the descriptors cannot be counted: {exc.strerror}")
except RuntimeError as exc:
    tell(None, f"Thread.start: {exc}")
else:
    more, kept = during > before, after > before
    saw = f"{'more' if more else 'no more'} descriptors while a thread runs, "
    saw += f"{'more' if kept else 'no more'} once it ended"
    tell(more or kept, saw)
