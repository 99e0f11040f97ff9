"""The default recursion limit is at least 1000."""

import json
import sys

limit = sys.getrecursionlimit()
print(json.dumps({"holds": limit < 1000, "saw": f"the recursion limit is {limit}"}))
