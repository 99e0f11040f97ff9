"""The repr of a list that is nested 100,000 times raises RecursionError: CPython counts its calls in C."""

import json
import sys


def say(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


if sys.platform == "wasi":
    say(None, "there is no JavaScript: what holds of the call stack of WASI is another limitation's")
else:
    nested = []
    for _ in range(100_000):
        nested = [nested]
    say(True, "the repr of a nested list ended the guest")
    try:
        repr(nested)
    except RecursionError as exc:
        say(False, f"the repr of a nested list: {type(exc).__name__}")
    while nested:  # or the list is freed by as many calls
        nested = nested.pop()
