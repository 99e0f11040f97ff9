"""Endless recursion raises RecursionError, and source that is nested too deeply raises the parser's MemoryError."""

import json
import sys


def say(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


class Looped:
    def __init__(self):
        self.name = self

    def __repr__(self):
        return "<{!r}>".format(self.name)

    def __eq__(self, other):
        return self.name == other.name

    def __getattr__(self, name):
        return getattr(self.name, name)


def through_eval():
    return eval("through_eval()", {"through_eval": through_eval})


ATTEMPTS = {
    "==": lambda: Looped() == Looped(),
    "an attribute": lambda: Looped().other,
    "a repr": lambda: repr(Looped()),
    "eval": through_eval,
    "the parser": lambda: compile("-" * 100000 + "4", "nest", "eval"),
}
if sys.platform == "wasi":
    say(None, "there is no V8: what holds of the call stack of WASI is another limitation's")
else:
    came = []
    for what, attempt in ATTEMPTS.items():
        say(True, f"recursion without an end in {what} ended the guest")
        try:
            attempt()
        except (RecursionError, MemoryError, SyntaxError) as exc:
            came.append(f"{what}: {type(exc).__name__}")
        else:
            came.append(f"{what}: no error")
    say(False, "; ".join(came))
