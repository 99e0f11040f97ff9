"""A symbolic link can have an absolute target, and leads to it."""

import json
import os

with open("file", "wb") as file:
    file.write(b"x")
try:
    os.symlink(os.path.abspath("file"), "link")
except (AttributeError, OSError) as exc:
    why = getattr(exc, "strerror", None) or exc
    print(json.dumps({"holds": True, "saw": f"symlink() of an absolute path: {why}"}))
else:
    try:
        with open("link", "rb") as link:
            right = link.read() == b"x"
    except OSError:
        right = False
    saw = f"a link to an absolute path was made; it leads {'there' if right else 'nowhere'}"
    print(json.dumps({"holds": not right and "partly", "saw": saw}))
