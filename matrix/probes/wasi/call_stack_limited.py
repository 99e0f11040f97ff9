"""The repr of 9000 nested lists works, and 100000 nested arrays of JSON raise RecursionError."""

import json
import sys

DEPTH = 9000


def say(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


def nested():
    """Whether the repr of nested lists is complete, and what came."""
    say(True, f"the repr() of a list that is {DEPTH} deep ended the guest, with a recursion limit of {5 * DEPTH}")
    nest = []
    for _ in range(DEPTH):
        nest = [nest]
    before = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(5 * DEPTH)
        shown = len(repr(nest)) == 2 * DEPTH + 2
    except (RecursionError, MemoryError) as exc:
        return False, f"the repr() of a list that is {DEPTH} deep: {type(exc).__name__}"
    finally:
        sys.setrecursionlimit(before)
        while nest:
            nest = nest[0]
    return shown, f"the repr() of a list that is {DEPTH} deep is {'complete' if shown else 'incomplete'}"


def arrays():
    """What came of JSON that is nested more deeply than a stack allows."""
    try:
        json.loads("[" * 100000 + "]" * 100000)
    except RecursionError:
        return "100000 nested arrays of JSON: RecursionError"
    return "100000 nested arrays of JSON were read"


if sys.platform == "emscripten":
    say(None, "V8's stack is another limitation's")
else:
    works, saw = nested()
    if not works:
        say(True, saw)
    else:
        say("partly", f"{saw}; 100000 nested arrays of JSON ended the guest")
        say(False, f"{saw}; {arrays()}")
