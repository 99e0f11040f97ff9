"""A second descriptor for an open file writes to the same file."""

import json
import os

works, fails = [], []
with open("file", "w+b", buffering=0) as file, open("other", "wb") as other:
    try:
        second = os.dup(file.fileno())
    except (AttributeError, OSError) as exc:
        fails.append(f"dup: {getattr(exc, 'strerror', None) or exc}")
    else:
        os.write(second, b"x")
        os.close(second)
        file.seek(0)
        (works if file.read() == b"x" else fails).append("dup gave a descriptor")
    try:
        os.dup2(file.fileno(), other.fileno())
    except (AttributeError, OSError) as exc:
        fails.append(f"dup2: {getattr(exc, 'strerror', None) or exc}")
    else:
        works.append("dup2 gave a descriptor")
print(json.dumps({"holds": not works or (bool(fails) and "partly"), "saw": "; ".join(works + fails)}))
