"""sys.remote_exec() runs a script in this process, and _remote_debugging reads its stack."""

import importlib
import json
import os
import sys


def say(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


def module():
    try:
        debugging = importlib.import_module("_remote_debugging")
    except ImportError as exc:
        return False, str(exc)
    try:
        debugging.RemoteUnwinder(os.getpid()).get_stack_trace()
    except (OSError, RuntimeError, AttributeError) as exc:
        return False, f"_remote_debugging cannot read a stack: {type(exc).__name__}: {exc}"
    return True, "_remote_debugging reads this process's stack"


def execution():
    with open("script.py", "w") as script:
        script.write("import sys\nsys.was_here = True\n")
    try:
        sys.remote_exec(os.getpid(), "script.py")
    except (OSError, RuntimeError, NotImplementedError) as exc:
        return False, f"sys.remote_exec(): {type(exc).__name__}: {exc}"
    for _ in range(100000):
        if getattr(sys, "was_here", False):
            return True, "sys.remote_exec() ran a script"
    return False, "sys.remote_exec() did not run its script"


if not hasattr(sys, "remote_exec"):
    say(None, "sys.remote_exec is new in CPython 3.14")
else:
    say(True, "remote debugging ended the guest")
    enabled = sys.is_remote_debug_enabled()
    works, saws = zip(execution(), module())
    said = "; ".join((f"remote debugging is {'on' if enabled else 'off'}", *saws))
    say("partly" if any(works) and not all(works) else not any(works), said)
