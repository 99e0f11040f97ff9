"""strftime() supports glibc's extensions to POSIX: directives, flags and widths."""

import json
import time

WHEN = (2009, 2, 3, 4, 5, 6, 1, 34, 0)
KNOWN = {
    "%P": "am",
    "%k": " 4",
    "%l": " 4",
    "%^a": "TUE",
    "%-d": "3",
    "%_d": " 3",
    "%5d": "00003",
    "%6Y": "002009",
}
works, fails = [], []
for form, right in KNOWN.items():
    try:
        gave = time.strftime(form, WHEN)
    except ValueError as exc:
        gave = exc
    (works if gave == right else fails).append(form)
saw = f"as glibc does: {' '.join(works) or 'none'}; otherwise: {' '.join(fails) or 'none'}"
print(json.dumps({"holds": not works or (bool(fails) and "partly"), "saw": saw}))
