"""chmod() sets permissions, and they are enforced."""

import json
import os


def mode(path):
    return os.stat(path).st_mode & 0o777


def everything_is_allowed():
    """Whether, according to the kernel, root runs this process."""
    try:
        with open("/proc/self/status", encoding="utf-8") as status:
            return any(line.split()[:3:2] == ["Uid:", "0"] for line in status)
    except (OSError, ValueError):
        return False


with open("file", "wb"):
    pass
try:
    os.chmod("file", 0o640)
    one = mode("file")
    os.chmod("file", 0o000)
    set_modes = (one, mode("file")) == (0o640, 0o000)
except (AttributeError, OSError) as exc:
    print(json.dumps({"holds": True, "saw": f"chmod: {getattr(exc, 'strerror', None) or exc}"}))
else:
    try:
        with open("file", "rb"):
            refused = False
    except OSError:
        refused = True
    os.chmod("file", 0o600)
    saw = f"chmod() {'sets' if set_modes else 'does not set'} permissions; "
    saw += f"a file without permissions can{'not' if refused else ''} be opened"
    if not set_modes:
        holds = True
    elif refused:
        holds = False
    else:
        holds = not everything_is_allowed() and "partly"
        saw += "" if holds else ", by root"
    print(json.dumps({"holds": holds, "saw": saw}))
