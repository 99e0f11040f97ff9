"""A second interpreter in the process runs a line of Python."""

import json

print(json.dumps({"holds": True, "saw": "a second interpreter ended the guest"}))
interpreters, missing = None, []
for name in ("_interpreters", "_xxsubinterpreters"):
    try:
        interpreters = interpreters or __import__(name)
    except ImportError as exc:
        missing.append(str(exc))
if interpreters is None:
    print(json.dumps({"holds": True, "saw": "; ".join(missing)}))
else:
    try:
        one = interpreters.create()
        interpreters.run_string(one, "1 + 1")
        interpreters.destroy(one)
    except (RuntimeError, OSError) as exc:
        print(json.dumps({"holds": True, "saw": f"{interpreters.__name__}: {exc}"}))
    else:
        print(json.dumps({"holds": False, "saw": f"an interpreter of {interpreters.__name__} ran a line"}))
