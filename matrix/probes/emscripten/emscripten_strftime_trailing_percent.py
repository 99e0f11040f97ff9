"""strftime() of a format that ends in a single % returns no null byte."""

import datetime
import json
import time

works, fails = [], []
for what, function in (
    ("time.strftime", lambda: time.strftime("x%", time.gmtime(0))),
    ("date.strftime", lambda: datetime.date(2000, 1, 1).strftime("x%")),
):
    try:
        text = function()
    except ValueError as exc:
        (fails if "null" in str(exc) else works).append(f"{what}('x%'): ValueError: {exc}")
    else:
        (fails if "\0" in text else works).append(f"{what}('x%') is {text!r}")
print(json.dumps({"holds": "partly" if works and fails else bool(fails), "saw": "; ".join(fails + works)}))
