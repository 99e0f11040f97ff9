"""os.umask() determines the permissions of new files."""

import json
import os


def new_file(name):
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o666))
    return os.stat(name).st_mode & 0o777


if not hasattr(os, "umask"):
    print(json.dumps({"holds": True, "saw": "there is no os.umask"}))
else:
    before = os.umask(0)
    try:
        open_mode = new_file("open")
        kept = os.umask(0o077) == 0
        closed_mode = new_file("closed")
        kept = kept and os.umask(0) == 0o077
    finally:
        os.umask(before)
    saw = "os.umask() gives back the last value" if kept else "os.umask() does not keep the value"
    if open_mode == closed_mode:
        print(json.dumps({"holds": True, "saw": f"{saw}, and makes no difference to the mode of a new file"}))
    else:
        saw += f", and new files have mode 0o{open_mode:o} with 0, 0o{closed_mode:o} with 0o77"
        works = kept and (open_mode, closed_mode) == (0o666, 0o600)
        print(json.dumps({"holds": False if works else "partly", "saw": saw}))
