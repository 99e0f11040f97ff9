"""Where CPython assumes threads, its own test that starts threads in C and waits for them passes."""

import json
import sys
import threading


def tell(holds, saw):
    print(json.dumps({"holds": holds, "saw": f"sys.thread_info.name is {sys.thread_info.name}; {saw}"}))


tell(True, "starting a thread ended the guest")
thread = threading.Thread(target=int)
try:
    thread.start()
    started = True
except RuntimeError:
    started = False
if started:
    thread.join(2.0)
    tell(False, "a thread can be started")
elif sys.thread_info.name == "pthread-stubs":
    tell(False, "CPython knows that they are stubs")
else:
    try:
        import _testinternalcapi

        wait = _testinternalcapi.test_critical_sections_threads
    except (ImportError, AttributeError) as exc:
        tell(None, f"no thread can be started, and there is no C function that waits for one: {exc}")
    else:
        tell(True, "no thread can be started, and to wait for one in C ended the guest")
        wait()
        tell(False, "no thread can be started, but to wait for one in C came back")
