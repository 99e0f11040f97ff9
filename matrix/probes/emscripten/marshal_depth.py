"""marshal takes objects that are nested as deeply as Python/marshal.c says for most platforms: 2,000 levels."""

import json
import marshal

DEEPEST = 2000


def nested(levels):
    value = []
    for _ in range(levels - 1):
        value = [value]
    return value


depth = DEEPEST - 2  # as test_marshal counts: the innermost object and the whole count too
try:
    marshal.loads(marshal.dumps(nested(depth)))
    print(json.dumps({"holds": False, "saw": f"{depth} levels"}))
except ValueError as exc:
    print(json.dumps({"holds": True, "saw": f"{depth} levels: {exc}"}))
