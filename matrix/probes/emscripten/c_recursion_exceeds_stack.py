"""Deep recursion in C raises RecursionError: CPython counts its calls in C, in a repr, a str and the compiler."""

import json
import sys


def say(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


def nested():
    found = []
    for _ in range(100_000):
        found = [found]
    return found


def unnest(found):
    while found:  # or the list is freed by as many calls
        found = found.pop()


def a_repr():
    found = nested()
    try:
        repr(found)
    finally:
        unnest(found)


def the_compiler():
    compile("a" + ".b" * 100_000, "deep", "eval")


class Looped:
    pass


def a_str():
    Looped.__repr__ = Looped.__str__
    str(Looped())


if sys.platform == "wasi":
    say(None, "there is no JavaScript: what holds of the call stack of WASI is another limitation's")
elif sys.version_info < (3, 13):
    say(None, "before 3.13, CPython counted its calls in another way: that is v8-stack-limited")
else:
    came = []
    for what, attempt in (("a repr", a_repr), ("the compiler", the_compiler), ("a str", a_str)):
        say(True, f"recursion in {what} ended the guest")
        try:
            attempt()
        except (RecursionError, MemoryError) as exc:
            came.append(f"{what}: {type(exc).__name__}")
        else:
            came.append(f"{what}: no error")
    say(False, "; ".join(came))
