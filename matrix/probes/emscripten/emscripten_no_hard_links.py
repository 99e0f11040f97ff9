"""os.link() gives a file a second name."""

import errno
import json
import os

with open("first", "wb") as file:
    file.write(b"content")
try:
    os.link("first", "second")
    with open("second", "ab") as file:
        file.write(b" and more")
    size = os.stat("first").st_size
except AttributeError:
    print(json.dumps({"holds": True, "saw": "there is no os.link"}))
except OSError as exc:
    print(json.dumps({"holds": True, "saw": f"os.link: {errno.errorcode.get(exc.errno, exc.errno)}"}))
else:
    saw = f"what is written by the second name is {'seen' if size == 16 else 'not seen'} by the first one"
    print(json.dumps({"holds": size != 16, "saw": saw}))
