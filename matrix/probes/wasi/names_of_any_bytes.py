"""A file name that is not valid UTF-8 is refused, not just not found."""

import errno
import json
import os
import sys


def say(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


if sys.platform != "wasi":
    say(None, "there is no runtime of WASI")
else:
    say(False, "os.stat(b'\\xff') ended the guest")
    try:
        os.stat(b"\xff")
    except OSError as exc:
        say(exc.errno == errno.ENOENT, f"os.stat(b'\\xff') fails with {errno.errorcode[exc.errno]}")
    else:
        say(None, "there is a file of that name")
