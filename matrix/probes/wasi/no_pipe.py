"""Data that is written to a pipe can be read from it."""

import json
import os

works, fails = [], []


def attempt(name, *arguments):
    try:
        reader, writer = getattr(os, name)(*arguments)
    except (AttributeError, OSError) as exc:
        fails.append(f"{name}: {getattr(exc, 'strerror', None) or exc}")
        return
    try:
        os.write(writer, b"x")
        came = os.read(reader, 1)
        (works if came == b"x" else fails).append(f"{name}: {came!r} came through")
    except OSError as exc:
        fails.append(f"{name}, then write and read: {exc.strerror}")
    finally:
        os.close(reader)
        os.close(writer)


attempt("pipe")
attempt("pipe2", 0)
print(json.dumps({"holds": not works or (bool(fails) and "partly"), "saw": "; ".join(works + fails)}))
