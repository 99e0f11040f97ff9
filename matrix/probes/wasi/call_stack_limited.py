"""The repr of 9000 nested lists works: the call stack is large enough for Python's own limit."""

import json
import sys

DEPTH = 9000


def say(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


before = sys.getrecursionlimit()
if sys.platform == "emscripten":
    say(None, "V8's stack is another limitation's")
else:
    say(True, f"the repr() of a list that is {DEPTH} deep ended the guest, with a recursion limit of {5 * DEPTH}")
    nest = []
    for _ in range(DEPTH):
        nest = [nest]
    try:
        sys.setrecursionlimit(5 * DEPTH)
        shown = len(repr(nest)) == 2 * DEPTH + 2
    except (RecursionError, MemoryError) as exc:
        say(True, f"the repr() of a list that is {DEPTH} deep: {type(exc).__name__}")
    else:
        say(not shown, f"the repr() of a list that is {DEPTH} deep is {'complete' if shown else 'incomplete'}")
    finally:
        sys.setrecursionlimit(before)
    while nest:
        nest = nest[0]
