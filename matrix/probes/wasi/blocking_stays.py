"""os.set_blocking() changes whether a descriptor blocks, and os.get_blocking() says so."""

import json
import os

descriptor = os.open("file", os.O_RDWR | os.O_CREAT)
os.set_blocking(descriptor, False)
found = os.get_blocking(descriptor)
print(json.dumps({"holds": found, "saw": f"after os.set_blocking(..., False), os.get_blocking() is {found}"}))
