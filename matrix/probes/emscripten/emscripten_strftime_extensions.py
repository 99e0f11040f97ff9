"""CPython's own check for field widths in strftime() agrees with what strftime() does."""

import json
import time

saw = f"strftime('%4Y') of 1970 is {time.strftime('%4Y', time.gmtime(0))!r}"
try:
    from test.test_support import TestSupport

    TestSupport("test_has_strftime_extensions").debug()
except AssertionError as exc:
    print(json.dumps({"holds": True, "saw": f"{saw}; the test fails: {exc}"}))
except Exception as exc:  # the test suite or this test may be missing
    print(json.dumps({"holds": None, "saw": f"{saw}; the test cannot be run: {type(exc).__name__}"}))
else:
    print(json.dumps({"holds": False, "saw": f"{saw}; the test passes"}))
